"""The IUV picture: part index, U and V of one person as a lossless RGB PNG that any viewer opens.

R = part 0-24, G = U * 255, B = V * 255, clamped to 0..255 and truncated as DensePose's own quantised result does.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

IUV = npt.NDArray[np.uint8]


def pack(parts: npt.NDArray[np.integer], uv: npt.NDArray[np.floating]) -> IUV:
    """Quantise a chart result.

    Args:
        parts: integers [H, W] in 0-24.
        uv: float [2, H, W]; values outside 0..1 are clamped.

    Returns:
        uint8 [H, W, 3]: part, U * 255, V * 255.
    """
    quantised = np.clip(uv * np.float32(255), 0, 255).astype(np.uint8)
    return np.dstack([parts.astype(np.uint8), quantised[0], quantised[1]])


def unpack(iuv: IUV) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Part map and coordinates of an IUV picture.

    Args:
        iuv: uint8 [H, W, 3].

    Returns:
        parts: uint8 [H, W], 0-24.
        uv: float32 [2, H, W] in 0..1, 0 where the part is 0.
    """
    parts = np.ascontiguousarray(iuv[..., 0])
    uv = iuv[..., 1:].transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    return parts, np.where(parts > 0, uv, np.float32(0))


def encode_png(iuv: IUV) -> bytes:
    """Lossless PNG of uint8 [H, W, 3]. Equal arrays give equal bytes under one version of Pillow."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(iuv), "RGB").save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def decode_png(data: bytes) -> IUV:
    """uint8 [H, W, 3] of an IUV PNG.

    Raises:
        ValueError: the bytes are not an RGB PNG.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.mode != "RGB":
                raise ValueError(f"an IUV picture is an RGB PNG; this one has mode {image.mode}")
            return np.asarray(image).copy()
    except OSError as error:
        raise ValueError(f"not a readable IUV PNG: {error}") from error
