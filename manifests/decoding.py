"""Safe decoding: what a picture is by its own bytes, its limits checked before a pixel is decoded.

Formats are told by magic bytes, never by a name or a header. JPEG, PNG, WebP, GIF, AVIF, BMP and TIFF are decoded by
Pillow; everything else is no picture to us.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from manifests.reasons import FetchReason, ImageReason

MAX_PIXELS = 100_000_000
"""Default limit of width x height: 100 megapixels, beyond any shop's master picture."""

SUFFIXES = {
    "jpeg": ".jpg",
    "png": ".png",
    "webp": ".webp",
    "gif": ".gif",
    "avif": ".avif",
    "bmp": ".bmp",
    "tiff": ".tif",
}

_ORIENTATION = 0x0112
_SWAPPED = frozenset({5, 6, 7, 8})  # EXIF orientations that exchange width and height


class ImageError(ValueError):
    """A picture that cannot be used.

    Attributes:
        reason: a value of `FetchReason` (not a picture at all) or `ImageReason` (a picture we cannot decode).
    """

    def __init__(self, reason: FetchReason | ImageReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What the header says.

    Attributes:
        format: a key of `SUFFIXES`.
        width, height: in pixels, after the EXIF orientation is applied.
        frames: 1 for a still picture.
        mode: Pillow's mode of the stored pixels, such as "RGB" or "CMYK".
        suffix: the file ending for this format.
    """

    format: str
    width: int
    height: int
    frames: int
    mode: str
    suffix: str


def sniff(start: bytes) -> str | None:
    """The format by its first 16 bytes (a key of `SUFFIXES`), or None."""
    if start.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "webp"
    if start[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if start[4:8] == b"ftyp" and start[8:12] in (b"avif", b"avis"):
        return "avif"
    if start[:2] == b"BM":
        return "bmp"
    if start[:4] in (b"II*\x00", b"MM\x00*"):
        return "tiff"
    return None


def probe(source: bytes | Path) -> ImageHeader:
    """Read the header alone; no pixel is decoded, so this is safe for a decompression bomb.

    Raises:
        ImageError: `not_image` (HTML, JSON, SVG, empty, unknown bytes) or `undecodable` (a header that breaks off).
    """
    with _opened(source) as file:
        start = file.read(16)
        name = sniff(start)
        if name is None:
            what = "empty" if not start else f"starts with {start[:12]!r}"
            raise ImageError(FetchReason.NOT_IMAGE, f"no picture by its first bytes ({what})")
        file.seek(0)
        with _broken_is_undecodable(name), Image.open(file, formats=[name.upper()]) as image:
            width, height = image.size
            if _orientation(image) in _SWAPPED:
                width, height = height, width
            frames = int(getattr(image, "n_frames", 1))
            return ImageHeader(name, width, height, frames, image.mode, SUFFIXES[name])


def decode(source: bytes | Path, max_pixels: int = MAX_PIXELS) -> npt.NDArray[np.uint8]:
    """Decode a picture to what a person would see.

    The EXIF orientation is applied, CMYK and palettes are converted, 16-bit samples are scaled to 8, transparency is
    laid on white, and of an animation the first frame is taken.

    Args:
        source: the bytes, or a file.
        max_pixels: refuse a header that declares more than this many pixels.

    Returns:
        uint8 [H, W, 3], RGB, contiguous.

    Raises:
        ImageError: `not_image`, `too_large` (pixels), or `undecodable` (truncated or corrupt).
        OSError: the file cannot be read.
    """
    header = probe(source)
    if header.width * header.height > max_pixels:
        raise ImageError(
            ImageReason.TOO_LARGE,
            f"{header.width}x{header.height} is more than {max_pixels:,} pixels; raise the limit if you trust it",
        )
    with (
        _opened(source) as file,
        _broken_is_undecodable(header.format),
        Image.open(file, formats=[header.format.upper()]) as image,
    ):
        return np.ascontiguousarray(_to_rgb(ImageOps.exif_transpose(image)))


def _opened(source: bytes | Path) -> IO[bytes]:
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")


@contextmanager
def _broken_is_undecodable(name: str) -> Iterator[None]:
    try:
        yield
    except Image.DecompressionBombError as error:  # Pillow's own limit, far above ours
        raise ImageError(ImageReason.TOO_LARGE, str(error)) from error
    except Exception as error:  # on corrupt data Pillow's plugins raise anything from SyntaxError to ZeroDivisionError
        raise ImageError(ImageReason.UNDECODABLE, f"{name} data is truncated or corrupt: {error}") from error


def _orientation(image: Image.Image) -> int | None:
    exif = image.getexif() if image.format != "PNG" else Image.Exif()
    if image.format == "PNG" and "exif" in image.info:  # PngImageFile.getexif would decode the pixels
        exif.load(image.info["exif"])
    return exif.get(_ORIENTATION)


def _to_rgb(image: Image.Image) -> npt.NDArray[np.uint8]:
    if image.mode.startswith(("I", "F")):  # 16- and 32-bit grey: scale by the type's range, not by the content
        samples = np.asarray(image, dtype=np.float64)
        scale = 257.0 if image.mode.startswith("I") and samples.max(initial=0) > 255 else 1.0
        grey = np.clip(samples / scale, 0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, rgba)
    return np.asarray(image.convert("RGB"))
