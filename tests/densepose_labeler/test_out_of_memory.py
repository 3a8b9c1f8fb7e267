from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from densepose_labeler.out_of_memory import Halving
from densepose_labeler.planning import LabelError
from manifests.instances import Instance


class Small:
    """A labeller on a device that holds `room` pictures."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.batches: list[int] = []

    def __call__(self, images: Sequence[np.ndarray]) -> list[tuple[Instance, ...]]:
        self.batches.append(len(images))
        if len(images) > self.room:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        iuv = np.zeros((1, 1, 3), np.uint8)
        return [(Instance((0, 0, 1, 1), float(image[0, 0, 0]), (0, 0, 1, 1), iuv),) for image in images]


def _images(number: int) -> list[np.ndarray]:
    return [np.full((2, 2, 3), n, np.uint8) for n in range(number)]


def test_the_batch_is_halved_until_it_fits_and_stays_so() -> None:
    device = Small(room=2)
    labeller = Halving(device)
    assert [people[0].score for people in labeller(_images(8))] == list(range(8))
    assert device.batches == [8, 4, 2, 2, 2, 2] and labeller.size == 2
    device.batches.clear()
    assert [people[0].score for people in labeller(_images(5))] == list(range(5))
    assert device.batches == [2, 2, 1]


def test_nothing_changes_where_there_is_room() -> None:
    device = Small(room=8)
    labeller = Halving(device)
    assert len(labeller(_images(8))) == 8 and labeller([]) == []
    assert device.batches == [8] and labeller.size is None


def test_memory_for_less_than_one_picture_says_what_to_do() -> None:
    with pytest.raises(LabelError, match=r"does not hold a single picture.*finished parts are kept"):
        Halving(Small(room=0))(_images(3))


def test_other_errors_are_not_taken_for_it() -> None:
    def broken(images: Sequence[np.ndarray]) -> list[tuple[Instance, ...]]:
        raise RuntimeError("shape")

    with pytest.raises(RuntimeError, match="shape"):
        Halving(broken)(_images(2))
