"""Opening a review of a dataset: which models, which images, which strata."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from densepose_labeler.compare.agreement import agreement
from densepose_labeler.compare.strata import strata
from densepose_labeler.review.session import Session
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
        LabelError: there is no dataset, or it has no such split.
        ReviewError: there are fewer than two label sets.
    """
    stratum_of = strata(dataset, split)
    compared = agreement(dataset, models, stratum_of, progress)
    return Session(compared, stratum_of, JudgmentStore(dataset / STORE), seed)
