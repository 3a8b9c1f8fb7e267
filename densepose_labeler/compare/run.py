"""The comparison of a dataset's label sets as one step: tables, consensus, and a page to look at.

Everything lies in `<dataset>/compare`: agreement.parquet, figures.parquet, images.parquet (disagreement by image),
timing.json and report.html; the consensus itself is a label set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from densepose_labeler import zoo
from densepose_labeler.compare import timing
from densepose_labeler.compare.agreement import Agreement, PartMap, agreement
from densepose_labeler.compare.consensus import NAME, write_consensus
from densepose_labeler.compare.figures import Figures, as_table, figures, observe
from densepose_labeler.compare.likeness import Likeness, likeness
from densepose_labeler.compare.truth import Correlation, correlation, truth_iou
from densepose_labeler.config import LabelConfig
from densepose_labeler.planning import LabelError
from manifests import atomic
from manifests.reasons import ImageStatus

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
        correlation: of agreement with truth; None without ground truth.
        strata: image id -> stratum.
    """

    dataset: Path
    rows: tuple[Figures, ...]
    agreement: Agreement
    likeness: Likeness
    disagreement: Mapping[str, float]
    correlation: Correlation | None
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
    progress: Progress = lambda stage, done, total: None,
) -> Comparison:
    """Compare label sets over a split (or every kept image) and write the tables and the consensus.

    Args:
        models: label sets, at least two.
        truth: exact part maps by image id, for as many images as there are any.
        time_models: measure the seconds an image on this machine; else those of an earlier measurement are shown.

    Raises:
        LabelError: fewer than two label sets, or no such split.
        TruthError: a part map does not fit its picture.
    """
    if len(models) < 2:
        raise LabelError("a comparison needs two label sets at least: `vestiary label --models ...` makes them")
    strata = _strata(dataset, split)
    image_ids = sorted(strata)
    compared = agreement(dataset, models, image_ids, progress)
    write_consensus(dataset, models, image_ids, progress)
    if time_models:
        timing.measure(dataset, models, image_ids[:_TIMED], config, progress)
    seconds, seen = timing.median_seconds(dataset), observe(dataset, models, image_ids)
    exact = {name: truth_iou(dataset, name, truth or {}) for name in models}
    specs = zoo.load(config.zoo)
    rows = []
    for stratum in (None, *sorted(set(strata.values()))):
        ids = [one for one in image_ids if stratum in (None, strata[one])]
        for name in models:
            spec = specs.get(config.sets[name].base if name in config.sets else name)
            rows.append(figures(name, stratum, ids, seen[name], compared, exact[name], seconds.get(name), spec))
    rows.sort(key=lambda one: (one.stratum or "", -(one.consensus_part_iou or 0), one.model))
    disputed = _disagreement(compared)
    atomic.write_table(dataset / "compare" / "figures.parquet", as_table(rows))
    columns = {"image_id": list(disputed), "disagreement": pa.array(disputed.values(), pa.float32())}
    atomic.write_table(dataset / "compare" / "images.parquet", pa.table(columns))
    related = correlation(models, seen, exact) if truth else None
    return Comparison(dataset, tuple(rows), compared, likeness(compared), disputed, related, strata)


def _strata(dataset: Path, split: str | None) -> dict[str, str]:
    table = dataset / "images.parquet"
    if not table.is_file():
        raise LabelError(f"{dataset} has no images.parquet: it is not a dataset yet (`vestiary dataset` makes one)")
    rows = pq.read_table(table, columns=["image_id", "source", "gender", "status"]).to_pylist()
    strata = {one["image_id"]: f"{one['source']} {one['gender']}" for one in rows if one["status"] == ImageStatus.KEPT}
    if split is None:
        return strata
    file = dataset / "splits" / f"{split}.txt"
    if not file.is_file():
        there = ", ".join(sorted(path.stem for path in file.parent.glob("*.txt"))) or "none"
        raise LabelError(f"{dataset} has no split {split!r} (there are: {there})")
    return {one: strata.get(one, "unknown") for one in file.read_text().split()}


def _disagreement(compared: Agreement) -> dict[str, float]:
    upper = np.triu_indices(len(compared.models), 1)
    pairs = compared.difference[:, *upper]
    rows = zip(compared.image_ids, pairs, strict=True)
    means = {one: float(np.nanmean(row)) for one, row in rows if np.isfinite(row).any()}
    return dict(sorted(means.items(), key=lambda item: (-item[1], item[0])))


__all__ = ["NAME", "Comparison", "compare"]
