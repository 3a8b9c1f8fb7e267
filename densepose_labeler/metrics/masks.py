"""Masks as COCO writes them, and as pixels.

COCO's run lengths count pixels column by column, off and on by turns; compressed, they are a text of base-32 digits
(least first, the sixth bit meaning that more follow) in which all but the first three are differences from the last
but one. The same masks as pycocotools makes of them, which is not needed to read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.bool_]
_FINE = 5
"""Polygons are drawn on a grid so many times finer than the pixels, as COCO does."""


class MaskError(ValueError):
    """Something that is no mask; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """A mask as a window in a picture.

    Attributes:
        x, y: the window's corner in the picture, whole pixels, not negative.
        pixels: bool [h, w].
    """

    x: int
    y: int
    pixels: Pixels

    @property
    def area(self) -> int:
        """Pixels that are on."""
        return int(np.count_nonzero(self.pixels))

    @classmethod
    def placed(cls, pixels: Pixels, x: int, y: int, height: int, width: int) -> Mask:
        """A window at any place, cut to a picture of [height, width]."""
        cut = pixels[max(-y, 0) : max(height - y, 0), max(-x, 0) : max(width - x, 0)]
        return cls(max(x, 0), max(y, 0), cut)


def overlaps(masks: Sequence[Mask], others: Sequence[Mask], crowd: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Intersection over union of every mask with every other; of a crowd, over the first mask's own area.

    Returns:
        float64 [len(masks), len(others)].
    """
    table = np.zeros((len(masks), len(others)))
    areas = [one.area for one in masks]
    for column, other in enumerate(others):
        area = other.area
        for row, one in enumerate(masks):
            x0, y0 = max(one.x, other.x), max(one.y, other.y)
            x1 = min(one.x + one.pixels.shape[1], other.x + other.pixels.shape[1])
            y1 = min(one.y + one.pixels.shape[0], other.y + other.pixels.shape[0])
            if x0 < x1 and y0 < y1:
                both = one.pixels[y0 - one.y : y1 - one.y, x0 - one.x : x1 - one.x]
                shared = np.count_nonzero(both & other.pixels[y0 - other.y : y1 - other.y, x0 - other.x : x1 - other.x])
                union = areas[row] if crowd[column] else areas[row] + area - shared
                table[row, column] = shared / union if shared else 0.0
    return table


def run_lengths(counts: str | bytes) -> NDArray[np.int64]:
    """The numbers of a compressed COCO run-length text.

    Raises:
        MaskError: it has other characters, or breaks off.
    """
    try:
        data = np.frombuffer(counts.encode("ascii") if isinstance(counts, str) else counts, np.uint8).astype(np.int64)
    except UnicodeEncodeError as error:
        raise MaskError("its run lengths have characters that do not belong there") from error
    digits = data - 48
    if len(digits) == 0:
        return digits
    if digits.min() < 0 or digits.max() > 63 or digits[-1] & 32:
        raise MaskError("its run lengths break off or have characters that do not belong there")
    last = digits & 32 == 0
    start = np.flatnonzero(np.concatenate([[True], last[:-1]]))
    place = np.arange(len(digits)) - np.repeat(start, np.diff(np.append(start, len(digits))))
    if place.max() > 11:
        raise MaskError("one of its run lengths is beyond all measure")
    values = np.add.reduceat((digits & 31) << (5 * place), start)
    negative = digits[last] & 16 > 0
    values = np.where(negative, values - (1 << (5 * (place[last] + 1))), values)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def decode(encoded: Mapping[str, Any]) -> Pixels:
    """Pixels of a run-length mask `{"size": [h, w], "counts": list or text}`, bool [h, w].

    Raises:
        MaskError: it is malformed.
    """
    try:
        height, width = (int(side) for side in encoded["size"])
        counts = encoded["counts"]
        runs = run_lengths(counts) if isinstance(counts, str | bytes) else np.asarray(counts, np.int64)
    except (KeyError, TypeError, ValueError) as error:
        raise error if isinstance(error, MaskError) else MaskError("it lacks size or counts") from error
    if runs.ndim != 1 or (runs < 0).any() or runs.sum() != height * width:
        raise MaskError(f"its run lengths do not fill {height} x {width} pixels")
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(width, height).T


def polygons(outlines: Sequence[Sequence[float]], height: int, width: int) -> Pixels:
    """Pixels inside any of several outlines [x0, y0, x1, y1, ...], bool [height, width].

    Raises:
        MaskError: an outline is no list of pairs of numbers.
    """
    whole = np.zeros((height, width), bool)
    for outline in outlines:
        try:
            points = np.asarray(outline, np.float64).reshape(-1, 2)
        except (TypeError, ValueError) as error:
            raise MaskError("an outline is no list of x, y pairs") from error
        if not np.isfinite(points).all():
            raise MaskError("an outline has a coordinate that is no number")
        if len(points):
            whole |= _outline(points, height, width)
    return whole


def _outline(points: NDArray[np.float64], height: int, width: int) -> Pixels:
    """COCO's rule: on the fine grid the outline crosses each pixel column's middle at some heights, and from each
    crossing downwards inside and outside change places."""
    corners = (_FINE * points + 0.5).astype(np.int64)
    begin, end = corners, np.roll(corners, -1, axis=0)
    step = np.abs(end - begin)
    flat = step[:, 0] >= step[:, 1]
    backwards = np.where(flat, begin[:, 0] > end[:, 0], begin[:, 1] > end[:, 1])
    # each edge is walked pixel by pixel along its longer side, reckoned from its lower end
    length = step.max(axis=1)
    edge = np.repeat(np.arange(len(points)), length + 1)
    along = np.arange(len(edge)) - np.repeat(np.cumsum(length + 1) - (length + 1), length + 1)
    along = np.where(backwards[edge], length[edge] - along, along)
    low, high = np.where(backwards[:, None], end, begin), np.where(backwards[:, None], begin, end)
    rise = (high - low)[np.arange(len(points)), flat.astype(int)] / np.maximum(length, 1)
    across = (low[np.arange(len(points)), flat.astype(int)][edge] + rise[edge] * along + 0.5).astype(np.int64)
    ahead = low[np.arange(len(points)), 1 - flat.astype(int)][edge] + along
    x, y = np.where(flat[edge], ahead, across), np.where(flat[edge], across, ahead)
    crossing = np.flatnonzero(np.diff(x)) + 1
    column = (np.where(x[crossing] < x[crossing - 1], x[crossing], x[crossing] - 1) + 0.5) / _FINE - 0.5
    row = np.ceil(np.clip((np.minimum(y[crossing], y[crossing - 1]) + 0.5) / _FINE - 0.5, 0, height))
    middle = (column == np.floor(column)) & (column >= 0) & (column <= width - 1)
    places = (column[middle] * height + row[middle]).astype(np.int64)
    turns = np.bincount(places, minlength=height * width + 1)[: height * width]
    inside: Pixels = np.cumsum(turns) % 2 == 1
    return inside.reshape(width, height).T
