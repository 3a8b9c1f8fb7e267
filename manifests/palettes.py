"""Colours for part maps: the two that other projects expect, and one made for looking."""

from __future__ import annotations

import colorsys

import numpy as np
import numpy.typing as npt

_Colours = npt.NDArray[np.uint8]


def _palette(*colours: tuple[int, int, int]) -> _Colours:
    table = np.array(colours, np.uint8)
    table.setflags(write=False)
    return table


# fmt: off
PARULA: _Colours = _palette(
        (0, 0, 0), (37, 60, 163), (20, 80, 194), (4, 97, 223), (8, 110, 221),
        (14, 122, 216), (20, 132, 212), (15, 144, 208), (11, 156, 203), (6, 166, 198),
        (22, 173, 185), (38, 179, 172), (55, 185, 159), (86, 187, 144), (114, 189, 130),
        (145, 191, 116), (170, 189, 105), (192, 188, 96), (216, 186, 86), (228, 192, 74),
        (240, 199, 60), (252, 206, 46), (251, 220, 36), (250, 235, 25), (249, 251, 14),
)
"""uint8 [25, 3] RGB: what VITON-HD, HR-VITON and IDM-VTON read (OpenCV's PARULA at part * 255 / 24, on black)."""

VIRIDIS: _Colours = _palette(
        (68, 1, 84), (71, 16, 99), (72, 31, 112), (71, 44, 122), (68, 57, 131),
        (64, 70, 136), (59, 81, 139), (54, 93, 141), (49, 104, 142), (44, 113, 142),
        (40, 124, 142), (37, 133, 142), (33, 144, 141), (31, 154, 138), (32, 163, 134),
        (39, 173, 129), (53, 183, 121), (70, 192, 111), (92, 200, 99), (115, 208, 86),
        (142, 214, 69), (170, 220, 50), (197, 224, 33), (226, 228, 24), (253, 231, 37),
)
"""uint8 [25, 3] RGB: what MagicAnimate and vid2densepose read (VIRIDIS, on its own darkest colour)."""
# fmt: on


def _clear() -> _Colours:
    """One hue a limb, the two sides of the body warm and cool, front lighter than back: easy to tell apart by eye."""
    hues = {  # coarse part: (hue in degrees, parts from dark to light)
        210: (1, 2), 0: (3,), 190: (4,), 170: (5,), 20: (6,), 35: (7, 9), 150: (8, 10), 50: (11, 13), 130: (12, 14),
        270: (17, 15), 330: (18, 16), 245: (21, 19), 305: (22, 20), 12: (23,), 225: (24,),
    }  # fmt: skip
    table = np.zeros((25, 3), np.uint8)
    for hue, parts in hues.items():
        for lightness, part in zip((0.45, 0.66) if len(parts) == 2 else (0.58,), parts, strict=True):
            table[part] = [round(255 * c) for c in colorsys.hls_to_rgb(hue / 360, lightness, 0.62)]
    table.setflags(write=False)
    return table


CLEAR: _Colours = _clear()
"""uint8 [25, 3] RGB: ours, for cards and reports."""


def colourise(parts: npt.NDArray[np.uint8], palette: _Colours = CLEAR) -> npt.NDArray[np.uint8]:
    """Paint a part map.

    Args:
        parts: uint8 [H, W], part indices 0-24.
        palette: uint8 [25, 3] RGB.

    Returns:
        uint8 [H, W, 3] RGB.
    """
    return palette[parts]


def indices(picture: npt.NDArray[np.uint8], palette: _Colours) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Read a coloured part map back: the nearest colour of the palette, and how far off each pixel was.

    Args:
        picture: uint8 [H, W, 3] RGB, such as a decoded `image-densepose` JPEG.
        palette: uint8 [25, 3] RGB.

    Returns:
        parts: uint8 [H, W], 0-24.
        distances: float32 [H, W], Euclidean in RGB steps; 0 where the colour is exact. Neighbouring colours of PARULA
            lie about 12 apart, so a pixel 6 or more off may be read wrong.
    """
    red, green, blue = np.moveaxis(picture.astype(np.int32), 2, 0)
    codes, inverse = np.unique((red << 16 | green << 8 | blue).ravel(), return_inverse=True)  # rows would sort slowly
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    steps = colours[:, None].astype(np.float32) - palette[None].astype(np.float32)
    squared = (steps * steps).sum(axis=2)
    nearest = squared.argmin(axis=1)
    distance = np.sqrt(squared[np.arange(len(colours)), nearest])
    shape = picture.shape[:2]
    return nearest.astype(np.uint8)[inverse].reshape(shape), distance[inverse].reshape(shape)
