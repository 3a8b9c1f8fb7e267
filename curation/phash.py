"""The perceptual hash: `imagehash.phash` (Zauner: Implementation and Benchmarking of Perceptual Image Hash Functions,
2010), computed from a reduced picture and with whole numbers.

The definition: reduce the luminance to 32 x 32 by Lanczos, take the 8 x 8 lowest coefficients of its DCT-II, and let a
bit say that a coefficient is above their median. Reducing and transforming are linear, so here two matrices do both at
once. Their entries are whole numbers and all sums stay below 2**53, so that every machine finds the same bits, whatever
its order of additions; `imagehash` leaves that to its libraries.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

_SIDE, _KEPT = 32, 8
_SCALE = 2**16  # of the matrices
_STEP = 2**26  # coefficients are rounded to 1/64 of a grey level, so that a flat picture has none

Coefficients = npt.NDArray[np.float64]


def coefficients(grey: npt.NDArray[np.uint8], whole: tuple[float, float] | None = None) -> Coefficients:
    """The 8 x 8 lowest frequencies, vertical by horizontal, as whole numbers.

    Args:
        grey: uint8 [H, W], luminance 0..255.
        whole: height and width of the picture in these pixels, where a last row or column stands for a part of one:
            1,001 pixels reduced by 4 are 250.25, in 251 pixels.
    """
    height, width = grey.shape
    tall, wide = whole or (height, width)
    exact = _transform(height, tall) @ grey.astype(np.float64) @ _transform(width, wide).T
    return np.rint(exact / _STEP)


def bits(of: Coefficients) -> int:
    """The hash as a 64-bit number: row-major, first bit highest."""
    return int.from_bytes(np.packbits(of > np.median(of)).tobytes(), "big")


def mirrored(of: Coefficients) -> Coefficients:
    """The coefficients of the picture mirrored left to right: odd horizontal frequencies change their sign."""
    signs = np.where(np.arange(_KEPT) % 2, -1.0, 1.0)
    return of * signs


@lru_cache(maxsize=512)
def _transform(side: int, extent: float) -> Coefficients:
    """float64 [8, side], whole numbers: from pixels along one side to frequencies."""
    frequency = np.arange(_KEPT)[:, None]
    cosines = np.cos(np.pi * frequency * (2 * np.arange(_SIDE) + 1) / (2 * _SIDE))
    matrix: Coefficients = np.rint(_SCALE * (cosines @ _lanczos(side, extent)))
    if extent == side:  # exactly symmetric, so that a mirrored picture has the mirrored coefficients to the last digit
        signs = np.where(frequency % 2, -1.0, 1.0)
        middle = matrix[:, side // 2 : side - side // 2] * (frequency % 2 == 0)
        matrix = np.concatenate([matrix[:, : side // 2], middle, signs * matrix[:, : side // 2][:, ::-1]], axis=1)
    left_over = matrix[1:].sum(axis=1)  # by rounding; without it, a flat picture has no frequency but 0
    if side > 1:
        matrix[1:, 0] -= left_over // 2
        matrix[1:, -1] -= left_over // 2
        matrix[1:, side // 2] -= left_over % 2
    return matrix


def _lanczos(side: int, extent: float) -> Coefficients:
    """float64 [32, side]: the weights by which Pillow's LANCZOS resizes; every row sums to 1."""
    ratio = extent / _SIDE
    stretch = max(1.0, ratio)
    edges = np.minimum(np.arange(side + 1), extent)
    centres = (np.arange(_SIDE)[:, None] + 0.5) * ratio
    places = ((edges[1:] + edges[:-1])[None] / 2 - centres) / stretch
    weights: Coefficients = np.where(np.abs(places) < 3, np.sinc(places) * np.sinc(places / 3), 0.0) * np.diff(edges)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights
