"""Valid pictures that are as costly to decode as a limit of pixels allows; the same bytes on every call."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.image_bytes import adam7_size, bmp_run_length, encoded, png, zeros


def heavy_images(pixels: int) -> Iterator[tuple[str, bytes]]:
    """Valid pictures of at most `pixels`, and nearly so many, that inflate from little; made one at a time."""
    side = int(pixels**0.5)
    for mode, colour_type, channels, depth in (("grey", 0, 1, 8), ("RGB", 2, 3, 8), ("RGBA", 6, 4, 8),
                                               ("deep grey", 0, 1, 16), ("deep RGBA", 6, 4, 16),
                                               ("bits", 0, 1, 1)):  # fmt: skip
        row = 1 + (side * channels * depth + 7) // 8
        yield f"heavy PNG {mode}", png(side, side, depth, colour_type, zeros(row * side))
    yield "heavy PNG interlaced", png(side, side, 8, 6, zeros(adam7_size(side, 4)), interlace=1)
    yield "heavy PNG noise rows", png(side, side, 8, 2, _noise_rows(side))
    for mode in ("L", "RGB", "CMYK"):
        flat = Image.new(mode, (side, side), 90 if mode == "L" else "teal")
        yield f"heavy JPEG {mode}", encoded(flat, "JPEG", quality=95, subsampling=0)
        yield f"heavy JPEG progressive {mode}", encoded(flat, "JPEG", quality=95, subsampling=0, progressive=True)
    yield "heavy GIF", encoded(Image.new("P", (side, side)), "GIF")
    yield "heavy TIFF deflate", encoded(Image.new("RGBA", (side, side)), "TIFF", compression="tiff_adobe_deflate")
    yield "heavy TIFF one bit", encoded(Image.new("1", (side, side)), "TIFF", compression="group4")
    yield "heavy BMP run-length", bmp_run_length(side, side)
    tall = min(side, 16_383)
    yield "heavy WebP", encoded(Image.new("RGB", (tall, tall), "teal"), "WEBP", quality=50, method=0)
    yield "heavy WebP lossless", encoded(Image.new("RGBA", (tall, tall)), "WEBP", lossless=True, method=0)
    yield "heavy AVIF", encoded(Image.new("RGB", (side, side), "teal"), "AVIF", quality=50, speed=10)


def _noise_rows(side: int) -> bytes:
    """Rows of one noise, each by the Paeth filter: the costliest to undo."""
    row = b"\4" + np.random.default_rng(0).integers(0, 256, 3 * side, dtype=np.uint8).tobytes()
    packer = zlib.compressobj(1)
    return b"".join([packer.compress(row) for _ in range(side)]) + packer.flush()
