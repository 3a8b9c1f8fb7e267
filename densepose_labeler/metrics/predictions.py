"""Labels of an evaluation set's pictures, made by the labelling job and kept in the cache.

The pictures are laid out as a dataset directory of links in `<cache>/evaluate/<set>`, so that labels are made as any
others: resumable, by weights and options, and not again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from densepose_labeler import job
from densepose_labeler.checkpoints import cache_directory
from densepose_labeler.config import LabelConfig
from densepose_labeler.label_sets import choose_devices, resolve
from densepose_labeler.metrics.evaluation_set import EvaluationSet
from densepose_labeler.metrics.matching import MOST_DETECTIONS
from manifests import atomic
from manifests.charts import Charts
from manifests.labels import LabelSet
from manifests.reasons import ImageStatus
from manifests.settings import fingerprint

LEAST_SCORE = 0.05
"""Average precision is reckoned of all detections above this score, as the published figures are."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Predictions:
    """One model's labels of a set.

    Attributes:
        model: label set.
        labels: of all detections above `LEAST_SCORE`.
        threshold: the score above which the model says that there is somebody.
        charts: whose U, V the labels have.
        images_per_second: in the longest run that made them, all detections labelled, loading apart; None if unknown.
        device: that they were made on.
        fingerprint: of model and options.
    """

    model: str
    labels: LabelSet
    threshold: float
    charts: Charts
    images_per_second: float | None
    device: str | None
    fingerprint: str


def predict(on: EvaluationSet, model: str, config: LabelConfig, progress: Progress) -> Predictions:
    """Label every picture of the set, or what is left of them.

    Raises:
        LabelError, WeightsMissing, CheckpointError: the model cannot be loaded.
        LabellingInterrupted: Ctrl-C; what was finished is kept.
    """
    root = _lay_out(on)
    (said,) = resolve([model], config)
    everything = {"score_threshold": min(LEAST_SCORE, said.options.score_threshold), "max_detections": MOST_DETECTIONS}
    wide = config.model_copy(update=everything)
    (resolved,) = resolve([model], wide)
    summary = job.label(
        root,
        [model],
        wide,
        image_ids=on.image_ids,
        progress=lambda stage, done, total: progress(f"{stage} {model}", done, total),
    )
    speed = _speed(root / "speed.json", model, resolved.fingerprint, summary, ", ".join(choose_devices(config.device)))
    return Predictions(
        model=model,
        labels=LabelSet(root / "labels" / model),
        threshold=said.options.score_threshold,
        charts=said.spec.charts,
        images_per_second=speed.get("images_per_second"),
        device=speed.get("device"),
        fingerprint=fingerprint([resolved.fingerprint, said.options.score_threshold]),
    )


def _lay_out(on: EvaluationSet) -> Path:
    """The set's dataset directory, with every picture that it ever had: those that it still has keep their labels."""
    root = cache_directory() / "evaluate" / re.sub(r"[^A-Za-z0-9._-]", "_", on.name)
    table = root / "images.parquet"
    rows = {row["image_id"]: row for row in pq.read_table(table).to_pylist()} if table.is_file() else {}
    known = len(rows)
    for picture, image_id in zip(on.pictures, on.image_ids, strict=True):
        source = on.path(picture).resolve()
        place = root / "images" / image_id[:2] / f"{image_id}{source.suffix.lower()}"
        if not place.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)  # a link to where the picture was
            try:
                os.symlink(source, place)
            except OSError:  # a file system without links
                shutil.copyfile(source, place)
        size = {"width": picture.width, "height": picture.height}
        rows[image_id] = {"image_id": image_id, **size, "status": ImageStatus.KEPT.value}
    if len(rows) > known:
        atomic.write_table(table, pa.Table.from_pylist([rows[one] for one in sorted(rows)]))
    return root


def _speed(path: Path, model: str, made_with: str, summary: job.LabelSummary, device: str) -> dict[str, Any]:
    """What is known of how fast these labels were made: the longest run's figure."""
    known: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.is_file() else {}
    if known.get(model, {}).get("fingerprint") != made_with:
        known[model] = {}
    if summary.labelled > known[model].get("images", 0):
        seconds = summary.seconds.total - summary.seconds.loading
        known[model] = {
            "fingerprint": made_with,
            "images": summary.labelled,
            "device": device,
            "images_per_second": round(summary.labelled / max(seconds, 1e-6), 3),
        }
        atomic.write_json(path, known)
    return known[model]
