"""Do two pictures show the same thing in the same colours?

The perceptual hash is blind to colour: a shirt photographed in navy and in black has one hash. So the pictures are
compared a second time, as 12 x 12 cells of mean colour in CIELAB, where a distance of about 2 is just visible.
Measurements behind grid and limit are in docs/duplicates.md.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

GRID = 12
_FINE = 64  # pixels that the shorter side keeps when they are averaged in blocks first, which is fast
_WORST = 4  # cells: a garment may fill a few of the 144, so the mean over all would hide that it changed

# sRGB to XYZ under D65 (IEC 61966-2-1), and CIELAB's white.
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])

Lab = npt.NDArray[np.float64]


def colour_grid(image: Image.Image, step: int = 1, whole: tuple[int, int] | None = None) -> bytes:
    """The mean sRGB of 12 x 12 cells: 432 bytes, row by row.

    A pixel that two cells share counts for each by the area it has there, so that the cells of one picture at two sizes
    agree.

    Args:
        image: mode RGB.
        step, whole: if it is reduced, by how much on each side, and the width and height that it was reduced from.
    """
    block = min(4, max(1, min(image.size) // _FINE))
    pixels = np.asarray(image.reduce(block)).astype(np.float64)
    width, height = whole or image.size
    down, across = _areas(height, step * block), _areas(width, step * block)
    sums = np.stack([down @ pixels[..., channel] @ across.T for channel in range(3)], axis=2)  # whole numbers, so exact
    return np.rint(sums / (width * height)).astype(np.uint8).tobytes()


def to_lab(grid: bytes) -> Lab:
    """float64 [12, 12, 3]: L* 0..100, a*, b* of a `colour_grid`."""
    srgb = np.frombuffer(grid, np.uint8).reshape(GRID, GRID, 3) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _XYZ.T / _WHITE
    curve = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    x, y, z = np.moveaxis(curve, 2, 0)
    lab: Lab = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=2)
    return lab


def colour_distance(one: bytes, other: bytes, *, mirrored: bool = False) -> float:
    """`lab_distance` of two colour grids."""
    return lab_distance(to_lab(one), to_lab(other), mirrored=mirrored)


def lab_distance(one: Lab, other: Lab, *, mirrored: bool = False) -> float:
    """The mean CIELAB distance of the four cells that differ most.

    Args:
        mirrored: compare with the mirror image of `other`.
    """
    across = other[:, ::-1] if mirrored else other
    squares = ((one - across) ** 2).sum(axis=2).reshape(-1)
    return float(np.sqrt(np.partition(squares, -_WORST)[-_WORST:]).mean())


@lru_cache(maxsize=512)
def _areas(side: int, step: int) -> npt.NDArray[np.float64]:
    """float64 [12, ceil(side / step)]: how much of each reduced pixel lies in each cell, in twelfths of a pixel."""
    cells = np.arange(GRID + 1) * side
    pixels = np.minimum(np.arange(-(-side // step) + 1) * step, side) * GRID  # the last one may be narrower
    shared = np.minimum(cells[1:, None], pixels[None, 1:]) - np.maximum(cells[:-1, None], pixels[None, :-1])
    return np.asarray(np.maximum(0, shared), np.float64)
