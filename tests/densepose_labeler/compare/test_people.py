from __future__ import annotations

import numpy as np
import pytest

from densepose_labeler.compare.people import box_iou, match
from manifests.instances import Instance


def person(x: int, score: float, width: int = 10) -> Instance:
    return Instance((x, 0, x + width, 20), score, (x, 0, width, 20), np.zeros((20, width, 3), np.uint8))


def test_iou() -> None:
    assert box_iou((0, 0, 4, 4), (2, 0, 6, 4)) == pytest.approx(8 / 24)
    assert box_iou((0, 0, 4, 4), (4, 0, 8, 4)) == 0 and box_iou((1, 1, 1, 1), (1, 1, 1, 1)) == 0


def test_models_see_the_same_people() -> None:
    a = [person(0, 0.9), person(40, 0.8)]
    b = [person(41, 0.95), person(1, 0.6), person(80, 0.5)]
    found = match({"a": a, "b": b, "c": []})
    assert [dict(one.seen_by) for one in found] == [{"b": b[0], "a": a[1]}, {"a": a[0], "b": b[1]}, {"b": b[2]}]


def test_a_model_has_one_instance_a_person() -> None:
    twice = [person(0, 0.9), person(1, 0.8)]
    found = match({"a": twice, "b": [person(0, 0.7)]})
    assert sorted(len(one.seen_by) for one in found) == [1, 2]
