"""Pictures, part maps and arrays as the bytes of files, and files that are complete or absent."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def jpeg(pixels: NDArray[np.uint8], quality: int) -> bytes:
    """pixels: uint8 [H, W, 3] RGB."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()


def indexed(part: NDArray[np.uint8], palette: bytes) -> bytes:
    """Part numbers 0-24, uint8 [H, W], as an indexed PNG in the colours of `palette` (RGB, 25 of them)."""
    image = Image.fromarray(part, "P")
    image.putpalette(palette)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def npz(arrays: Mapping[str, NDArray[Any]], level: int) -> bytes:
    """An npz of `arrays` in their order, deflated at `level` (1-9); the same arrays give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), buffer.getvalue(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def write(path: Path, data: bytes) -> None:
    """Write beside, then rename."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
