"""How far the part borders of two maps lie apart: the average symmetric surface distance (ASSD).

Of every border pixel of either map, the distance to the nearest border pixel of the other, averaged over all of them
(Heimann et al., Comparison and Evaluation of Methods for Liver Segmentation, IEEE TMI 28 (2009), section II-E), here on
the borders between parts and around persons alike, and in units of the diagonal of the box around both maps'
foreground, so that pictures of all sizes can be averaged. Unlike IoU it says how far off a border is, not only that it
is, and weighs a hand's outline as much as a torso's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Borders:
    """Where a part map changes from one part to another.

    Attributes:
        pixels: int64 [n], flat indices of border pixels: those whose right or lower neighbour has another part.
        distances: float32 [h * w], of every pixel to the nearest border pixel, in pixels; infinite if there is none.
        box: x0, y0, x1, y1 around the foreground; of no extent where there is none.
    """

    pixels: NDArray[np.int64]
    distances: NDArray[np.float32]
    box: tuple[int, int, int, int]


def borders(maps: Sequence[NDArray[np.uint8]]) -> list[Borders]:
    """The borders of several part maps of one image, uint8 [height, width] each, for `border_distance` between them.

    They are taken within the box around all that any of the maps has for foreground.
    """
    boxes = [_box(one) for one in maps]
    seen = [box for box in boxes if box[2] > box[0]]
    if not seen:
        return [Borders(np.zeros(0, np.int64), np.zeros(0, np.float32), box) for box in boxes]
    x0, y0 = (max(min(box[side] for box in seen) - 1, 0) for side in (0, 1))
    x1, y1 = (max(box[side] for box in seen) + 1 for side in (2, 3))
    found = []
    for one, box in zip(maps, boxes, strict=True):
        cut = np.ascontiguousarray(one[y0:y1, x0:x1])
        edge = np.zeros(cut.shape, np.bool_)
        edge[:, :-1] = cut[:, :-1] != cut[:, 1:]
        edge[:-1] |= cut[:-1] != cut[1:]
        found.append(Borders(np.flatnonzero(edge), _distances(edge).ravel(), box))
    return found


def border_distance(one: Borders, other: Borders) -> float:
    """The average symmetric distance of two maps' borders, from `borders` of the same call, in diagonals.

    0 where neither has a border, not a number where only one has.
    """
    if not len(one.pixels) or not len(other.pixels):
        return 0.0 if len(one.pixels) == len(other.pixels) else float("nan")
    total = other.distances[one.pixels].sum(dtype=np.float64) + one.distances[other.pixels].sum(dtype=np.float64)
    boxes = [borders.box for borders in (one, other) if borders.box[2] > borders.box[0]]
    width, height = (max(box[2 + side] for box in boxes) - min(box[side] for box in boxes) for side in (0, 1))
    return float(total / (len(one.pixels) + len(other.pixels)) / np.hypot(width, height))


def _box(parts: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(parts.any(axis=1)), np.flatnonzero(parts.any(axis=0))
    if not len(rows):
        return (0, 0, 0, 0)
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


@numba.njit(cache=True)
def _distances(edge: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Euclidean distance of every pixel to the nearest True, exactly: down the columns, then the lower envelope of
    parabolas along each row (Felzenszwalb and Huttenlocher, Theory of Computing 8 (2012))."""
    height, width = edge.shape
    result = np.full((height, width), np.inf, np.float32)
    column = np.full((height, width), np.inf, np.float32)
    for y in range(height):
        for x in range(width):
            if edge[y, x]:
                column[y, x] = 0
            elif y:
                column[y, x] = column[y - 1, x] + 1
    for y in range(height - 2, -1, -1):
        for x in range(width):
            column[y, x] = min(column[y, x], column[y + 1, x] + 1)
    vertex, start = np.empty(width, np.int64), np.empty(width + 1, np.float64)
    for y in range(height):
        last = -1
        for x in range(width):
            if column[y, x] == np.inf:
                continue
            high = column[y, x] ** 2 + x * x
            meets = -np.inf
            while last >= 0:
                before = vertex[last]
                meets = (high - column[y, before] ** 2 - before * before) / (2 * (x - before))
                if meets > start[last]:
                    break
                last -= 1
            last += 1
            vertex[last], start[last] = x, meets if last else -np.inf
        if last < 0:
            continue
        start[last + 1] = np.inf
        at = 0
        for x in range(width):
            while start[at + 1] < x:
                at += 1
            result[y, x] = np.sqrt((x - vertex[at]) ** 2 + column[y, vertex[at]] ** 2)
    return result
