"""How a picture's bytes are put together, looked at before a decoder is: some files keep a decoder busy by their parts.

A PNG of a million empty chunks, a JPEG of a million fill bytes or of thousands of passes over the same blocks is small,
declares a harmless size, and costs its reader seconds to minutes.
"""

from __future__ import annotations

import struct

_PARTS = 1_000
_PARTS_PER_BYTE = 1 / 1_000  # beyond the first thousand, parts of a sound file hold a thousand bytes and more
_SCANS = 100
"""A progressive JPEG has about ten; each thumbnail in its metadata adds one."""
_SOS, _RESTARTS_AND_EDGES = 0xDA, range(0xD0, 0xDA)


def excess(data: bytes, image_format: str) -> str | None:
    """What the file has too much of, in words; None for a picture that a decoder may be given.

    Args:
        image_format: a key of `manifests.decoding.SUFFIXES`.
    """
    most = _PARTS + int(len(data) * _PARTS_PER_BYTE)
    if image_format == "jpeg":
        if data.count(bytes([0xFF, _SOS])) > _SCANS:  # in entropy-coded data, 0xFF is followed by 0 or a restart
            return f"more than {_SCANS} scans"
        if _has_more_segments(data, most):
            return f"more than {most:,} segments before its data"
    if image_format == "png" and _has_more_chunks(data, most):
        return f"more than {most:,} chunks"
    if image_format == "bmp" and data[30:34] in (b"\1\0\0\0", b"\2\0\0\0"):
        return "run-length encoding, which no photograph uses"
    return None


def _has_more_segments(data: bytes, most: int) -> bool:
    """A fill byte counts as a segment: readers take them one by one."""
    place = 2
    for _ in range(most):
        if place + 4 > len(data) or data[place] != 0xFF:
            return False  # cut off or broken: the decoder says so
        marker = data[place + 1]
        if marker == _SOS:
            return False
        if marker == 0xFF:
            place += 1
        elif marker in _RESTARTS_AND_EDGES or marker == 0x01:
            place += 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return True


def _has_more_chunks(data: bytes, most: int) -> bool:
    place = 8
    for _ in range(most):
        if place + 8 > len(data):
            return False
        length: int = struct.unpack_from(">I", data, place)[0]
        place += 12 + length
    return True
