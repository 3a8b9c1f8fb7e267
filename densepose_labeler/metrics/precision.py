"""Average precision and recall over pictures, also over pictures counted several times or not at all.

COCO's definition: precision is made to fall with recall, and read at 101 values of recall.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from densepose_labeler.metrics.matching import THRESHOLDS, Matching

Floats = NDArray[np.float64]
_RECALLS = np.linspace(0.0, 1.0, 101)
_REPLICATES = 256
"""Weightings that are reckoned together: bounds memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Detections of all pictures.

    Attributes:
        scores: float64 [N].
        picture: int64 [N], index of the picture.
        hit, ignored: bool [T, N].
        wanted: int64 [pictures], people that should have been found.
    """

    scores: Floats
    picture: NDArray[np.int64]
    hit: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    wanted: NDArray[np.int64]

    @classmethod
    def gather(cls, matchings: Sequence[Matching], scores: Sequence[Floats]) -> Ranked:
        """Of the matchings of the pictures in order, and the scores of each one's detections, at least one picture."""
        return cls(
            scores=np.concatenate(scores),
            picture=np.repeat(np.arange(len(scores)), [len(one) for one in scores]),
            hit=np.concatenate([one.hit for one in matchings], axis=1),
            ignored=np.concatenate([one.ignored for one in matchings], axis=1),
            wanted=np.array([one.wanted for one in matchings], np.int64),
        )

    def choose(self, pictures: NDArray[np.int64]) -> Ranked:
        """Of some of the pictures, each once."""
        place = np.full(len(self.wanted), -1, np.int64)
        place[pictures] = np.arange(len(pictures))
        kept = place[self.picture] >= 0
        return Ranked(
            scores=self.scores[kept],
            picture=place[self.picture[kept]],
            hit=self.hit[:, kept],
            ignored=self.ignored[:, kept],
            wanted=self.wanted[pictures],
        )


def average(ranked: Ranked, weights: Floats) -> tuple[Floats, Floats]:
    """Average precision and recall at every threshold.

    Args:
        weights: float64 [B, pictures], how many times each picture counts in each of B weightings, whole numbers.

    Returns:
        precision, recall: float64 [B, T], 0..1; NaN where nobody was to be found.
    """
    order = np.argsort(-ranked.scores, kind="stable")
    precision, recall = (np.zeros((len(weights), len(ranked.hit))) for _ in range(2))
    for start in range(0, len(weights), _REPLICATES):
        rows = slice(start, start + _REPLICATES)
        wanted = weights[rows] @ ranked.wanted
        counted = weights[rows][:, ranked.picture[order]]
        for level, (hit, ignored) in enumerate(zip(ranked.hit[:, order], ranked.ignored[:, order], strict=True)):
            precision[rows, level], recall[rows, level] = _one(counted, hit & ~ignored, ~hit & ~ignored, wanted)
    return precision, recall


def _one(counted: Floats, right: NDArray[np.bool_], wrong: NDArray[np.bool_], wanted: Floats) -> tuple[Floats, Floats]:
    """At one threshold, of detections in descending score. Only those that are right change recall and can be a
    maximum of precision, so the others are only counted."""
    nobody = np.where(wanted > 0, 0.0, np.nan)
    if not right.any():
        return nobody, nobody.copy()
    true = np.cumsum(counted[:, right], axis=1)
    false = np.concatenate([np.zeros((len(counted), 1)), np.cumsum(counted[:, wrong], axis=1)], axis=1)
    false = false[:, np.cumsum(wrong)[right]]
    recall = true / np.where(wanted > 0, wanted, 1.0)[:, None]
    precision = true / (false + true + np.spacing(1))
    falling = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    reached = np.searchsorted(_RECALLS, recall, side="right")
    shares = np.diff(reached, axis=1, prepend=0) / len(_RECALLS)
    return nobody + (falling * shares).sum(axis=1), nobody + recall[:, -1]


def summary(ranked: Mapping[str, Ranked], weights: Floats) -> dict[str, Floats]:
    """AP and AR over 0.5:0.05:0.95, at 0.5 and 0.75, and for medium and large people.

    Args:
        ranked: by the names of `matching.AREAS`; only "all" must be there.
        weights: as in `average`.

    Returns:
        AP, AP50, AP75, APm, APl, AR, AR50, AR75, ARm, ARl: float64 [B] each, NaN where nobody was to be found.
    """
    figures = {}
    tables = {name: average(one, weights) for name, one in ranked.items()}
    for kind, name in enumerate(("AP", "AR")):
        everybody = tables["all"][kind]
        figures[name] = everybody.mean(axis=1)
        for threshold in (50, 75):
            figures[f"{name}{threshold}"] = everybody[:, int(np.abs(THRESHOLDS - threshold / 100).argmin())]
        for size in ("medium", "large"):
            if size in tables:
                figures[f"{name}{size[0]}"] = tables[size][kind].mean(axis=1)
    return figures
