"""Which images are compared or judged, and the stratum of each."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from densepose_labeler.planning import LabelError
from manifests.reasons import ImageStatus


def strata(dataset: Path, split: str | None) -> dict[str, str]:
    """Image id -> stratum (source and gender): of a split's images, or of every kept one.

    Raises:
        LabelError: there is no dataset, or no such split.
    """
    table = dataset / "images.parquet"
    if not table.is_file():
        raise LabelError(f"{dataset} has no images.parquet: it is not a dataset yet (`vestiary dataset` makes one)")
    rows = pq.read_table(table, columns=["image_id", "source", "gender", "status"]).to_pylist()
    kept = {one["image_id"]: f"{one['source']} {one['gender']}" for one in rows if one["status"] == ImageStatus.KEPT}
    if split is None:
        return kept
    file = dataset / "splits" / f"{split}.txt"
    if not file.is_file():
        there = ", ".join(sorted(path.stem for path in file.parent.glob("*.txt"))) or "none"
        raise LabelError(f"{dataset} has no split {split!r} (there are: {there})")
    return {one: kept.get(one, "unknown") for one in file.read_text().split()}
