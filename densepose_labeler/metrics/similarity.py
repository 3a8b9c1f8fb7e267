"""How like each detection is to each person: geodesic point similarity, masks and boxes.

The definitions are those of the DensePose authors' evaluation of COCO (Güler, Neverova and Kokkinos, DensePose, CVPR
2018, section 4, and the evaluation in their public code, whose figures are the published ones); docs/metrics.md says
where paper and code differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from densepose_labeler.metrics.annotations import Person
from densepose_labeler.metrics.masks import Mask, overlaps
from densepose_labeler.metrics.surface import Surface
from manifests.instances import Instance

Floats = NDArray[np.float64]

PAPER_KAPPA = np.full(25, 0.255)
"""Metres by part, as in the paper: a distance of 30 cm gives a similarity of 0.5 everywhere."""

_MEAN_DISTANCES = {(1, 2): 0.351, (3, 4): 0.107, (5, 6): 0.126, (7, 8, 9, 10): 0.237, (11, 12, 13, 14): 0.173,
                   (15, 16, 17, 18): 0.142, (19, 20, 21, 22): 0.128, (23, 24): 0.150}  # fmt: skip
OFFICIAL_KAPPA = np.array([0.0, *(next(k for parts, k in _MEAN_DISTANCES.items() if n in parts) for n in range(1, 25))])
"""Metres by part, as in the public evaluation code: the mean geodesic distance within the part."""


@dataclass(frozen=True, slots=True, eq=False)
class Similarities:
    """Every detection of one picture against every person.

    Attributes:
        points: float64 [D, G], geodesic point similarity 0..1; 0 for people without points. None without a surface.
        masks: float64 [D, G], intersection over union of the bodies' pixels.
        boxes: float64 [D, G], of the boxes. Of a crowd, both are shares of the detection's area.
    """

    points: Floats | None
    masks: Floats
    boxes: Floats


def similarities(
    detections: Sequence[Instance],
    people: Sequence[Person],
    masks: Sequence[Mask],
    size: tuple[int, int],
    surface: Surface | None,
    kappa: Floats = OFFICIAL_KAPPA,
) -> Similarities:
    """Compare all detections with all people.

    Args:
        masks: of the people, `Person.mask`.
        size: height and width of the picture.
        surface: of the charts that points and detections are in; None where geodesic distances cannot be had.
        kappa: float64 [25], metres by part: how fast similarity falls with distance.
    """
    crowd = np.array([person.crowd for person in people], bool)
    boxes = np.array([corner_box(one) for one in detections]).reshape(-1, 4)
    return Similarities(
        points=None if surface is None else point_similarity(detections, people, surface, kappa),
        masks=overlaps([body(one, *size) for one in detections], masks, crowd),
        boxes=box_overlaps(boxes, np.array([person.box for person in people]).reshape(-1, 4), crowd),
    )


def point_similarity(
    detections: Sequence[Instance], people: Sequence[Person], surface: Surface, kappa: Floats
) -> Floats:
    """Geodesic point similarity, float64 [D, G]: the mean over a person's points p of exp(-g(p)^2 / (2 kappa^2)).

    g is the geodesic distance in metres between the point's place on the body and the one that the detection has at
    that pixel; infinite where the detection has no body, or the point lies outside its box.
    """
    table = np.zeros((len(detections), len(people)))
    pairs, parts, uvs, points = [], [], [], []
    for column, person in enumerate(people):
        if person.points is None or not len(person.points.part):
            continue
        for row, detection in enumerate(detections):
            part, uv = _at(detection, person.points.x, person.points.y)
            if part.any():  # else it is 0 whatever the distances
                pairs.append((row, column))
                parts.append(part)
                uvs.append(uv)
                points.append(person.points)
    if not pairs:
        return table
    truth_part = np.concatenate([one.part for one in points])
    truth = surface.nearest(truth_part, np.concatenate([one.uv for one in points]))
    found = surface.nearest(np.concatenate(parts), np.concatenate(uvs))
    similar = np.exp(-(surface.distances(truth, found) ** 2) / (2 * kappa[truth_part] ** 2))
    counts = np.array([len(one) for one in parts])
    rows, columns = np.array(pairs).T
    table[rows, columns] = np.add.reduceat(similar, np.cumsum(counts) - counts) / counts
    return table


def corner_box(detection: Instance) -> Floats:
    """float64 [4]: x, y, width, height of a detection, the sides subtracted in the float32 that they are found in."""
    x0, y0, x1, y1 = np.asarray(detection.box, np.float32)
    return np.array([x0, y0, x1 - x0, y1 - y0], np.float64)


def body(detection: Instance, height: int, width: int) -> Mask:
    """The pixels that a detection calls body, in a picture of [height, width]."""
    x, y, _, _ = detection.iuv_box
    return Mask.placed(detection.iuv[..., 0] > 0, x, y, height, width)


def box_overlaps(boxes: Floats, others: Floats, crowd: NDArray[np.bool_]) -> Floats:
    """Intersection over union, float64 [D, G], of boxes [D, 4] and [G, 4] (x, y, width, height); of a crowd, over the
    first box's own area."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, :2] + boxes[:, None, 2:], others[None, :, :2] + others[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=2)
    area, other = np.prod(boxes[:, 2:], axis=1)[:, None], np.prod(others[:, 2:], axis=1)[None]
    union = np.where(crowd, area, area + other - shared)
    return np.where(shared > 0, shared / np.where(shared > 0, union, 1.0), 0.0)


def _at(detection: Instance, x: Floats, y: Floats) -> tuple[NDArray[np.uint8], Floats]:
    """Part and U, V that a detection has at points of the picture; part 0 outside its box."""
    left, top, _, _ = corner_box(detection)
    column, row = (x - left).astype(np.int64), (y - top).astype(np.int64)
    height, width = detection.iuv.shape[:2]
    inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
    values = detection.iuv[np.where(inside, row, 0), np.where(inside, column, 0)]
    return np.where(inside, values[:, 0], 0).astype(np.uint8), values[:, 1:] / 255.0
