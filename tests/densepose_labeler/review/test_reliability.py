from __future__ import annotations

import pytest

from densepose_labeler.review.reliability import consistency, krippendorff_alpha
from densepose_labeler.review.store import SAME_MAPS, Judgment, Outcome

SWAPPED = {Outcome.LEFT: Outcome.RIGHT, Outcome.RIGHT: Outcome.LEFT, Outcome.TIE: Outcome.TIE}


def asked_twice(first: list[Outcome], second: list[Outcome]) -> list[Judgment]:
    """Repeats are shown with the sides swapped; `second` is said of the sides as they were at first."""
    rows = [Judgment(f"a{n}", "anna", f"i{n}", "a", "b", one, id=n) for n, one in enumerate(first)]
    return rows + [
        Judgment(f"b{n}", "anna", f"i{n}", "b", "a", SWAPPED[one], repeat_of=n, id=100 + n)
        for n, one in enumerate(second)
    ]


def test_kappa_is_cohens() -> None:
    left, right, tie = Outcome.LEFT, Outcome.RIGHT, Outcome.TIE
    first = [left] * 10 + [right] * 8 + [tie] * 2
    second = [left] * 8 + [right] * 2 + [right] * 7 + [left] + [tie] * 2
    found = consistency(asked_twice(first, second), "anna")
    observed, expected = 17 / 20, (10 * 9 + 8 * 9 + 2 * 2) / 400
    assert (found.repeats, found.agreed) == (20, observed)
    assert found.kappa == pytest.approx((observed - expected) / (1 - expected))


def test_without_repeats_nothing_is_known() -> None:
    assert consistency([], "anna").kappa is None
    always = consistency(asked_twice([Outcome.LEFT] * 3, [Outcome.LEFT] * 3), "anna")
    assert (always.agreed, always.kappa) == (1.0, None)
    assert consistency(asked_twice([Outcome.LEFT], [Outcome.LEFT]), "bert").repeats == 0


def test_alpha_compares_what_several_raters_judged() -> None:
    outcomes = [Outcome.LEFT, Outcome.RIGHT, Outcome.TIE, Outcome.LEFT]
    anna = [Judgment(f"a{n}", "anna", f"i{n}", "a", "b", one) for n, one in enumerate(outcomes)]
    bert = [Judgment(f"b{n}", "bert", f"i{n}", "b", "a", SWAPPED[one]) for n, one in enumerate(outcomes)]
    assert krippendorff_alpha([*anna, *bert]) == pytest.approx(1.0)
    contrary = [Judgment(f"c{n}", "bert", f"i{n}", "a", "b", SWAPPED[one]) for n, one in enumerate(outcomes)]
    disagreement = krippendorff_alpha([*anna, *contrary])
    assert disagreement is not None and disagreement < 0
    assert krippendorff_alpha(anna) is None
    assert (
        krippendorff_alpha([*anna, *(Judgment(f"d{n}", SAME_MAPS, f"i{n}", "a", "b", Outcome.TIE) for n in range(4))])
        is None
    )
