"""Average precision and recall."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from densepose_labeler.metrics.matching import Matching
from densepose_labeler.metrics.precision import Ranked, average, summary


def _ranked(*pictures: tuple[list[float], list[bool], int]) -> Ranked:
    """Scores and hits of each picture's detections, the same at every threshold, and people wanted."""
    matchings = [
        Matching(np.tile(np.array(hits, bool), (10, 1)), np.zeros((10, len(hits)), bool), wanted)
        for _, hits, wanted in pictures
    ]
    return Ranked.gather(matchings, [np.array(scores, float) for scores, _, _ in pictures])


def _precision(ranked: Ranked) -> float:
    return float(average(ranked, np.ones((1, len(ranked.wanted))))[0][0, 0])


def test_by_hand() -> None:
    # right, wrong, right of two people: precision 1 up to recall 0.5 (51 of the 101 values), then 2/3
    ranked = _ranked(([0.9, 0.8, 0.7], [True, False, True], 2))
    assert _precision(ranked) == pytest.approx((51 + 50 * 2 / 3) / 101, abs=1e-12)
    assert average(ranked, np.ones((1, 1)))[1][0, 0] == 1.0


def test_precision_never_falls_below_what_a_higher_recall_has() -> None:
    ranked = _ranked(([0.9, 0.8, 0.7], [False, True, True], 2))
    assert _precision(ranked) == pytest.approx(2 / 3, abs=1e-12)


def test_people_who_are_missed_cost_recall() -> None:
    ranked = _ranked(([0.9], [True], 1), ([], [], 3))
    assert _precision(ranked) == pytest.approx(26 / 101, abs=1e-12)  # recalls 0 to 0.25
    assert average(ranked, np.ones((1, 2)))[1][0, 0] == 0.25


def test_perfect_and_hopeless_and_nothing() -> None:
    assert _precision(_ranked(([0.9, 0.8], [True, True], 2), ([0.1], [True], 1))) == pytest.approx(1.0)
    assert _precision(_ranked(([0.9], [False], 2))) == 0.0
    assert _precision(_ranked(([], [], 2))) == 0.0
    assert np.isnan(_precision(_ranked(([0.9], [False], 0))))
    assert np.isnan(_precision(_ranked(([], [], 0))))


def test_what_is_ignored_counts_neither_for_nor_against() -> None:
    ranked = _ranked(([0.9, 0.8], [True, True], 1))
    ranked.ignored[:, 0] = True
    assert _precision(ranked) == pytest.approx(1.0)


_PICTURES = st.lists(
    st.lists(st.tuples(st.integers(1, 9).map(lambda score: score / 10), st.booleans()), max_size=4).map(
        lambda found: ([one for one, _ in found], [hit for _, hit in found], sum(hit for _, hit in found) + 1)
    ),
    min_size=1,
    max_size=5,
)


@settings(deadline=None)
@given(_PICTURES, st.data())
def test_a_picture_that_counts_twice_is_two_pictures(
    pictures: list[tuple[list[float], list[bool], int]], data: st.DataObject
) -> None:
    # scores of different pictures differ, because among equals their order matters
    pictures = [
        ([one + 0.001 * n for one in scores], hits, wanted) for n, (scores, hits, wanted) in enumerate(pictures)
    ]
    times = data.draw(st.lists(st.integers(0, 3), min_size=len(pictures), max_size=len(pictures)))
    weighted = average(_ranked(*pictures), np.array([times], float))
    repeated = [one for one, count in zip(pictures, times, strict=True) for _ in range(count)]
    if repeated:
        expected = average(_ranked(*repeated), np.ones((1, len(repeated))))
        # two right ones of one score in one picture are the same whichever is first; a right and a wrong are not
        if all(len(set(scores)) == len(scores) for scores, _, _ in pictures):
            np.testing.assert_allclose(weighted, expected, atol=1e-12)
    else:
        assert np.isnan(weighted[0]).all()


@settings(deadline=None)
@given(_PICTURES, st.randoms(use_true_random=False))
def test_the_order_of_pictures_does_not_matter(
    pictures: list[tuple[list[float], list[bool], int]], random: object
) -> None:
    pictures = [
        ([one + 0.001 * n for one in scores], hits, wanted) for n, (scores, hits, wanted) in enumerate(pictures)
    ]
    shuffled = list(pictures)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    ones = np.ones((1, len(pictures)))
    np.testing.assert_allclose(average(_ranked(*pictures), ones), average(_ranked(*shuffled), ones), atol=1e-12)


def test_choosing_pictures_is_weighing_the_others_nothing() -> None:
    ranked = _ranked(([0.9, 0.4], [True, False], 1), ([0.8], [False], 2), ([0.7, 0.6], [True, True], 2))
    chosen = ranked.choose(np.array([0, 2]))
    np.testing.assert_allclose(average(chosen, np.ones((1, 2))), average(ranked, np.array([[1.0, 0.0, 1.0]])))


def test_the_summary_reads_the_right_thresholds() -> None:
    hit = np.zeros((10, 1), bool)
    hit[:6] = True  # 0.5 to 0.75
    ranked = Ranked.gather([Matching(hit, np.zeros((10, 1), bool), 1)], [np.array([0.9])])
    found = {name: float(one[0]) for name, one in summary({"all": ranked}, np.ones((1, 1))).items()}
    assert found == pytest.approx({"AP": 0.6, "AP50": 1, "AP75": 1, "AR": 0.6, "AR50": 1, "AR75": 1})
