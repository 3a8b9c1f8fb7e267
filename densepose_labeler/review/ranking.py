"""From pairwise verdicts to a ranking: Bradley-Terry with ties and lapses, and how sure it is.

A verdict on models a and b has the odds of Davidson's extension of the Bradley-Terry model,

    a better : tie : b better  =  exp(s_a) : nu exp((s_a + s_b) / 2) : exp(s_b),

mixed with a share of `LAPSE` of verdicts that mean nothing (a slip of the finger, a tired eye); without it a few slips
against a clear winner would count for more than all that they contradict. Strengths have a normal prior, so a ranking
exists from the first verdict on, and models that were never shown are unknown, not worst.

Sources: Bradley and Terry, Biometrika 39 (1952); Davidson, JASA 65 (1970), equation 2.1; lapses as in Wichmann and
Hill, Perception & Psychophysics 63 (2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEFT, TIE, RIGHT = 0, 1, 2
LAPSE = 0.1
PRIOR_DEVIATION = 1.0
"""Of the strengths; in units of the logistic scale, where 1 is a preference of 73 %."""
_TIE_PRIOR = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was judged, one entry a verdict.

    Attributes:
        left, right: int64 [n], the models compared, as indices.
        outcome: int64 [n], LEFT, TIE or RIGHT: which of them was better.
        image: int64 [n], any number that tells the images apart.
    """

    left: Ints
    right: Ints
    outcome: Ints
    image: Ints

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Strengths of the models, as a normal approximation of what the verdicts leave possible.

    Attributes:
        strengths: float64 [models], with mean 0.
        covariance: float64 [models, models].
        log_tie: logarithm of Davidson's nu.
        verdicts: how many it rests on.
    """

    strengths: Floats
    covariance: Floats
    log_tie: float
    verdicts: int

    @property
    def order(self) -> Ints:
        """Models, best first; equal strengths in the order of their indices."""
        return np.argsort(-self.strengths, kind="stable")

    def samples(self, count: int, random: np.random.Generator) -> Floats:
        """Strengths that are as likely as the verdicts make them, [count, models]."""
        return random.multivariate_normal(self.strengths, self.covariance, size=count, method="eigh")


def fit(verdicts: Verdicts, models: int, weights: Floats | None = None, start: Ranking | None = None) -> Ranking:
    """The most probable strengths, by Newton's method.

    Args:
        models: how many there are.
        weights: float64 [n], how often each verdict counts; once when left out.
        start: a ranking on nearly the same verdicts, to begin from.
    """
    strengths = np.zeros(models) if start is None else start.strengths.copy()
    log_tie = _TIE_PRIOR[0] if start is None else start.log_tie
    counts = _counts(verdicts, models, weights)
    parameters = np.append(strengths, log_tie)
    precision = np.append(np.full(models, PRIOR_DEVIATION**-2), _TIE_PRIOR[1] ** -2)
    centre = np.append(np.zeros(models), _TIE_PRIOR[0])
    for _ in range(50):
        gradient, hessian = _derivatives(parameters, counts)
        gradient -= precision * (parameters - centre)
        step = np.linalg.solve(hessian + np.diag(precision), gradient)
        parameters = parameters + step * min(1.0, 1.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-6:
            break
    _, hessian = _derivatives(parameters, counts)
    covariance = np.linalg.inv(hessian + np.diag(precision))[:models, :models]
    centring = np.eye(models) - 1 / models
    centred = np.asarray(centring @ covariance @ centring, np.float64)
    return Ranking(centring @ parameters[:models], centred, float(parameters[models]), len(verdicts))


def preference(ranking: Ranking, a: int, b: int) -> tuple[float, float, float]:
    """Probabilities that a verdict says a, tie, b."""
    odds = _shares(np.array(ranking.strengths[a] - ranking.strengths[b]), ranking.log_tie)
    mixed = (1 - LAPSE) * odds + LAPSE / 3
    return float(mixed[LEFT]), float(mixed[TIE]), float(mixed[RIGHT])


def _counts(verdicts: Verdicts, models: int, weights: Floats | None) -> Floats:
    """How often each outcome was given to each ordered pair, [outcome, left, right]."""
    place = (verdicts.outcome * models + verdicts.left) * models + verdicts.right
    return np.bincount(place, weights, 3 * models * models).astype(np.float64).reshape(3, models, models)


def _shares(difference: Floats, log_tie: float) -> Floats:
    """Probabilities of left, tie, right [3, ...], lapses apart, by the difference of strengths [...]."""
    logits = np.stack([difference / 2, np.full_like(difference, log_tie), -difference / 2])
    powers = np.exp(logits - logits.max(axis=0))
    return np.asarray(powers / powers.sum(axis=0))


def _derivatives(parameters: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Gradient [p] of the log likelihood and its expected curvature [p, p] (Fisher's scoring: never indefinite)."""
    models = len(parameters) - 1
    strengths, log_tie = parameters[:models], float(parameters[models])
    shares = _shares(strengths[:, None] - strengths[None, :], log_tie)
    slope = np.array([0.5, 0.0, -0.5])[:, None, None]
    by_difference = shares * (slope - (shares * slope).sum(axis=0))
    by_tie = shares * (np.array([0.0, 1.0, 0.0])[:, None, None] - shares[TIE])
    mixed = (1 - LAPSE) * shares + LAPSE / 3

    scale = (1 - LAPSE) * counts / mixed
    pull = (scale * by_difference).sum(axis=0)
    gradient = np.append(pull.sum(axis=1) - pull.sum(axis=0), (scale * by_tie).sum())

    information = (1 - LAPSE) ** 2 * counts.sum(axis=0)
    pair = information * (by_difference**2 / mixed).sum(axis=0)
    cross = information * (by_difference * by_tie / mixed).sum(axis=0)
    hessian = np.zeros((models + 1, models + 1))
    hessian[:models, :models] = np.diag(pair.sum(axis=1) + pair.sum(axis=0)) - pair - pair.T
    hessian[:models, models] = hessian[models, :models] = cross.sum(axis=1) - cross.sum(axis=0)
    hessian[models, models] = (information * (by_tie**2 / mixed).sum(axis=0)).sum()
    return gradient, hessian
