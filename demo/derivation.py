"""The bytes an image host answers with: a picture as it is, or one of the planted troubles made from it.

Everything is made from the committed JPEG files with Pillow at the moment it is asked for; the same picture, treatment
and Pillow give the same bytes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Literal

from PIL import Image

FULL_WIDTH = 762
"""A request for at least this many pixels of width gets the file itself, as the shops' largest sizes do."""

HTML_INSTEAD = (
    b"<!DOCTYPE html>\n<html><head><title>Image service</title>"
    b'<meta name="vestiary-demo" content="synthetic page"></head>'
    b"<body><h1>This picture is being prepared</h1><p>Please come back later.</p></body></html>\n"
)


@dataclass(frozen=True)
class Treatment:
    """What happens to a picture before it is served.

    `reencoded` writes it again as JPEG of `quality`; `resized` does so at `scale` times its size; `truncated` keeps the
    first `share` of its bytes; `html` answers with a page that says it is a JPEG; `opted_out` adds the header that
    reserves it from machine learning; `gone` answers 404.
    """

    name: Literal["original", "reencoded", "resized", "truncated", "html", "opted_out", "gone"] = "original"
    quality: int = 0
    scale: float = 1.0
    share: float = 1.0


ORIGINAL = Treatment()


def derive(data: bytes, treatment: Treatment) -> bytes:
    """The body for one picture: `data` is its JPEG file. `gone` has an empty body."""
    match treatment.name:
        case "original" | "opted_out":
            return data
        case "reencoded":
            return _encode(_open(data), treatment.quality)
        case "resized":
            image = _open(data)
            size = (round(image.width * treatment.scale), round(image.height * treatment.scale))
            return _encode(image.resize(size, Image.Resampling.LANCZOS), treatment.quality)
        case "truncated":
            return data[: int(len(data) * treatment.share)]
        case "html":
            return HTML_INSTEAD
        case "gone":
            return b""


def at_width(data: bytes, width: int | None) -> bytes:
    """`data` itself where `width` is None, at least `FULL_WIDTH` or no less than the picture's; else a smaller copy."""
    if width is None or width >= FULL_WIDTH:
        return data
    image = Image.open(io.BytesIO(data))
    if width >= image.width:
        return data
    size = (width, round(image.height * width / image.width))
    image.draft("RGB", size)  # decodes no more pixels than the copy needs
    return _encode(image.convert("RGB").resize(size, Image.Resampling.LANCZOS), 85)


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def _encode(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling=2, optimize=False)
    return out.getvalue()
