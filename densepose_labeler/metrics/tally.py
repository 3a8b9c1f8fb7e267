"""Everything that is counted in pictures, picture by picture, so that figures of any choice of pictures follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from densepose_labeler.metrics.annotations import Picture
from densepose_labeler.metrics.masks import Mask
from densepose_labeler.metrics.part_maps import PartMap, joint_counts
from densepose_labeler.metrics.people import Found, Matched, find, matched
from densepose_labeler.metrics.pointwise import REACHES, PointErrors, area_under_curve, point_errors
from densepose_labeler.metrics.precision import Ranked
from densepose_labeler.metrics.similarity import OFFICIAL_KAPPA
from densepose_labeler.metrics.surface import Surface
from manifests.instances import Instance, flatten

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Observation:
    """One model on one picture; None where the picture has no such truth."""

    confusion: NDArray[np.int64] | None
    found: Found | None
    matched: Matched | None
    points: PointErrors | None


def observe(
    picture: Picture,
    truth: PartMap | None,
    masks: Sequence[Mask],
    instances: Sequence[Instance],
    threshold: float,
    surface: Surface | None,
    same_charts: bool,
    kappa: Floats = OFFICIAL_KAPPA,
) -> Observation:
    """Hold the labels of one picture against its truth.

    Args:
        truth: uint8 [H, W], its parts; None where there is no map.
        masks: of its people.
        instances: all that the model found; those of a score above `threshold` count as said, the others are what
            average precision needs beside them.
        surface: None where geodesic distances cannot be had.
        same_charts: whether U, V of model and truth are in the same charts.
        kappa: float64 [25], metres by part, `similarity.OFFICIAL_KAPPA` or `PAPER_KAPPA`.
    """
    said = [one for one in instances if one.score > threshold]
    drawn = flatten(said, picture.height, picture.width)
    confusion = None
    if truth is not None:
        (confusion,) = joint_counts([truth, np.ascontiguousarray(drawn[..., 0])])
    if picture.people is None:
        return Observation(confusion, None, None, None)
    return Observation(
        confusion=confusion,
        found=find(said, picture.people),
        matched=matched(instances, picture.people, masks, (picture.height, picture.width), surface, kappa),
        points=point_errors(drawn, picture.people, surface) if same_charts else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Counts of one model over n pictures; None where there is no such truth.

    Attributes:
        confusion: int64 [n, 25, 25], pixels by true and predicted part.
        found: name of `Found` -> int64 [n].
        points: "points", "right", "u", "v", "auc10", "auc30" -> float64 [n, 25], sums over points by true part.
        ranked: likeness ("gps", "gpsm", "iou") -> size of person ("all", "medium", "large") -> detections.
    """

    confusion: NDArray[np.int64] | None
    found: Mapping[str, NDArray[np.int64]] | None
    points: Mapping[str, Floats] | None
    ranked: Mapping[str, Mapping[str, Ranked]]

    @classmethod
    def gather(cls, observations: Sequence[Observation]) -> Tally:
        """Of all pictures in order, at least one; they agree in what truth there is."""
        first = observations[0]
        confusion = found = points = None
        ranked = {}
        if first.confusion is not None:
            confusion = np.stack([one.confusion for one in observations if one.confusion is not None])
        if first.found is not None:
            every = [one.found for one in observations if one.found is not None]
            found = {
                name: np.array([getattr(one, name) for one in every], np.int64) for name in Found.__dataclass_fields__
            }
        if first.points is not None:
            sums = [_sums(one.points) for one in observations if one.points is not None]
            points = {name: np.stack([one[name] for one in sums]) for name in sums[0]}
        if first.matched is not None:
            whole = [one.matched for one in observations if one.matched is not None]
            scores = [one.scores for one in whole]
            ranked = {
                likeness: {
                    area: Ranked.gather([one.matchings[likeness][area] for one in whole], scores) for area in areas
                }
                for likeness, areas in first.matched.matchings.items()
            }
        return cls(confusion, found, points, ranked)

    def choose(self, pictures: NDArray[np.int64]) -> Tally:
        """Of some of the pictures."""
        return Tally(
            confusion=None if self.confusion is None else self.confusion[pictures],
            found=None if self.found is None else {name: one[pictures] for name, one in self.found.items()},
            points=None if self.points is None else {name: one[pictures] for name, one in self.points.items()},
            ranked={
                likeness: {area: one.choose(pictures) for area, one in areas.items()}
                for likeness, areas in self.ranked.items()
            },
        )

    def narrowed(self, likenesses: Sequence[str], areas: Sequence[str]) -> Tally:
        """With average precision of some kinds alone, which is what takes time."""
        kept = {
            likeness: {area: ranked[area] for area in areas}
            for likeness, ranked in self.ranked.items()
            if likeness in likenesses
        }
        return replace(self, ranked=kept)


def _sums(errors: PointErrors) -> dict[str, Floats]:
    def summed(values: NDArray[np.generic] | None) -> Floats:
        return np.bincount(errors.part, values, 25).astype(np.float64)

    sums = {
        "points": summed(None),
        "right": summed(errors.right),
        "u": summed(np.where(errors.right, errors.u, 0.0)),
        "v": summed(np.where(errors.right, errors.v, 0.0)),
    }
    if errors.distance is not None:
        sums |= {name: summed(area_under_curve(errors.distance, reach)) for name, reach in REACHES.items()}
    return sums
