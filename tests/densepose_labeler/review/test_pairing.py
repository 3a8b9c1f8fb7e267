from __future__ import annotations

import numpy as np
import pytest

from densepose_labeler.review.pairing import REPEATED, Pairing
from densepose_labeler.review.ranking import LEFT, TIE, Verdicts, fit

MODELS, IMAGES = 6, 8


def verdicts(rows: list[tuple[int, int, int, int]]) -> Verdicts:
    return Verdicts(*np.array(rows, np.int64).reshape(-1, 4).T)


def differing(value: float = 0.2) -> np.ndarray:
    return np.full((IMAGES, MODELS, MODELS), value)


def walk(pairing: Pairing, count: int, outcome: int = LEFT) -> list[tuple[int, int, int, int]]:
    """Judge so many questions, each with the same outcome."""
    rows: list[tuple[int, int, int, int]] = []
    for _ in range(count):
        question = pairing.next(verdicts(rows), fit(verdicts(rows), MODELS), range(len(rows)))
        if question is None:
            break
        rows.append((question.left, question.right, outcome if question.answer is None else TIE, question.image))
    return rows


def test_the_same_verdicts_lead_to_the_same_question() -> None:
    strata = np.arange(IMAGES) % 2
    assert walk(Pairing(differing(), strata, 1), 30) == walk(Pairing(differing(), strata, 1), 30)
    assert walk(Pairing(differing(), strata, 1), 30) != walk(Pairing(differing(), strata, 2), 30)


def test_new_questions_are_new_and_repeats_swap_the_sides() -> None:
    pairing, rows, repeats = Pairing(differing(), np.zeros(IMAGES, int)), [], 0
    for _ in range(100):
        question = pairing.next(verdicts(rows), fit(verdicts(rows), MODELS), range(len(rows)))
        assert question is not None and question.left != question.right
        asked = {(min(a, b), max(a, b), image) for a, b, _, image in rows}
        pair = (min(question.left, question.right), max(question.left, question.right), question.image)
        if question.repeat_of is None:
            assert pair not in asked and 0 < question.pair_probability <= 1
        else:
            first = rows[question.repeat_of]
            assert (question.left, question.right, question.image) == (first[1], first[0], first[3])
            assert len(rows) - question.repeat_of >= 8 and question.pair_probability == 0
            repeats += 1
        rows.append((question.left, question.right, LEFT, question.image))
    assert 0.3 * REPEATED < repeats / 100 < 2.5 * REPEATED


def test_all_pairs_come_to_an_end() -> None:
    pairing = Pairing(np.full((2, 3, 3), 0.2), np.zeros(2, int))
    rows: list[tuple[int, int, int, int]] = []
    while (question := pairing.next(verdicts(rows), fit(verdicts(rows), 3), ())) is not None:
        rows.append((question.left, question.right, TIE, question.image))
    assert len(rows) == 6  # three pairs on two images


def test_models_without_common_images_are_never_paired() -> None:
    difference = differing()
    difference[:, 0, 1] = difference[:, 1, 0] = np.nan
    difference[3] = np.nan
    for left, right, _, image in walk(Pairing(difference, np.zeros(IMAGES, int)), 60):
        assert {left, right} != {0, 1} and image != 3
    with pytest.raises(ValueError, match="no image is labelled by two"):
        Pairing(np.full((2, 2, 2), np.nan), np.zeros(2, int))


def test_maps_that_are_the_same_to_the_eye_are_ties() -> None:
    difference = differing()
    difference[:, 0, 1] = difference[:, 1, 0] = 0.004
    pairing, rows = Pairing(difference, np.zeros(IMAGES, int)), []
    for _ in range(80):
        question = pairing.next(verdicts(rows), fit(verdicts(rows), MODELS), ())
        assert question is not None
        assert (question.answer == TIE) == ({question.left, question.right} == {0, 1})
        rows.append((question.left, question.right, TIE, question.image))


def test_strata_are_judged_alike_and_images_that_differ_more_come_first() -> None:
    strata = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    difference = differing(0.01)
    difference[5] = 0.9
    images = np.array([row[3] for row in walk(Pairing(difference, strata), 40)])
    assert 0.6 < (strata[images] == 0).mean() < 0.9  # six of eight images
    assert (images == 5).sum() > (images == 4).sum()


def shown_of(models: int, count: int) -> np.ndarray:
    """How often each model is shown when the lower number is the better model by one."""
    random, rows = np.random.default_rng(0), []
    pairing = Pairing(np.full((50, models, models), 0.2), np.zeros(50, int))
    for _ in range(count):
        question = pairing.next(verdicts(rows), fit(verdicts(rows), models), ())
        assert question is not None
        better = question.left if random.random() < 1 / (1 + np.exp(question.left - question.right)) else question.right
        rows.append((question.left, question.right, 2 * int(better == question.right), question.image))
    return np.bincount(np.array(rows)[:, :2].ravel(), minlength=models)


def test_of_few_models_the_better_half_is_told_apart() -> None:
    shown = shown_of(5, 120)
    assert shown[1:3].mean() > 1.5 * shown[3:].mean() and shown.argmin() == 4


def test_verdicts_gather_around_the_border_of_the_best() -> None:
    shown = shown_of(12, 250)
    assert shown[2:6].mean() > 2 * shown[8:].mean()
