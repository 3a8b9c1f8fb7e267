"""Numbers and hexadecimal names drawn from a text: the same text gives the same name in every process."""

from __future__ import annotations

import hashlib


def hexadecimal(text: str, length: int) -> str:
    """`length` (at most 64) lower-case hexadecimal digits that belong to `text`."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def number(text: str, low: int, high: int) -> int:
    """A whole number in `low` (included) to `high` (left out) that belongs to `text`."""
    return low + int(hashlib.sha256(text.encode()).hexdigest()[:16], 16) % (high - low)


def choice(text: str, options: str) -> str:
    """One character of `options` that belongs to `text`."""
    return options[number(text, 0, len(options))]
