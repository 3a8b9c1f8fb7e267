"""Encode and write results in threads behind whoever makes them, within a memory limit."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self


class WritingBehind:
    """A context manager that runs writes in `workers` threads.

    `submit` returns at once unless the writes under way would come to hold more than `memory` bytes together; then it
    waits for the oldest, down to none. A write that fails raises in the next `submit` or at the end of the block.
    Writes that were submitted are finished even when the block ends by an exception: what was computed is not thrown
    away.

    Attributes:
        seconds: time the threads took for finished writes.
    """

    def __init__(self, workers: int = 2, memory: int = 256 * 2**20) -> None:
        self.seconds = 0.0
        self._memory = memory
        self._held = 0
        self._futures: deque[tuple[Future[float], int]] = deque()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="write")

    def submit(self, write: Callable[[], None], size: int = 0) -> None:
        """Queue a write that holds `size` bytes until it is done. It must be safe to run beside the others."""
        while self._futures and (self._held + size > self._memory or self._futures[0][0].done()):
            self._take()
        self._futures.append((self._pool.submit(_timed, write), size))
        self._held += size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True)
        try:
            while self._futures:
                self._take()
        except Exception as failed:
            if error is None:
                raise
            error.add_note(f"besides, a write failed: {failed}")

    def _take(self) -> None:
        future, size = self._futures.popleft()
        self._held -= size
        self.seconds += future.result()


def _timed(write: Callable[[], None]) -> float:
    start = time.perf_counter()
    write()
    return time.perf_counter() - start
