"""Part maps that are known to be right, and how well agreement foretells them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.stats import spearmanr

from densepose_labeler.compare.agreement import PartMap, joint_counts, part_iou, part_map
from manifests.labels import LabelSet
from manifests.palettes import PARULA
from manifests.reasons import LabelStatus


class TruthError(Exception):
    """Ground truth that cannot be read; the message says which file and why."""


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


def read_truth(folder: Path, image_ids: Iterable[str]) -> dict[str, PartMap]:
    """Part maps from `<image_id>.png` files: grey or palette pictures of part numbers 0-24, or colour pictures whose
    red channel is the part (the IUV layout).

    Raises:
        TruthError: the folder is not there, has a map of none of the images, or a file is no part map.
    """
    if not folder.is_dir():
        raise TruthError(f"there is no folder {folder}")
    found = {one: _read(path) for one in sorted(image_ids) if (path := folder / f"{one}.png").is_file()}
    if not found:
        raise TruthError(f"{folder} has a part map for none of the images: their names are <image_id>.png")
    return found


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


def _read(path: Path) -> PartMap:
    try:
        with Image.open(path) as picture:
            pixels = np.asarray(picture if picture.mode in ("P", "L") else picture.convert("RGB"))
    except (OSError, ValueError) as error:
        raise TruthError(f"{path} cannot be read as a part map: {error}") from error
    parts = np.ascontiguousarray(pixels if pixels.ndim == 2 else pixels[..., 0])
    if parts.dtype != np.uint8 or parts.max(initial=0) >= len(PARULA):
        raise TruthError(f"{path} is no part map: it has values above 24")
    return parts
