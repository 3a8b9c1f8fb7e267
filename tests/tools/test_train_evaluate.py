from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from manifests.instances import Instance
from tests.tools.figures import figure
from tools.train.evaluate import Scores, box_overlaps, group_names
from tools.train.shards import Sample
from tools.train.targets import scene


def truth_as_prediction(sample: Sample, score: float = 0.9) -> Instance:
    x0, y0, x1, y1 = (int(value) for value in scene(sample).boxes[0])
    return Instance((x0, y0, x1, y1), score, (x0, y0, x1 - x0, y1 - y0), sample.iuv[y0:y1, x0:x1].copy())


@pytest.fixture
def sample() -> Sample:
    return figure(np.random.default_rng(0))


def test_the_truth_scores_one(sample: Sample) -> None:
    scores = Scores()
    scores.add(sample, (truth_as_prediction(sample),))
    figures = scores.figures()
    for name in ("pictures_person_found", "people_found", "foreground_iou", "mean_part_iou", "part_accuracy"):
        assert figures[name] == 1.0, name
    assert figures["u_error"] == figures["v_error"] == 0 and figures["extra_detections"] == 0


def test_a_missed_person_counts(sample: Sample) -> None:
    scores = Scores()
    scores.add(sample, ())
    figures = scores.figures()
    assert figures["pictures_person_found"] == 0 and figures["foreground_iou"] == 0 and figures["part_accuracy"] == 0


def test_a_detection_beside_the_person_is_extra(sample: Sample) -> None:
    nowhere = Instance((0, 0, 5, 5), 0.99, (0, 0, 5, 5), np.zeros((5, 5, 3), np.uint8))
    scores = Scores()
    scores.add(sample, (nowhere, truth_as_prediction(sample, 0.6)))
    figures = scores.figures()
    assert figures["people_found"] == 1.0 and figures["extra_detections"] == 1
    assert figures["pictures_person_found"] == 0.0  # the surest one counts


def test_detections_in_pictures_of_nobody(sample: Sample) -> None:
    empty = replace(sample, iuv=np.zeros_like(sample.iuv), instance=np.zeros_like(sample.instance))
    scores = Scores()
    scores.add(empty, (truth_as_prediction(sample),))
    scores.add(empty, ())
    figures = scores.figures()
    assert (figures["empty_pictures"], figures["empty_pictures_with_detections"]) == (2, 1)


def test_wrong_parts_lower_the_part_iou_but_not_the_foreground(sample: Sample) -> None:
    right = truth_as_prediction(sample)
    swapped = right.iuv.copy()
    swapped[..., 0][right.iuv[..., 0] == 9] = 10
    scores = Scores()
    scores.add(sample, (replace(right, iuv=swapped),))
    figures = scores.figures()
    count = np.bincount(sample.iuv[..., 0].ravel(), minlength=25)
    assert figures["foreground_iou"] == 1.0
    assert scores.part_iou[9] == 0
    assert scores.part_iou[10] == pytest.approx(count[10] / (count[9] + count[10]))
    assert figures["part_accuracy"] == pytest.approx(1 - count[9] / count[1:].sum(), abs=1e-4)


def test_box_overlaps() -> None:
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], np.float32)
    assert np.allclose(box_overlaps(boxes[0], boxes), [1, 1 / 3, 0])


@pytest.mark.parametrize(
    ("yaw", "view"),
    [(0.3, "front"), (-1.5, "side"), (2.0, "side"), (3.1, "back"), (-3.1, "back"), (6.2, "front"), (3.8, "back")],
)
def test_views_follow_the_turn_to_the_camera(yaw: float, view: str) -> None:
    assert group_names({"framing": "full", "yaw": yaw, "persons": [{}]}) == ["framing: full", f"view: {view}"]


def test_groups_of_other_pictures() -> None:
    assert group_names({}) == []
    assert group_names({"persons": [], "framing": "none", "yaw": 0.0}) == ["nobody"]
    assert group_names({"persons": [{}, {}], "framing": "legs", "yaw": 0.0}) == ["framing: legs", "several people"]


def test_a_set_without_people_has_figures(sample: Sample) -> None:
    empty = replace(sample, iuv=np.zeros_like(sample.iuv), instance=np.zeros_like(sample.instance))
    scores = Scores()
    scores.add(empty, ())
    assert scores.figures()["mean_part_iou"] == 0
