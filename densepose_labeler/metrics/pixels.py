"""What follows from a table of pixels by true and predicted part.

Every function takes tables int or float [..., 25, 25], true part first, predicted second, 0 the background, and gives
NaN where the figure has no meaning.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Table = NDArray[np.number]


def part_ious(table: Table) -> Floats:
    """Intersection over union of background and the 24 parts, [..., 25]; NaN for a part that occurs nowhere."""
    shared = np.diagonal(table, axis1=-2, axis2=-1)
    return ratio(shared, table.sum(axis=-1) + table.sum(axis=-2) - shared)


def mean_part_iou(table: Table) -> Floats:
    """Mean of the IoU of the parts that occur, background apart, [...]."""
    ious = part_ious(table)[..., 1:]
    known = np.isfinite(ious)
    return ratio(np.where(known, ious, 0.0).sum(axis=-1), known.sum(axis=-1))


def foreground_iou(table: Table) -> Floats:
    """IoU of the body, whatever its parts, [...]."""
    return ratio(_common(table), table.sum(axis=(-2, -1)) - table[..., 0, 0])


def accuracy(table: Table) -> Floats:
    """Share of the body's true pixels that have the right part, [...]."""
    return ratio(_right(table), table[..., 1:, :].sum(axis=(-2, -1)))


def common_accuracy(table: Table) -> Floats:
    """Share of the pixels that truth and prediction both call body that have the right part, [...]."""
    return ratio(_right(table), _common(table))


def _right(table: Table) -> Floats:
    return np.asarray(np.diagonal(table, axis1=-2, axis2=-1)[..., 1:].sum(axis=-1), np.float64)


def _common(table: Table) -> Floats:
    return np.asarray(table[..., 1:, 1:].sum(axis=(-2, -1)), np.float64)


def ratio(part: Table, whole: Table) -> Floats:
    """Element by element; NaN where the whole is nothing."""
    result = np.full(np.shape(part), np.nan)
    np.divide(part, whole, out=result, where=np.asarray(whole) > 0)
    return result
