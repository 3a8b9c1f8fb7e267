"""Pictures and their files' parts, written byte by byte where no encoder would write them."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

MAGIC = {
    "jpeg": b"\xff\xd8\xff\xe0",
    "png": b"\x89PNG\r\n\x1a\n",
    "gif": b"GIF89a",
    "webp": b"RIFF\xff\xff\x00\x00WEBPVP8 ",
    "avif": b"\x00\x00\x00\x20ftypavif",
    "bmp": b"BM",
    "tiff": b"II*\x00",
    "ico": b"\x00\x00\x01\x00",
    "jpeg2000": b"\x00\x00\x00\x0cjP  \r\n\x87\n",
    "psd": b"8BPS",
    "heic": b"\x00\x00\x00\x18ftypheic",
}
"""How files of these kinds begin."""


def photograph(size: tuple[int, int] = (96, 128), seed: int = 0) -> Image.Image:
    """A small RGB picture with broad shapes and grain."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(20, 236, (5, 4, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    grain = rng.integers(-6, 7, (size[1], size[0], 3))
    return Image.fromarray(np.clip(np.asarray(coarse).astype(int) + grain, 0, 255).astype(np.uint8))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    """A marker segment of a JPEG."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour_type: int, packed: bytes, *, interlace: int = 0,
         before: bytes = b"") -> bytes:  # fmt: skip
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlace)
    return MAGIC["png"] + chunk(b"IHDR", header) + before + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def zeros(count: int) -> bytes:
    """So many zeros, deflated."""
    packer, block = zlib.compressobj(1), bytes(1 << 20)
    parts = [packer.compress(block[: min(len(block), count - start)]) for start in range(0, count, len(block))]
    return b"".join(parts) + packer.flush()


def adam7_size(side: int, channels: int) -> int:
    """Bytes of the interlaced rows of a square picture of 8 bits a channel."""
    total = 0
    for x, y, right, down in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
                              (0, 1, 1, 2)):  # fmt: skip
        total += -(-(side - y) // down) * (1 + channels * -(-(side - x) // right))
    return total


def bmp_run_length(width: int, height: int) -> bytes:
    """A BMP of one colour, run-length encoded."""
    palette = bytes(8)
    line = b"\xff\x01" * (width // 255) + bytes([width % 255, 1]) * bool(width % 255) + b"\0\0"
    pixels = line * height + b"\0\1"
    start = 14 + 40 + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(pixels), 0, 0, 2, 0)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + header + palette + pixels


def scan_bomb(width: int, height: int, scans: int) -> bytes:
    """A progressive JPEG of `scans` empty passes over all blocks: a few bytes each, and the decoder's time each."""
    blocks = -(-width // 8) * -(-height // 8)
    runs = -(-blocks // 32_767)
    bits = "0" + "1" * 14  # the only code, "end of block for 2**14 + 16,383 blocks"
    refinement = _entropy_coded(bits * runs)
    first = _entropy_coded("0" * blocks)  # every DC difference is 0
    tables = segment(0xDB, b"\0" + b"\1" * 64)
    frame = segment(0xC2, struct.pack(">BHHB", 8, height, width, 1) + bytes([1, 0x11, 0]))
    codes = segment(0xC4, b"\x00" + b"\1" + bytes(15) + b"\x00") + segment(0xC4, b"\x10" + b"\1" + bytes(15) + b"\xe0")
    start = segment(0xDA, bytes([1, 1, 0x00, 0, 0, 0])) + first
    again = segment(0xDA, bytes([1, 1, 0x00, 1, 63, 0])) + refinement
    return b"\xff\xd8" + tables + frame + codes + start + again * scans + b"\xff\xd9"


def _entropy_coded(bits: str) -> bytes:
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
