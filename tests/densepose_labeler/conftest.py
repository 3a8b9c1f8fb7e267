from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.densepose_labeler.small_world import World, make_world


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = make_world(tmp_path)
    monkeypatch.setenv("VESTIARY_CACHE", str(made.cache))
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # sums are made in another order by two threads
    yield made
    torch.set_num_threads(before)
