"""How sure a ranking is: bootstrap intervals over images, and how many verdicts are likely still needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from densepose_labeler.review.posterior import sample
from densepose_labeler.review.ranking import Floats, Ints, Ranking, Verdicts, fit

TOP = 3
"""The set of best models that a choice is made from."""
SETTLED = 0.9
"""Probability from which on the best are called settled."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """What may be expected if every pair had been judged on every image.

    Attributes:
        win_share: float64 [models], 0..1, the share of its verdicts that a model would win; ties count half.
        low, high: float64 [models], bounds of that share.
        best_rank, worst_rank: int64 [models], bounds of the ranks, 1 being the best.
        better: float64 [models, models], probability that the first of two is better than the second; 0.5 for itself.
    """

    win_share: Floats
    low: Floats
    high: Floats
    best_rank: Ints
    worst_rank: Ints
    better: Floats

    @property
    def order(self) -> Ints:
        """Models, best first by what they would win."""
        return np.argsort(-self.win_share, kind="stable")


def intervals(
    verdicts: Verdicts, ranking: Ranking, level: float = 0.95, replicates: int = 50, seed: int = 0
) -> Intervals:
    """Bounds from the posterior, widened where judging other images would have changed more than it allows for.

    The posterior takes verdicts for independent; those on one image are not. So judged images are drawn with
    replacement, each with all its verdicts, and the models ranked again. Where a model's strength varies more between
    these replicates than the posterior of a single ranking says, its draws are moved apart by the ratio of the two
    deviations; a deviation is known well enough from some fifty replicates (Efron and Tibshirani, An Introduction to
    the Bootstrap, 1993, section 6.4).

    Args:
        ranking: `fit` on these very verdicts.
        level: probability that an interval holds the truth.
    """
    random = np.random.default_rng(seed)
    models = len(ranking.strengths)
    images, image = np.unique(verdicts.image, return_inverse=True)
    drawn = np.empty((replicates, models))
    for number in range(replicates):
        weights = np.bincount(random.integers(len(images), size=len(images)), minlength=len(images))[image]
        drawn[number] = fit(verdicts, models, weights.astype(float), start=ranking).strengths
    apart = np.maximum(drawn.std(axis=0, ddof=1) / np.sqrt(np.diag(ranking.covariance)), 1.0)
    posterior = sample(verdicts, ranking, seed=seed)
    tail = 100 * (1 - level) / 2
    share = posterior.win_share.mean(axis=0)
    low, high = np.percentile(_stretched(posterior.win_share, apart), [tail, 100 - tail], axis=0).clip(0, 1)
    strengths = _stretched(posterior.strengths, apart)
    ranks = np.argsort(np.argsort(-strengths, axis=1, kind="stable"), axis=1) + 1
    best, worst = np.percentile(ranks, [tail, 100 - tail], axis=0, method="closest_observation")
    better = np.stack([(strengths[:, [one]] > strengths).mean(axis=0) for one in range(models)])
    np.fill_diagonal(better, 0.5)
    return Intervals(share, low, high, best.astype(np.int64), worst.astype(np.int64), better)


def _stretched(draws: Floats, factor: Floats) -> Floats:
    mean = draws.mean(axis=0)
    return np.asarray(mean + (draws - mean) * factor)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Whether going on would change the set of the best.

    Attributes:
        probability: float64 [models], that a model belongs to the `TOP` best.
        settled: probability that the present best stay the best, whatever is judged.
        needed: verdicts likely needed until `settled` reaches `SETTLED`; 0 if it has, None if it is out of sight.
    """

    probability: Floats
    settled: float
    needed: int | None


def outlook(ranking: Ranking, draws: int = 2000, seed: int = 0) -> Outlook:
    """Forecast from the posterior: k times the verdicts shrink its covariance by k, as if nothing else changed."""
    models = len(ranking.strengths)
    top = min(TOP, models - 1)
    noise = ranking.samples(draws, np.random.default_rng(seed)) - ranking.strengths
    probability = _in_top(ranking.strengths + noise, top).mean(axis=0)
    best = np.zeros(models, bool)
    best[ranking.order[:top]] = True

    def stays(growth: float) -> float:
        return float((_in_top(ranking.strengths + noise / np.sqrt(growth), top) == best).all(axis=1).mean())

    settled = stays(1.0)
    needed: int | None = 0
    if settled < SETTLED:
        growths = np.geomspace(1.05, 20.0, 40)
        reached = next((growth for growth in growths if stays(growth) >= SETTLED), None)
        needed = None if reached is None else int(np.ceil((reached - 1) * max(ranking.verdicts, 1) / 10) * 10)
    return Outlook(probability, settled, needed)


def _in_top(strengths: Floats, top: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    chosen = np.zeros(strengths.shape, bool)
    np.put_along_axis(chosen, np.argpartition(-strengths, top - 1, axis=1)[:, :top], True, axis=1)
    return chosen
