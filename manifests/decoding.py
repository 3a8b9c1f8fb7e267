"""Safe decoding: what a picture is by its own bytes, its limits checked before a pixel is decoded.

Formats are told by magic bytes, never by a name or a header. JPEG, PNG, WebP, GIF, AVIF, BMP and TIFF are decoded by
Pillow; everything else is no picture to us. `probe` looks at the header, `decode` gives all pixels, `decode_reduced` a
small picture for what looks at pictures as wholes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from manifests.image_structure import excess
from manifests.reasons import FetchReason, ImageReason

MAX_PIXELS = 24_000_000
"""Limit of width x height, from crawl to loader: 6,000 x 4,000, twice what shops publish. Even a WebP of that size
decodes within 500 MB."""

MAX_BYTES = 200_000_000
"""Larger files are not read."""

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
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By EXIF orientation, what sets the stored picture upright."""
_SWAPPED = frozenset({5, 6, 7, 8})  # EXIF orientations that exchange width and height
_STRIP_PIXELS = 1_000_000  # converted at a time, so that a large picture is held once and not three times


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
        frames: 1 for a still picture. GIF and TIFF do not say how many they have; there, 2 stands for more than one.
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
        ImageError: `not_image` (HTML, JSON, SVG, empty, unknown bytes), `undecodable` (a header that breaks off), or
            `too_large` (bytes, or parts that keep a reader busy: `manifests.image_structure`).
        OSError: the file cannot be read.
    """
    with _opened(source) as (header, _, _):
        return header


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
        ImageError: `not_image`, `too_large` (pixels, bytes or parts), or `undecodable` (truncated or corrupt).
        OSError: the file cannot be read.
    """
    with _opened(source, max_pixels) as (header, image, orientation):
        image.load()
        if orientation in _UPRIGHT:
            upright = image.transpose(_UPRIGHT[orientation])
            image.close()  # gives the stored pixels back
            image = upright
        rgb = np.empty((header.height, header.width, 3), np.uint8)
        for top, strip in _strips(image, 1):
            rgb[top : top + strip.height] = np.asarray(strip)
        return rgb


def decode_reduced(source: bytes | Path, least_side: int, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode to a small picture of the same content, at a fraction of the time where the format allows.

    Both sides are divided by the largest power of two that leaves the longer one at least `least_side` pixels. JPEG is
    decoded at its smaller size (half, quarter, eighth), which still reads all of its data; of other formats the
    pixels are averaged. Either way the bytes are those that `decode` would accept.

    Returns:
        mode RGB, upright, its longer side below 2 x `least_side` pixels; the picture itself if it is as small.

    Raises:
        As `decode`.
    """
    with _opened(source, max_pixels) as (header, image, orientation):
        longer, step = max(header.width, header.height), 1
        while longer // (2 * step) >= least_side:
            step *= 2
        stored = max(image.size)
        if header.format == "jpeg":
            image.draft(None, (max(1, image.width // step), max(1, image.height // step)))
            step //= round(stored / max(image.size))
        image.load()
        if step == 1 and image.mode == "RGB" and "transparency" not in image.info:
            small = image  # its pixels outlive its file
            small.info.clear()  # profile and comment would go into what is saved of it
        else:
            small = Image.new("RGB", (-(-image.width // step), -(-image.height // step)))
            for top, strip in _strips(image, step):
                small.paste(strip.reduce(step), (0, top // step))
        return small.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else small


@contextmanager
def _opened(source: bytes | Path, max_pixels: int | None = None) -> Iterator[tuple[ImageHeader, Image.Image, int]]:
    """The header, the picture with no pixel decoded, and its EXIF orientation."""
    data = source if isinstance(source, bytes) else _read(Path(source))
    name = sniff(data[:16])
    if name is None:
        what = "empty" if not data else f"starts with {data[:12]!r}"
        raise ImageError(FetchReason.NOT_IMAGE, f"no picture by its first bytes ({what})")
    if too_much := excess(data, name):
        raise ImageError(ImageReason.TOO_LARGE, f"{name} with {too_much}")
    with _broken_is_undecodable(name), Image.open(io.BytesIO(data), formats=[name.upper()]) as image:
        width, height = image.size
        orientation = _orientation(image)
        if orientation in _SWAPPED:
            width, height = height, width
        if max_pixels is not None and width * height > max_pixels:
            raise ImageError(ImageReason.TOO_LARGE, f"{width}x{height} is more than {max_pixels:,} pixels")
        yield ImageHeader(name, width, height, _frames(image, name), image.mode, SUFFIXES[name]), image, orientation


def _read(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ImageError(ImageReason.TOO_LARGE, f"{size:,} bytes are more than {MAX_BYTES:,}")
    return path.read_bytes()


@contextmanager
def _broken_is_undecodable(name: str) -> Iterator[None]:
    try:
        yield
    except ImageError:
        raise
    except Image.DecompressionBombError as error:  # Pillow's own limit, far above ours
        raise ImageError(ImageReason.TOO_LARGE, str(error)) from error
    except UnidentifiedImageError as error:  # its text names an address in memory
        raise ImageError(ImageReason.UNDECODABLE, f"{name} data is truncated or corrupt: no usable header") from error
    except Exception as error:  # on corrupt data Pillow's plugins raise anything from SyntaxError to ZeroDivisionError
        raise ImageError(ImageReason.UNDECODABLE, f"{name} data is truncated or corrupt: {error}") from error


def _orientation(image: Image.Image) -> int:
    exif = image.getexif() if image.format != "PNG" else Image.Exif()
    if image.format == "PNG" and "exif" in image.info:  # PngImageFile.getexif would decode the pixels
        exif.load(image.info["exif"])
    value = exif.get(_ORIENTATION)
    return value if isinstance(value, int) else 1


def _frames(image: Image.Image, name: str) -> int:
    if name == "jpeg":
        return 1  # further pictures in the file are previews, depths or brightness for other screens
    if name not in ("gif", "tiff"):
        return int(getattr(image, "n_frames", 1))
    try:  # counting them would read the whole file
        image.seek(1)
    except Exception:  # no other page, or none that can be read
        return 1
    finally:
        image.seek(0)
    return 2


def _strips(image: Image.Image, step: int) -> Iterator[tuple[int, Image.Image]]:
    """The picture as RGB from top to bottom: first row, and so many rows, a multiple of `step` but for the last."""
    rows = step * max(1, _STRIP_PIXELS // (image.width * step))
    parts = [(top, (0, top, image.width, min(top + rows, image.height))) for top in range(0, image.height, rows)]
    scale = 1.0
    if image.mode.startswith("I"):  # 16 bits, and 32: by the type's range, not by the content
        scale = 257.0 if any(np.asarray(image.crop(box)).max() > 255 for _, box in parts) else 1.0
    for top, box in parts:
        yield top, _to_rgb(image.crop(box), scale)


def _to_rgb(image: Image.Image, scale: float) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        samples = np.nan_to_num(np.asarray(image, dtype=np.float64) / scale)
        return Image.fromarray(np.clip(samples, 0, 255).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, rgba)
    return image.convert("RGB")
