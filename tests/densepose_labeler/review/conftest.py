from __future__ import annotations

from pathlib import Path

import pytest

from densepose_labeler.review.opening import open_session
from densepose_labeler.review.session import Session
from tests.densepose_labeler.labelled import write_models

MODELS = {"clean": 0.0, "twin": 0.0, "grainy": 0.1, "noisy": 0.6}
"""Models by the share of the foreground that they spoil; the first two make the same maps."""


@pytest.fixture()
def dataset(tmp_path: Path) -> Path:
    write_models(tmp_path / "set", MODELS)
    return tmp_path / "set"


@pytest.fixture()
def session(dataset: Path) -> Session:
    return open_session(dataset, list(MODELS), "eval")
