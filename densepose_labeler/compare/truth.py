"""How good labels are where the truth is known, and how well agreement foretells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from densepose_labeler.metrics.part_maps import PartMap, TruthError, joint_counts, part_iou, part_map
from manifests.labels import LabelSet
from manifests.reasons import LabelStatus


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's rank correlation of something that needs no truth with part IoU with the truth; None if undefined.

    Attributes:
        over_models: of the models' means: does it find the better model?
        over_labels: of all labels, model by model on each image: does it find the better label?
        models, labels: how many there were of each.
    """

    over_models: float | None
    over_labels: float | None
    models: int
    labels: int


def truth_iou(dataset: Path, model: str, truth: Mapping[str, PartMap]) -> dict[str, float]:
    """Mean part IoU of one model's labels with the truth, by image id.

    Raises:
        TruthError: a map has another size than its picture.
    """
    labels = LabelSet(dataset / "labels" / model)
    known = labels.ids()
    scores = {}
    for image_id, exact in truth.items():
        row = labels.read(image_id) if image_id in known else None
        if row is not None and row.status != LabelStatus.ERROR:
            try:
                (counts,) = joint_counts([part_map(row), exact])
            except ValueError as error:
                raise TruthError(f"the part map of image {image_id} does not fit its picture: {error}") from error
            scores[image_id] = part_iou(counts)
    return scores


def correlation(foretold: Mapping[str, Mapping[str, float]], truth: Mapping[str, Mapping[str, float]]) -> Correlation:
    """How well something foretells quality.

    Args:
        foretold: model -> image id -> its value.
        truth: model -> image id -> `truth_iou`.
    """
    pairs = [
        [(values[one], exact) for one, exact in truth[name].items() if one in values]
        for name, values in foretold.items()
    ]
    means = [np.mean(one, axis=0) for one in pairs if one]
    labels = [pair for one in pairs for pair in one]
    return Correlation(_spearman(means), _spearman(labels), len(means), len(labels))


def _spearman(pairs: Sequence[Sequence[float]]) -> float | None:
    if len(pairs) < 3:
        return None
    agreed, exact = np.array(pairs, float).T
    if np.ptp(agreed) == 0 or np.ptp(exact) == 0:
        return None
    return float(spearmanr(agreed, exact).statistic)
