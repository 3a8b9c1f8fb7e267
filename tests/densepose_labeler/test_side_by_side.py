from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from densepose_labeler.side_by_side import SideBySide, available_cores
from manifests.instances import Instance


def _image(number: int) -> np.ndarray:
    return np.full((2, 2, 3), number, np.uint8)


def test_results_keep_the_order_and_torch_its_threads() -> None:
    seen: list[tuple[str, int, int]] = []

    def labeller(images: Sequence[np.ndarray]) -> list[tuple[Instance, ...]]:
        seen.append((threading.current_thread().name, torch.get_num_threads(), len(images)))
        torch.ones(200, 200) @ torch.ones(200, 200)
        iuv = np.zeros((1, 1, 3), np.uint8)
        return [(Instance((0, 0, 1, 1), float(image[0, 0, 0]), (0, 0, 1, 1), iuv),) for image in images]

    before = torch.get_num_threads()
    with SideBySide(3) as side_by_side:
        found = side_by_side.wrap(labeller)([_image(n) for n in range(20)])
    assert [people[0].score for people in found] == list(range(20))
    assert all(name.startswith("infer") and threads == 1 and count == 1 for name, threads, count in seen)
    assert torch.get_num_threads() == before
    assert not any(one.name.startswith("infer") for one in threading.enumerate())


def test_an_error_in_a_thread_is_raised_here() -> None:
    def labeller(images: Sequence[np.ndarray]) -> list[tuple[Instance, ...]]:
        raise ValueError("no such picture")

    with SideBySide() as side_by_side, pytest.raises(ValueError, match="no such picture"):
        side_by_side.wrap(labeller)([_image(1)])
    assert side_by_side.threads == available_cores() >= 1
