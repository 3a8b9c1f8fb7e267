"""Small pictures that stand in the page itself."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

from manifests.decoding import ImageError, decode_reduced

SIDE = 240
"""Pixels of the longer side: sharp at 160 on a display of one and a half times the density."""

_QUALITY = 78


class Thumbnails:
    """Thumbnails of a dataset's pictures as data URIs, each made once.

    Args:
        dataset: the dataset directory.
        budget: bytes of all of them; what comes after it is shown without a picture.
    """

    def __init__(self, dataset: Path, budget: int) -> None:
        self._dataset = dataset
        self._left = budget
        self._made: dict[str, str | None] = {}
        self.omitted = 0

    def of(self, path: str) -> str | None:
        """The thumbnail of the picture at `path` (relative to the dataset), None if it cannot be shown."""
        if path not in self._made:
            self._made[path] = self._make(self._dataset / path)
        return self._made[path]

    def _make(self, path: Path) -> str | None:
        try:
            image = decode_reduced(path, SIDE)
        except (ImageError, OSError):
            return None  # the page says why in words
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=_QUALITY)
        text = base64.b64encode(buffer.getvalue()).decode()
        if len(text) > self._left:
            self.omitted += 1
            return None
        self._left -= len(text)
        return f"data:image/jpeg;base64,{text}"
