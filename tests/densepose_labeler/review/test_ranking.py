from __future__ import annotations

import numpy as np
import pytest

from densepose_labeler.review.ranking import LEFT, RIGHT, TIE, Verdicts, fit, preference


def judged(strengths: np.ndarray, count: int, seed: int, log_tie: float = -20.0) -> Verdicts:
    """Verdicts by the model itself, without lapses."""
    random = np.random.default_rng(seed)
    left, right = random.integers(len(strengths), size=(2, count))
    right = np.where(left == right, (right + 1) % len(strengths), right)
    logits = np.stack([strengths[left], (strengths[left] + strengths[right]) / 2 + log_tie, strengths[right]])
    shares = np.exp(logits) / np.exp(logits).sum(axis=0)
    outcome = (random.random(count) > np.cumsum(shares, axis=0)[:2]).sum(axis=0)
    return Verdicts(left, right, outcome, np.arange(count))


def test_without_verdicts_nobody_is_better() -> None:
    nothing = np.zeros(0, np.int64)
    ranking = fit(Verdicts(nothing, nothing, nothing, nothing), 5)
    assert ranking.strengths.tolist() == [0] * 5 and ranking.order.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("log_tie", [-20.0, 0.0])
def test_many_verdicts_give_the_strengths_back(log_tie: float) -> None:
    strengths = np.array([1.2, 0.4, 0.0, -0.5, -1.1])
    ranking = fit(judged(strengths, 20_000, 1, log_tie), 5)
    # lapses that the expert does not have stretch the scale a little; the order and the proportions stay
    scale = ranking.strengths @ strengths / (strengths @ strengths)
    assert 1.0 < scale < 1.35
    np.testing.assert_allclose(ranking.strengths / scale, strengths - strengths.mean(), atol=0.08)
    assert ranking.order.tolist() == [0, 1, 2, 3, 4]


def test_the_fit_is_the_maximum_wherever_it_starts() -> None:
    verdicts = judged(np.array([0.5, 0.0, -0.5]), 60, 2, 0.0)
    cold, warm = fit(verdicts, 3), fit(verdicts, 3, start=fit(judged(np.array([-2.0, 0.0, 2.0]), 80, 3), 3))
    np.testing.assert_allclose(cold.strengths, warm.strengths, atol=1e-5)
    doubled = Verdicts(
        *(np.tile(column, 2) for column in (verdicts.left, verdicts.right, verdicts.outcome, verdicts.image))
    )
    np.testing.assert_allclose(fit(doubled, 3).strengths, fit(verdicts, 3, np.full(60, 2.0)).strengths, atol=1e-6)


def test_swapping_sides_changes_nothing_and_certainty_grows_with_verdicts() -> None:
    verdicts = judged(np.array([0.5, 0.0, -0.5]), 200, 4, 0.0)
    swapped = Verdicts(verdicts.right, verdicts.left, 2 - verdicts.outcome, verdicts.image)
    np.testing.assert_allclose(fit(verdicts, 3).strengths, fit(swapped, 3).strengths, atol=1e-9)
    few = Verdicts(*(column[:50] for column in (verdicts.left, verdicts.right, verdicts.outcome, verdicts.image)))
    assert (np.diag(fit(verdicts, 3).covariance) < np.diag(fit(few, 3).covariance)).all()


def test_one_slip_does_not_undo_a_clear_order() -> None:
    clear = Verdicts(np.zeros(40, np.int64), np.ones(40, np.int64), np.full(40, LEFT), np.arange(40))
    slipped = Verdicts(clear.left, clear.right, np.where(np.arange(40) == 7, RIGHT, LEFT), clear.image)
    assert fit(slipped, 2).strengths[0] > 0.6 * fit(clear, 2).strengths[0]


def test_preferences_add_up() -> None:
    ranking = fit(judged(np.array([1.0, 0.0]), 100, 5, 0.0), 2)
    a, tie, b = preference(ranking, 0, 1)
    assert a + tie + b == pytest.approx(1) and a > b
    assert preference(ranking, 1, 0) == pytest.approx((b, tie, a))
    assert (LEFT, TIE, RIGHT) == (0, 1, 2)
