"""Figures of pictures together: counts, weightings, intervals; people by their boxes."""

from __future__ import annotations

import numpy as np
import pytest

from densepose_labeler.metrics.annotations import Person, Picture
from densepose_labeler.metrics.figures import by_part, draws, figures, overall
from densepose_labeler.metrics.people import Found, find
from densepose_labeler.metrics.tally import Tally, observe
from manifests.instances import Instance, flatten
from tests.densepose_labeler.metrics.made_up import detection, person, points, surface

BOX, ELSEWHERE = (4.0, 4.0, 20.0, 30.0), (30.0, 4.0, 20.0, 30.0)


def _tally(*pictures: tuple[list[Person], list[Instance], list[Instance]]) -> Tally:
    """People, what is found, and what should have been found in each picture."""
    seen = []
    for number, (people, found, truth) in enumerate(pictures):
        picture = Picture(number, f"{number}.png", 40, 60, tuple(people))
        masks = [one.mask(40, 60) for one in people]
        parts = np.ascontiguousarray(flatten(truth, 40, 60)[..., 0])
        seen.append(observe(picture, parts, masks, found, 0.5, surface(), True))
    return Tally.gather(seen)


SOMEBODY = person(BOX, points((2, 1.0, 10, 10), (2, 1.0, 20, 30)))
RIGHT = detection(BOX, 0.9, part=2, u=1.0)
WRONG = detection(BOX, 0.9, part=4, u=0.0)


def test_perfect_labels_have_perfect_figures() -> None:
    tally = _tally(([SOMEBODY], [RIGHT], [RIGHT]), ([], [], []))
    found = {name: float(one[0]) for name, one in figures(tally, np.ones((1, 2))).items()}
    best = {"people_found", "pictures_found", "foreground_iou", "part_iou", "accuracy", "common_accuracy",
            "point_accuracy", "auc10", "auc30", "gps_AP", "gpsm_AP", "iou_AP", "gps_AR75"}  # fmt: skip
    assert {name: found[name] for name in best} == pytest.approx(dict.fromkeys(best, 1.0))
    assert (found["nobody"], found["u_error"]) == (0.0, 0.0) and found["v_error"] == pytest.approx(0, abs=0.002)


def test_what_is_below_the_threshold_counts_for_average_precision_alone() -> None:
    tally = _tally(([SOMEBODY], [detection(BOX, 0.3, part=2, u=1.0)], [RIGHT]))
    found = {name: float(one[0]) for name, one in figures(tally, np.ones((1, 1))).items()}
    assert found["gps_AP"] == pytest.approx(1.0)
    assert (found["people_found"], found["foreground_iou"], found["auc30"]) == (0.0, 0.0, 0.0)
    assert np.isnan(found["nobody"]) and np.isnan(found["u_error"])


def test_a_wrong_part_by_hand() -> None:
    tally = _tally(([SOMEBODY], [WRONG], [RIGHT]), ([SOMEBODY], [RIGHT], [RIGHT]))
    found = {name: float(one[0]) for name, one in figures(tally, np.ones((1, 2))).items()}
    # part 2, U = 1 lies 2 + 1 steps of 10 cm from part 4, U = 0
    assert found["auc30"] == pytest.approx(0.5) and found["point_accuracy"] == 0.5
    assert found["foreground_iou"] == 1.0 and found["accuracy"] == 0.5
    assert found["part_iou"] == pytest.approx((0.5 + 0.0) / 2)
    parts = by_part(tally, draws(2, 50, 0))
    assert parts[1]["part_iou"].value == 0.5 and parts[1]["auc30"].value == pytest.approx(0.5)
    assert np.isnan(parts[6]["part_iou"].value) and parts[3]["part_iou"].value == 0.0


def test_weighting_is_choosing() -> None:
    tally = _tally(([SOMEBODY], [WRONG], [RIGHT]), ([SOMEBODY], [RIGHT], [RIGHT]), ([], [RIGHT], []))
    weighted = figures(tally, np.array([[0.0, 1.0, 1.0]]))
    chosen = figures(tally.choose(np.array([1, 2])), np.ones((1, 2)))
    for name, one in chosen.items():
        np.testing.assert_allclose(weighted[name], one, err_msg=name)


def test_intervals_hold_the_value_and_are_the_same_for_the_same_seed() -> None:
    tally = _tally(*[([SOMEBODY], [RIGHT if number % 3 else WRONG], [RIGHT]) for number in range(12)])
    found = overall(tally, draws(12, 300, 1))
    for name in ("part_iou", "accuracy", "auc30", "gps_AP", "point_accuracy"):
        assert found[name].low < found[name].value < found[name].high, name
    # two thirds of 12: a share's standard error is 0.136, its interval about twice that to each side
    assert found["accuracy"].low == pytest.approx(0.40, abs=0.05)
    assert found["accuracy"].high == pytest.approx(0.92, abs=0.05)
    assert repr(overall(tally, draws(12, 300, 1))) == repr(found)
    assert (draws(12, 300, 1).sum(axis=1) == 12).all() and not np.array_equal(draws(12, 300, 1), draws(12, 300, 2))


def test_people_by_their_boxes() -> None:
    two = [person(BOX), person(ELSEWHERE)]
    assert find([detection(BOX, 0.9)], two) == Found(2, 1, 1, 0, True)
    assert find([detection(BOX, 0.9), detection(BOX, 0.8)], two) == Found(2, 1, 2, 1, True)
    assert find([detection((0.0, 36.0, 5.0, 4.0), 0.9), detection(BOX, 0.8)], two) == Found(2, 1, 2, 1, False)
    assert find([], two) == Found(2, 0, 0, 0, False)
    assert find([detection(BOX, 0.9)], []) == Found(0, 0, 1, 1, False)
    assert find([detection(BOX, 0.9), detection(BOX, 0.8)], [person(BOX, crowd=True)]) == Found(0, 0, 2, 0, False)
    assert find([detection(ELSEWHERE, 0.7), detection(BOX, 0.9)], two) == Found(2, 2, 2, 0, True)
