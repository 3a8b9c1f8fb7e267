"""A limit on the bytes that all requests together hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from densepose_labeler.service.problems import Problem, Reason


class Memory:
    """Counts bytes held; used by one thread alone, that of the event loop."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """What one request holds; given back when the block ends."""
        share = Share(self)
        try:
            yield share
        finally:
            self.held -= share.held


class Share:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.held = 0

    def add(self, number: int) -> None:
        """Hold `number` bytes more.

        Raises:
            Problem: 503, all requests together hold as much as they may.
        """
        if self._memory.held + number > self._memory.limit:
            raise Problem(503, Reason.BUSY, "too many uploads at one time; try again", retry_after=2)
        self._memory.held += number
        self.held += number
