"""What the detections of one picture come to against its people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from densepose_labeler.metrics.annotations import Person
from densepose_labeler.metrics.masks import Mask
from densepose_labeler.metrics.matching import AREAS, MOST_DETECTIONS, Matching, match
from densepose_labeler.metrics.similarity import OFFICIAL_KAPPA, box_overlaps, corner_box, similarities
from densepose_labeler.metrics.surface import Surface
from manifests.instances import Instance

Floats = NDArray[np.float64]

SAME_PERSON = 0.5
"""Least overlap of two boxes that mean one person."""


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """The detections that count, and what became of each.

    Attributes:
        scores: float64 [D], descending, at most `MOST_DETECTIONS`.
        matchings: by likeness ("gps", "gpsm", "iou") and by the names of `AREAS`. Without a surface, "iou" alone.
    """

    scores: Floats
    matchings: Mapping[str, Mapping[str, Matching]]


@dataclass(frozen=True, slots=True)
class Found:
    """People by their boxes alone.

    Attributes:
        people, found: that were annotated, crowds apart; that a detection meets.
        detections, nobody: all; those that meet nobody, or somebody whom a surer one met.
        surest: whether the surest detection meets somebody.
    """

    people: int
    found: int
    detections: int
    nobody: int
    surest: bool


def matched(
    detections: Sequence[Instance],
    people: Sequence[Person],
    masks: Sequence[Mask],
    size: tuple[int, int],
    surface: Surface | None,
    kappa: Floats = OFFICIAL_KAPPA,
) -> Matched:
    """Match the detections of one picture by each likeness.

    Args:
        detections: in any order; of equally sure ones, the first counts as the surer.
        masks: of the people, `Person.mask`.
        size: height and width of the picture.
        surface: of the charts that points and detections are in; None where there is none.
    """
    kept = sorted(detections, key=lambda one: -one.score)[:MOST_DETECTIONS]
    like = similarities(kept, people, masks, size, surface, kappa)
    tables = {"iou": like.masks}
    if like.points is not None:
        # the geometric mean of both, so that neither a good surface on a bad mask nor the reverse is enough
        tables = {"gps": like.points, "gpsm": np.sqrt(like.masks * like.points), **tables}
    areas = np.array([np.prod(corner_box(one)[2:]) for one in kept])
    return Matched(
        scores=np.array([one.score for one in kept], np.float64),
        matchings={
            name: {label: match(table, like.boxes, people, areas, area) for label, area in AREAS.items()}
            for name, table in tables.items()
        },
    )


def find(detections: Sequence[Instance], people: Sequence[Person]) -> Found:
    """Which people are found at all: each detection, the surest first, takes the person whose box it meets best.

    A detection within a crowd is neither right nor wrong.
    """
    kept = sorted(detections, key=lambda one: -one.score)
    crowd = np.array([one.crowd for one in people], bool)
    boxes = np.array([corner_box(one) for one in kept]).reshape(-1, 4)
    overlap = box_overlaps(boxes, np.array([one.box for one in people]).reshape(-1, 4), crowd)
    overlap[overlap < SAME_PERSON] = 0
    free, nobody, surest = ~crowd, 0, False
    for number, row in enumerate(overlap):
        open_to = np.where(free, row, 0)
        if open_to.any():
            free[open_to.argmax()] = False
            surest = surest or number == 0
        elif not (row[crowd] > 0).any():
            nobody += 1
    count = int((~crowd).sum())
    return Found(count, count - int(free.sum()), len(kept), nobody, surest)
