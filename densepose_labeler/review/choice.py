"""Which models to take for a dataset, and why: the experts' ranking, weighed against what a model costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from densepose_labeler.review.intervals import TOP
from densepose_labeler.review.session import Standing

MANY = 30
"""Verdicts a model should have been in before a choice rests on them."""
_EQUAL = 0.25
"""A model that is at least so likely to be better than the first is taken for as good."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A model that can be recommended, and the reasons in sentences.

    Attributes:
        better: probability that it is better than the first of the ranking; 0.5 for that model itself.
    """

    model: str
    better: float
    reasons: tuple[str, ...]


def choose(standing: Standing, shown: Mapping[str, int], seconds: Mapping[str, float]) -> list[Choice]:
    """The first of the ranking and those that cannot be told from it, quickest first where times are known.

    Args:
        standing: over all strata.
        shown: verdicts that each model was part of.
        seconds: median seconds per image, for the models where they are known.
    """
    order = standing.bounds.order.tolist()
    first, better = order[0], standing.bounds.better
    candidates = [index for index in order if better[index, first] >= _EQUAL]
    candidates.sort(key=lambda index: seconds.get(standing.models[index], np.inf))
    return [_explained(standing, index, float(better[index, first]), first, shown, seconds) for index in candidates]


def _explained(
    standing: Standing, index: int, better: float, first: int, shown: Mapping[str, int], seconds: Mapping[str, float]
) -> Choice:
    name, bounds = standing.models[index], standing.bounds
    place = standing.bounds.order.tolist().index(index) + 1
    probability = float(standing.outlook.probability[index])
    reasons = [
        f"rank {place} of {len(standing.models)} (between {bounds.best_rank[index]} and {bounds.worst_rank[index]}); "
        f"among the best {TOP} with a probability of {probability:.0%}",
        f"would win {bounds.win_share[index]:.0%} of its verdicts against the others "
        f"(between {bounds.low[index]:.0%} and {bounds.high[index]:.0%})",
    ]
    if index != first:
        reasons.append(f"better than {standing.models[first]}, the first, with a probability of {better:.0%}")
    if name in seconds:
        reasons.append(f"{seconds[name]:.2f} s an image")
    if shown.get(name, 0) < MANY:
        reasons.append(f"rests on {shown.get(name, 0)} verdicts only: judge more before relying on it")
    return Choice(name, better, tuple(reasons))
