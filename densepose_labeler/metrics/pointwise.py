"""How far off the surface's coordinates are at single points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from densepose_labeler.metrics.annotations import Person
from densepose_labeler.metrics.surface import Surface
from manifests.iuv import IUV

Floats = NDArray[np.float64]

REACHES = {"auc10": 0.10, "auc30": 0.30}
"""Metres up to which the ratio of correct points is summed up."""


@dataclass(frozen=True, slots=True, eq=False)
class PointErrors:
    """The annotated points of one picture against a map.

    Attributes:
        part: uint8 [P], the true part, 1-24.
        right: bool [P], whether the map has that part there.
        u, v: float64 [P], absolute differences; meaningful where `right`.
        distance: float64 [P], geodesic, in metres; infinite off the body. None without a surface.
    """

    part: NDArray[np.uint8]
    right: NDArray[np.bool_]
    u: Floats
    v: Floats
    distance: Floats | None


def point_errors(iuv: IUV, people: Sequence[Person], surface: Surface | None) -> PointErrors:
    """Compare a picture's whole map (uint8 [H, W, 3]: part, U * 255, V * 255) with the points of its people."""
    points = [one.points for one in people if one.points is not None]
    part = np.concatenate([np.zeros(0, np.uint8), *(one.part for one in points)])
    uv = np.concatenate([np.zeros((0, 2)), *(one.uv for one in points)])
    x, y = (np.concatenate([np.zeros(0), *values]) for values in ([one.x for one in points], [one.y for one in points]))
    columns, rows = np.clip(x, 0, iuv.shape[1] - 1).astype(int), np.clip(y, 0, iuv.shape[0] - 1).astype(int)
    found = iuv[rows, columns]
    error = np.abs(found[:, 1:] / 255.0 - uv)
    distance = None
    if surface is not None:
        distance = surface.distances(surface.nearest(part, uv), surface.nearest(found[:, 0], found[:, 1:] / 255.0))
    return PointErrors(part, found[:, 0] == part, error[:, 0], error[:, 1], distance)


def area_under_curve(distance: Floats, reach: float) -> Floats:
    """Each point's share in the area under the curve of correct points, 0..1; the area is their mean.

    A point is correct from its own distance d on, so of the thresholds from 0 to a = `reach` the share (a - d) / a
    holds it correct: the mean of max(0, 1 - d / a) is 1/a times the integral of the ratio of correct points from 0 to
    a (Güler et al. 2018, section 4.1), with no steps to sum over.

    Args:
        distance: float64 [P], geodesic, in metres; may be infinite.
        reach: in metres.
    """
    return np.maximum(0.0, 1.0 - distance / reach)
