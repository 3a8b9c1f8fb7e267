from __future__ import annotations

import numpy as np
import pytest

from densepose_labeler.review.posterior import sample
from densepose_labeler.review.ranking import LEFT, RIGHT, TIE, Verdicts, fit
from tests.densepose_labeler.review.test_ranking import judged

STRENGTHS = np.array([2.0, 1.0, 0.0, -1.0, -2.0])


@pytest.mark.parametrize("log_tie", [-20.0, 0.0])
def test_many_verdicts_give_the_shares_back(log_tie: float) -> None:
    half = np.exp((STRENGTHS[:, None] - STRENGTHS) / 2)
    tie = np.exp(log_tie)
    wins = (half + tie / 2) / (half + 1 / half + tie)
    expected = (wins.sum(axis=1) - 0.5) / 4
    verdicts = judged(STRENGTHS, 4000, 1, log_tie)
    found = sample(verdicts, fit(verdicts, 5), 300)
    np.testing.assert_allclose(found.win_share.mean(axis=0), expected, atol=0.025)
    assert (found.win_share.std(axis=0) < 0.02).all()
    np.testing.assert_allclose(found.strengths.mean(axis=1), 0, atol=1e-9)


def test_without_verdicts_every_model_may_be_anything() -> None:
    nothing = np.zeros(0, np.int64)
    verdicts = Verdicts(nothing, nothing, nothing, nothing)
    found = sample(verdicts, fit(verdicts, 4), 1000)
    np.testing.assert_allclose(found.win_share.mean(axis=0), 0.5, atol=0.05)
    assert (np.percentile(found.win_share, 95, axis=0) - np.percentile(found.win_share, 5, axis=0) > 0.4).all()


def test_who_lost_all_of_few_verdicts_may_be_far_below_but_not_far_above() -> None:
    rest = judged(STRENGTHS[:4] / 2, 600, 2)
    lost = np.full(8, RIGHT)
    verdicts = Verdicts(
        np.append(rest.left, np.full(8, 4)), np.append(rest.right, np.arange(8) % 4),
        np.append(rest.outcome, lost), np.append(rest.image, 1000 + np.arange(8)),
    )  # fmt: skip
    strengths = sample(verdicts, fit(verdicts, 5), 1000).strengths[:, 4]
    low, middle, high = np.percentile(strengths, [2.5, 50, 97.5])
    assert middle - low > 1.2 * (high - middle)


def test_sides_do_not_matter_and_the_seed_does() -> None:
    verdicts = judged(STRENGTHS, 200, 3, 0.0)
    swapped = Verdicts(verdicts.right, verdicts.left, 2 - verdicts.outcome, verdicts.image)
    ranking = fit(verdicts, 5)
    one, same, other = sample(verdicts, ranking, 50), sample(swapped, ranking, 50), sample(verdicts, ranking, 50, 1)
    np.testing.assert_array_equal(one.win_share, same.win_share)
    assert (one.win_share != other.win_share).any()


def test_contradictions_are_lapses_not_a_narrow_field() -> None:
    """A winner of nine in ten against everybody is far ahead of what it beats, whichever these are."""
    left, right = np.repeat(np.arange(3), 100), np.full(300, 3)
    verdicts = Verdicts(left, right, np.where(np.arange(300) % 10 == 0, RIGHT, LEFT), np.arange(300))
    found = sample(verdicts, fit(verdicts, 4), 500)
    assert 0.05 < found.win_share[:, 3].mean() < 0.2
    assert TIE not in verdicts.outcome
