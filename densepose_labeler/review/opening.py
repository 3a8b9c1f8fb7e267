"""Opening a review of a dataset: which models, which images, which strata."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from densepose_labeler.compare.agreement import agreement
from densepose_labeler.review.session import ReviewError, Session
from densepose_labeler.review.store import JudgmentStore

Progress = Callable[[str, int, int], None]
STORE = Path("review") / "judgments.sqlite"
_NOT_A_MODEL = ("consensus",)


def labelled_sets(dataset: Path) -> list[str]:
    """Names of the label sets that hold labels, without those made of other label sets."""
    found = {path.parent.name for path in (dataset / "labels").glob("*/part-*.parquet")}
    return sorted(found.difference(_NOT_A_MODEL))


def open_session(
    dataset: Path,
    models: Sequence[str],
    split: str | None = None,
    seed: int = 0,
    progress: Progress = lambda stage, done, total: None,
) -> Session:
    """A session over label sets of a dataset, going on where the last one stopped.

    Args:
        models: label sets.
        split: only its images; every kept image when left out.

    Raises:
        ReviewError: there are fewer than two label sets, or the dataset has no such split.
    """
    table = dataset / "images.parquet"
    if not table.is_file():
        raise ReviewError(f"{dataset} has no images.parquet: it is not a dataset yet (`vestiary dataset` makes one)")
    frame = pq.read_table(table, columns=["image_id", "source", "gender", "status"]).to_pylist()
    strata = {row["image_id"]: f"{row['source']} {row['gender']}" for row in frame if row["status"] == "kept"}
    image_ids = list(strata)
    if split is not None:
        file = dataset / "splits" / f"{split}.txt"
        if not file.is_file():
            there = ", ".join(sorted(path.stem for path in file.parent.glob("*.txt"))) or "none"
            raise ReviewError(f"{dataset} has no split {split!r} (there are: {there})")
        image_ids = file.read_text().split()
    compared = agreement(dataset, models, image_ids, progress)
    return Session(compared, strata, JudgmentStore(dataset / STORE), seed)
