from __future__ import annotations

import numpy as np

from densepose_labeler.review.intervals import intervals, outlook
from densepose_labeler.review.ranking import Verdicts, fit
from tests.densepose_labeler.review.test_ranking import judged

STRENGTHS = np.array([2.0, 1.5, 1.0, -1.0, -1.5, -2.0])


def test_intervals_narrow_with_verdicts_and_hold_the_estimate() -> None:
    wide, narrow = (intervals(verdicts := judged(STRENGTHS, count, 1), fit(verdicts, 6)) for count in (60, 3000))
    for bounds in (wide, narrow):
        assert (bounds.low <= bounds.win_share).all() and (bounds.win_share <= bounds.high).all()
        ranks = np.argsort(bounds.order) + 1
        np.testing.assert_allclose(bounds.better + bounds.better.T, 1)
        assert (bounds.best_rank <= ranks).all() and (ranks <= bounds.worst_rank).all()
    assert ((narrow.high - narrow.low) < 0.5 * (wide.high - wide.low)).all()
    assert (narrow.worst_rank - narrow.best_rank).max() <= 1
    half = np.exp((STRENGTHS[:, None] - STRENGTHS) / 2)
    truth = ((half / (half + 1 / half)).sum(axis=1) - 0.5) / 5
    assert (np.abs(narrow.win_share - truth) < 0.03).all()


def test_images_that_disagree_widen_the_intervals() -> None:
    verdicts = judged(np.zeros(2), 400, 2)
    one_opinion_an_image = Verdicts(
        verdicts.left, verdicts.right, np.where((np.arange(400) // 40) % 2 == verdicts.left, 0, 2), np.arange(400) // 40
    )
    scattered = Verdicts(
        one_opinion_an_image.left, one_opinion_an_image.right, one_opinion_an_image.outcome, np.arange(400)
    )
    ranking = fit(scattered, 2)
    by_image, by_verdict = intervals(one_opinion_an_image, ranking), intervals(scattered, ranking)
    assert (by_image.high - by_image.low).mean() > 2 * (by_verdict.high - by_verdict.low).mean()


def test_an_unseen_model_may_be_anywhere() -> None:
    ranking = fit(verdicts := judged(STRENGTHS[:5], 500, 3), 6)
    bounds = intervals(verdicts, ranking)
    assert bounds.high[5] - bounds.low[5] > 3 * (bounds.high[:5] - bounds.low[:5]).max() / 2


def test_the_outlook_settles() -> None:
    few, many = (outlook(fit(judged(STRENGTHS, count, 4), 6)) for count in (20, 2000))
    assert many.settled > 0.99 and many.needed == 0
    assert few.settled < many.settled and (few.needed is None or few.needed > 0)
    assert many.probability[:3].min() > 0.99 and many.probability[3:].max() < 0.01
    assert abs(few.probability.sum() - 3) < 1e-9
    nothing = np.zeros(0, np.int64)
    assert outlook(fit(Verdicts(nothing, nothing, nothing, nothing), 27)).settled < 0.01
