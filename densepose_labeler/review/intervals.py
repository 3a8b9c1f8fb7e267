"""How sure a ranking is: bootstrap intervals over images, and how many verdicts are likely still needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from densepose_labeler.review.ranking import Floats, Ints, Ranking, Verdicts, fit

TOP = 3
"""The set of best models that a choice is made from."""
SETTLED = 0.9
"""Probability from which on the best are called settled."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """What may be expected if other images had been judged.

    Attributes:
        low, high: float64 [models], bounds of the strengths.
        best_rank, worst_rank: int64 [models], bounds of the ranks, 1 being the best.
    """

    low: Floats
    high: Floats
    best_rank: Ints
    worst_rank: Ints


def intervals(
    verdicts: Verdicts, ranking: Ranking, level: float = 0.95, replicates: int = 200, seed: int = 0
) -> Intervals:
    """Bootstrap over images: judged images are drawn with replacement, each with all its verdicts.

    Resampling says nothing of a model with few verdicts, which the prior holds near the middle in every replicate: no
    spread is therefore taken to be smaller than the posterior's.

    Args:
        ranking: `fit` on these very verdicts.
        level: share of the replicates between the bounds.
    """
    random = np.random.default_rng(seed)
    models = len(ranking.strengths)
    images, image = np.unique(verdicts.image, return_inverse=True)
    drawn = np.empty((replicates, models))
    for number in range(replicates):
        weights = np.bincount(random.integers(len(images), size=len(images)), minlength=len(images))[image]
        drawn[number] = fit(verdicts, models, weights.astype(float), start=ranking).strengths
    missing = np.maximum(np.diag(ranking.covariance) - drawn.var(axis=0), 0)
    sampled = ranking.strengths + drawn - drawn.mean(axis=0) + random.normal(size=drawn.shape) * np.sqrt(missing)
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(sampled, [tail, 100 - tail], axis=0)
    ranks = np.argsort(np.argsort(-sampled, axis=1, kind="stable"), axis=1) + 1
    best, worst = np.percentile(ranks, [tail, 100 - tail], axis=0, method="closest_observation")
    return Intervals(low, high, best.astype(np.int64), worst.astype(np.int64))


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
