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


def coefficients(grey: npt.NDArray[np.uint8]) -> Coefficients:
    """The 8 x 8 lowest frequencies, vertical by horizontal, as whole numbers.

    Args:
        grey: uint8 [H, W], luminance 0..255; sides below 1,500 pixels keep the sums exact.
    """
    height, width = grey.shape
    exact = _transform(height) @ grey.astype(np.float64) @ _transform(width).T
    return np.rint(exact / _STEP)


def bits(of: Coefficients) -> int:
    """The hash as a 64-bit number: row-major, first bit highest."""
    return int.from_bytes(np.packbits(of > np.median(of)).tobytes(), "big")


def mirrored(of: Coefficients) -> Coefficients:
    """The coefficients of the picture mirrored left to right: odd horizontal frequencies change their sign."""
    signs = np.where(np.arange(_KEPT) % 2, -1.0, 1.0)
    return of * signs


@lru_cache(maxsize=512)
def _transform(side: int) -> Coefficients:
    """float64 [8, side], whole numbers: from pixels along one side to frequencies."""
    frequency = np.arange(_KEPT)[:, None]
    cosines = np.cos(np.pi * frequency * (2 * np.arange(_SIDE) + 1) / (2 * _SIDE))
    matrix = np.rint(_SCALE * (cosines @ _lanczos(side)))
    signs = np.where(frequency % 2, -1.0, 1.0)
    half, middle = matrix[:, : side // 2], matrix[:, side // 2 : side - side // 2] * (frequency % 2 == 0)
    if side > 1:  # what rounding left over, so that a flat picture has no frequency but 0
        left_over = np.where(
            frequency % 2 | (frequency == 0), 0, 2 * half.sum(1, keepdims=True) + middle.sum(1, keepdims=True)
        )
        half[:, :1] -= left_over // 2
        middle -= left_over % 2
    # Exactly symmetric, so that a mirrored picture has the mirrored coefficients to the last digit.
    return np.concatenate([half, middle, signs * half[:, ::-1]], axis=1)


def _lanczos(side: int) -> Coefficients:
    """float64 [32, side]: the weights by which Pillow's LANCZOS resizes; every row sums to 1."""
    ratio = side / _SIDE
    stretch = max(1.0, ratio)
    centres = (np.arange(_SIDE)[:, None] + 0.5) * ratio
    places = (np.arange(side)[None, :] + 0.5 - centres) / stretch
    weights = np.where(np.abs(places) < 3, np.sinc(places) * np.sinc(places / 3), 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float64)
