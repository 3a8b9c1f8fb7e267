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
_SOS, _PROGRESSIVE, _RESTARTS_AND_EDGES = 0xDA, {0xC2, 0xC6, 0xCA, 0xCE}, range(0xD0, 0xDA)


def excess(data: bytes, image_format: str) -> str | None:
    """What the file has too much of, in words; None for a picture that a decoder may be given.

    Args:
        image_format: a key of `manifests.decoding.SUFFIXES`.
    """
    most = _PARTS + int(len(data) * _PARTS_PER_BYTE)
    if image_format == "jpeg":
        markers = _markers(data, most)
        if len(markers) == most:
            return f"more than {most:,} segments before its data"
        # In entropy-coded data, 0xFF is followed by 0 or a restart. Only progressive scans can be nearly empty.
        if _PROGRESSIVE & set(markers) and data.count(bytes([0xFF, _SOS])) > _SCANS:
            return f"more than {_SCANS} scans"
    if image_format == "png" and _has_more_chunks(data, most):
        return f"more than {most:,} chunks"
    if image_format == "bmp" and data[30:34] in (b"\1\0\0\0", b"\2\0\0\0"):
        return "run-length encoding, which no photograph uses"
    return None


def _markers(data: bytes, most: int) -> list[int]:
    """The markers before the first scan, at most `most`. Fill bytes are among them: readers take them one by one."""
    place, found = 2, list[int]()
    while len(found) < most and place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == _SOS:
            break
        found.append(marker)
        if marker == 0xFF:
            place += 1
        elif marker in _RESTARTS_AND_EDGES or marker == 0x01:
            place += 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return found


def _has_more_chunks(data: bytes, most: int) -> bool:
    place = 8
    for _ in range(most):
        if place + 8 > len(data):
            return False
        length: int = struct.unpack_from(">I", data, place)[0]
        place += 12 + length
    return True
