"""How long work is followed from outside: a library does not print."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the name of the stage, how much is done, and how much there is (0 while that is not known)."""


def silent(stage: str, done: int, total: int) -> None:
    """The progress of someone who does not look."""
