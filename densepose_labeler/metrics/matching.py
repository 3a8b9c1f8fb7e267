"""Which detection is held to be which person, at every threshold of similarity.

COCO's greedy matching, with what the DensePose evaluation adds to it: a detection that is unlike everybody but whose
box meets that of a person without points is not held against the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from densepose_labeler.metrics.annotations import Person

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

THRESHOLDS = np.linspace(0.5, 0.95, 10)
MOST_DETECTIONS = 20
"""Detections a picture that are counted, the surest first."""
AREAS = {"all": (0.0, 1e10), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
"""Pixels of a person, both bounds included."""
_SAME_BOX = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """What became of the detections of one picture, in the order they were given.

    Attributes:
        hit: bool [T, D], whether it was taken for a person.
        ignored: bool [T, D], whether it does not count, neither for nor against.
        wanted: how many people should have been found.
    """

    hit: Bools
    ignored: Bools
    wanted: int


def match(
    similarity: Floats,
    boxes: Floats,
    people: Sequence[Person],
    detection_areas: Floats,
    area: tuple[float, float] = AREAS["all"],
    thresholds: Floats = THRESHOLDS,
) -> Matching:
    """Match the detections of one picture.

    Each detection, the surest first, takes the person it is most like, if by the threshold at least and if no other
    took that person; people who do not count only where no other is like it.

    Args:
        similarity: float64 [D, G], detections in descending score.
        boxes: float64 [D, G], overlap of boxes.
        detection_areas: float64 [D], of the boxes in pixels.
        area: least and largest area of people who count.
    """
    low, high = area
    apart = np.array([one.points is None or not low <= one.area <= high for one in people], bool)
    order = np.argsort(apart, kind="stable")
    apart, similarity, boxes = apart[order], similarity[:, order], boxes[:, order]
    crowd = np.array([one.crowd for one in people], bool)[order]
    count = len(similarity)
    hit = np.zeros((len(thresholds), count), bool)
    ignored = np.full((len(thresholds), count), bool(apart.all()))  # nobody to be found: nothing counts
    taken = np.zeros((len(thresholds), len(people)), bool)
    if len(people):
        least = np.minimum(thresholds, 1 - 1e-10)[:, None]
        levels = np.arange(len(thresholds))
        for number in range(count):
            values = np.where(taken & ~crowd | (similarity[number] < least), 0.0, similarity[number])
            values = np.where((values[:, ~apart] > 0).any(axis=1, keepdims=True) & apart, 0.0, values)
            best = _last_largest(values)
            found = values[levels, best] > 0
            hit[found, number] = taken[levels[found], best[found]] = True
            ignored[found, number] = apart[best[found]]
        _set_aside(hit, ignored, taken[-1], boxes, apart, crowd)
    outside = (detection_areas < low) | (detection_areas > high)
    return Matching(hit, ignored | (~hit & outside), int((~apart).sum()))


def _set_aside(hit: Bools, ignored: Bools, taken: Bools, boxes: Floats, apart: Bools, crowd: Bools) -> None:
    """Detections without a person at the highest threshold count as the person whose box they meet does, at all
    thresholds. (That the highest decides for all is what the official code does.)"""
    for number in np.flatnonzero(~hit[-1]).tolist():
        values = np.where(taken & ~crowd | (boxes[number] < _SAME_BOX), 0.0, boxes[number])
        best = _last_largest(values[None])[0]
        if values[best] > 0:
            ignored[:, number] = apart[best]
            if apart[best]:
                hit[-1, number] = taken[best] = True


def _last_largest(values: Floats) -> NDArray[np.int64]:
    """Column of the largest value of each row; of several, the last."""
    return np.asarray(values.shape[1] - 1 - np.argmax(values[:, ::-1], axis=1), np.int64)
