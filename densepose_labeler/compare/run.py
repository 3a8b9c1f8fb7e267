"""The comparison of a dataset's label sets as one step: tables, consensus, and a page to look at.

Everything lies in `<dataset>/compare`: agreement.parquet, figures.parquet, images.parquet (disagreement by image),
stability.parquet, timing.json and report.html; the consensus itself is a label set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from densepose_labeler import zoo
from densepose_labeler.compare import stability, timing
from densepose_labeler.compare.agreement import Agreement, agreement
from densepose_labeler.compare.consensus import NAME, write_consensus
from densepose_labeler.compare.figures import Figures, as_table, figures, observe
from densepose_labeler.compare.likeness import Likeness, likeness
from densepose_labeler.compare.strata import strata
from densepose_labeler.compare.truth import Correlation, correlation, truth_iou
from densepose_labeler.config import LabelConfig
from densepose_labeler.metrics.part_maps import PartMap
from densepose_labeler.planning import LabelError
from manifests import atomic

Progress = Callable[[str, int, int], None]
_TIMED = 5


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared.

    Attributes:
        dataset: the dataset directory.
        rows: figures of every model over all images, best agreement first; then by stratum.
        agreement: pairwise.
        likeness: the dendrogram.
        disagreement: image id -> mean difference over all pairs of models, most disputed first.
        correlation: of part IoU with the truth, that of part IoU with the consensus and that of the model's part IoU
            with itself on the mirrored picture; None without ground truth.
        strata: image id -> stratum.
    """

    dataset: Path
    rows: tuple[Figures, ...]
    agreement: Agreement
    likeness: Likeness
    disagreement: Mapping[str, float]
    correlation: tuple[Correlation, Correlation] | None
    strata: Mapping[str, str]

    @property
    def overall(self) -> tuple[Figures, ...]:
        """The rows over all images."""
        return tuple(one for one in self.rows if one.stratum is None)


def compare(
    dataset: Path,
    models: Sequence[str],
    config: LabelConfig,
    split: str | None = None,
    truth: Mapping[str, PartMap] | None = None,
    time_models: bool = False,
    stable_on: int = 0,
    progress: Progress = lambda stage, done, total: None,
) -> Comparison:
    """Compare label sets over a split (or every kept image) and write the tables and the consensus.

    Args:
        models: label sets, at least two.
        truth: exact part maps by image id, for as many images as there are any.
        time_models: measure the seconds an image on this machine; else those of an earlier measurement are shown.
        stable_on: measure each model's stability on so many images; what was measured earlier is shown in any case.

    Raises:
        LabelError: fewer than two label sets, or no such split.
        TruthError: a part map does not fit its picture.
    """
    if len(models) < 2:
        raise LabelError("a comparison needs two label sets at least: `vestiary label --models ...` makes them")
    stratum_of = strata(dataset, split)
    image_ids = sorted(stratum_of)
    compared = agreement(dataset, models, image_ids, progress)
    write_consensus(dataset, models, image_ids, progress)
    if time_models:
        timing.measure(dataset, models, image_ids[:_TIMED], config, progress)
    if stable_on:
        stability.measure(dataset, models, stability.sample(stratum_of, stable_on), config, progress)
    stable = stability.stability(dataset, models)
    seconds, seen = timing.median_seconds(dataset), observe(dataset, models, image_ids, progress)
    exact = {name: truth_iou(dataset, name, truth or {}) for name in models}
    specs = zoo.load(config.zoo)
    rows = []
    for stratum in (None, *sorted(set(stratum_of.values()))):
        ids = [one for one in image_ids if stratum in (None, stratum_of[one])]
        for name in models:
            spec = specs.get(config.sets[name].base if name in config.sets else name)
            rows.append(
                figures(name, stratum, ids, seen[name], compared, exact[name], stable[name], seconds.get(name), spec)
            )
    rows.sort(key=lambda one: (one.stratum or "", -(one.consensus_part_iou or 0), one.model))
    disputed = _disagreement(compared)
    atomic.write_table(dataset / "compare" / "figures.parquet", as_table(rows))
    columns = {"image_id": list(disputed), "disagreement": pa.array(disputed.values(), pa.float32())}
    atomic.write_table(dataset / "compare" / "images.parquet", pa.table(columns))
    agreed = {name: {one: found.found.part_iou for one, found in seen[name].items()} for name in models}
    itself = {name: {one: found.mirrored.part_iou for one, found in stable[name].items()} for name in models}
    related = (correlation(agreed, exact), correlation(itself, exact)) if truth else None
    return Comparison(dataset, tuple(rows), compared, likeness(compared), disputed, related, stratum_of)


def _disagreement(compared: Agreement) -> dict[str, float]:
    upper = np.triu_indices(len(compared.models), 1)
    pairs = compared.difference[:, *upper]
    rows = zip(compared.image_ids, pairs, strict=True)
    means = {one: float(np.nanmean(row)) for one, row in rows if np.isfinite(row).any()}
    return dict(sorted(means.items(), key=lambda item: (-item[1], item[0])))


__all__ = ["NAME", "Comparison", "compare"]
