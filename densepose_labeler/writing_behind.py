"""Encode and write results in threads behind whoever makes them, a bounded number at a time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self


class WritingBehind:
    """A context manager that runs writes in `workers` threads.

    `submit` returns at once unless `pending` writes are already under way; then it waits for the oldest. A write that
    fails raises in the next `submit` or at the end of the block. Writes that were submitted are finished even when the
    block ends by an exception: what was computed is not thrown away.

    Attributes:
        seconds: time the threads took for finished writes.
    """

    def __init__(self, workers: int = 2, pending: int = 4) -> None:
        self.seconds = 0.0
        self._pending = pending
        self._futures: deque[Future[float]] = deque()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="write")

    def submit(self, write: Callable[[], None]) -> None:
        """Queue a write. It must be safe to run beside the others."""
        while len(self._futures) >= self._pending:
            self._take()
        self._futures.append(self._pool.submit(_timed, write))

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
        self.seconds += self._futures.popleft().result()


def _timed(write: Callable[[], None]) -> float:
    start = time.perf_counter()
    write()
    return time.perf_counter() - start
