"""What can be measured of a picture as a whole, in whole numbers as far as possible, so that machines agree.

All take the reduced picture (`manifests.decoding.decode_reduced`), which makes pictures of different sizes comparable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]

_DARK, _LIGHT = 8, 247  # levels of luminance below and above which a camera or a screen shows no more detail
_ONE_TONE = 6  # levels within a row or column of a border: what JPEG makes of a single colour
_PLAIN = 16  # levels in each channel by which a studio's background differs from its median


@dataclass(frozen=True, slots=True)
class Exposure:
    """Of luminance: its mean, and the shares of pixels that are nearly black and nearly white; all 0..1."""

    brightness: float
    dark: float
    light: float


def exposure(counts: Sequence[int]) -> Exposure:
    """A white studio background counts as light: `plain_share` tells it from an overexposed picture.

    Args:
        counts: of pixels by luminance 0..255.
    """
    total = sum(counts)
    mean = sum(level * count for level, count in enumerate(counts)) / (255 * total)
    return Exposure(round(mean, 4), round(sum(counts[: _DARK + 1]) / total, 4), round(sum(counts[_LIGHT:]) / total, 4))


def sharpness(grey: Grey) -> float:
    """The variance of the Laplacian (Pech-Pacheco et al.: Diatom autofocusing in brightfield microscopy, ICPR 2000).

    Args:
        grey: uint8 [H, W], luminance 0..255, of a picture whose longer side has 256 to 511 pixels, or fewer if there
            are no more. Below about 20, a photograph looks blurred.
    """
    if min(grey.shape) < 3:
        return 0.0
    light = grey.astype(np.int16)
    laplacian = light[:-2, 1:-1] + light[2:, 1:-1] + light[1:-1, :-2] + light[1:-1, 2:] - 4 * light[1:-1, 1:-1]
    flat = laplacian.reshape(-1).astype(np.float64)  # whole numbers, so these sums are exact in any order
    count, total, squares = len(flat), int(flat.sum()), int(flat @ flat)
    return round((count * squares - total * total) / (count * count), 3)


def border_share(grey: Grey) -> float:
    """The share of the area in those rows and columns at the edges that are each of one tone: bars, frames, margins."""
    rows, columns = np.ptp(grey, axis=1) > _ONE_TONE, np.ptp(grey, axis=0) > _ONE_TONE
    inner = _extent(rows) * _extent(columns)
    return round(1 - inner / grey.size, 4)


def _extent(lively: npt.NDArray[np.bool_]) -> int:
    places = np.flatnonzero(lively)
    return int(places[-1] - places[0] + 1) if len(places) else 0


def plain_share(rgb: Grey) -> float:
    """The share of pixels in the colour of the background: near the median of the outermost pixels.

    Args:
        rgb: uint8 [H, W, 3]; a coarse picture will do.
    """
    coarse = rgb.astype(np.int16)
    edge = np.concatenate([coarse[0], coarse[-1], coarse[:, 0], coarse[:, -1]])
    near = (np.abs(coarse - np.median(edge, axis=0)) <= _PLAIN).all(axis=2)
    return round(float(near.mean()), 4)
