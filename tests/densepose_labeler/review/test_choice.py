from __future__ import annotations

import numpy as np

from densepose_labeler.review.choice import choose
from densepose_labeler.review.intervals import intervals, outlook
from densepose_labeler.review.ranking import fit
from densepose_labeler.review.session import Standing
from tests.densepose_labeler.review.test_ranking import judged


def standing(strengths: list[float], count: int) -> Standing:
    verdicts = judged(np.array(strengths), count, 0)
    ranking = fit(verdicts, len(strengths))
    names = tuple("abcdef"[: len(strengths)])
    return Standing(None, names, ranking, intervals(verdicts, ranking, replicates=50), outlook(ranking))


def test_a_clear_winner_is_the_only_choice() -> None:
    (only,) = choose(standing([2.0, 0.0, -0.5, -1.0], 800), dict.fromkeys("abcd", 400), {"a": 9.0, "b": 0.1})
    assert only.model == "a" and only.better == 0.5 and only.reasons[0].startswith("rank 1 of 4 (between 1 and 1)")
    assert "9.00 s an image" in only.reasons


def test_among_equals_the_quickest_comes_first() -> None:
    found = choose(standing([1.0, 1.0, -2.0, -2.0], 300), dict.fromkeys("abcd", 20), {"a": 2.0, "b": 0.5})
    assert [one.model for one in found] == ["b", "a"]
    assert any("20 verdicts only" in reason for reason in found[0].reasons)
