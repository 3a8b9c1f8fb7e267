"""What the verdicts leave possible, as a sample: strengths, and the share of verdicts each model would win.

`ranking.fit` holds the share of lapses and the prior's deviation fixed and takes the posterior for normal: good enough
to choose the next pair by, hundreds of times an hour, but not to state how sure one is. Where pairs are chosen by what
is known, three things go wrong with that. A model that lost its few games has a long tail to one side. The verdicts
lie close to the border of the best, where lapses and the scale of the strengths can hardly be told apart. And a curve
that is wrong in the far range has no one best fit: which strengths fit best depends on which pairs were asked for
(White, Econometrica 50 (1982)). So lapses, ties and deviation are sampled along with the strengths, and what is stated
is no strength but the share of verdicts that a model would win against the others (ties count half): it means the same
whatever the scale is, and needs no curve to be defined (Shah and Wainwright, JMLR 18 (2018), call it the Borda score).
That pairs were chosen by earlier verdicts does not enter the posterior (Berger and Wolpert, The Likelihood Principle,
1988, section 4.2), while intervals from resampling alone would have to repeat the choosing.

Beforehand, the strengths' deviation is log-normal around 1, the odds of a lapse log-normal around those of `LAPSE`,
Davidson's nu log-normal around 1, each with a deviation of e. A lapse says either side alike, and a tie as often as
ties are said at all. One chain of Metropolis steps, one strength at a time (Gelman et al., Bayesian Data Analysis,
2013, section 11.2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np

from densepose_labeler.review.ranking import LAPSE, TIE, Floats, Ints, Ranking, Verdicts

_BURN_IN, _THINNING = 1000, 5


@dataclass(frozen=True, slots=True)
class Posterior:
    """Draws from the posterior.

    Attributes:
        strengths: float64 [draws, models], each draw with mean 0.
        win_share: float64 [draws, models], 0..1: verdicts that a model would win if every pair were judged on every
            image, ties counting half.
    """

    strengths: Floats
    win_share: Floats


def sample(verdicts: Verdicts, ranking: Ranking, draws: int = 1000, seed: int = 0) -> Posterior:
    """Draw from the posterior of the verdicts' model.

    Args:
        ranking: `fit` on these verdicts, where the chain begins.
    """
    models = len(ranking.strengths)
    swapped = verdicts.left > verdicts.right
    one, other = np.where(swapped, (verdicts.right, verdicts.left), (verdicts.left, verdicts.right))
    outcome = np.where(swapped, 2 - verdicts.outcome, verdicts.outcome)
    pairs, pair = np.unique(one * models + other, return_inverse=True)
    counts = np.bincount(pair * 3 + outcome, minlength=3 * len(pairs)).reshape(-1, 3).astype(np.float64)
    ends = np.stack(np.divmod(pairs, models), axis=1)
    order = np.argsort(ends.ravel(), kind="stable")
    first = np.searchsorted(ends.ravel()[order], np.arange(models + 1))
    ties = (np.count_nonzero(verdicts.outcome == TIE) + 0.5) / (len(verdicts) + 1.5)
    lapse_says = np.array([(1 - ties) / 2, ties, (1 - ties) / 2])
    start = np.append(ranking.strengths, ranking.log_tie)
    return Posterior(*_chain(ends, counts, order // 2, first, lapse_says, start, draws, seed))


@numba.njit(cache=True)
def _log_likelihood(difference: float, tie: float, lapse: float, lapse_says: Floats, counts: Floats) -> float:
    """Of the verdicts on one pair; `tie` is Davidson's nu."""
    half = math.exp(min(max(difference, -60.0), 60.0) / 2)
    total = half + 1 / half + tie
    result = 0.0
    odds = half
    for outcome in range(3):
        if counts[outcome]:
            result += counts[outcome] * math.log((1 - lapse) * odds / total + lapse * lapse_says[outcome])
        odds = tie if outcome == 0 else 1 / half
    return result


@numba.njit(cache=True)
def _chain(
    ends: Ints, counts: Floats, pairs_of: Ints, first: Ints, lapse_says: Floats, start: Floats, draws: int, seed: int
) -> tuple[Floats, Floats]:
    """The chain: `pairs_of[first[m]:first[m + 1]]` are the pairs that model m is part of."""
    np.random.seed(seed)
    models = len(start) - 1
    strengths, log_tie, log_deviation = start[:models].copy(), start[models], 0.0
    lapse_centre = math.log(LAPSE / (1 - LAPSE))
    lapse_logit = lapse_centre
    reach = np.ones(models + 4)  # of the proposals, tuned while the chain burns in
    kept, shares = np.empty((draws, models)), np.empty((draws, models))
    for sweep in range(_BURN_IN + draws * _THINNING):
        for which in range(models + 4):
            move = reach[which] * np.random.randn()
            tie, lapse, precision = math.exp(log_tie), 1 / (1 + math.exp(-lapse_logit)), math.exp(-2 * log_deviation)
            new_lapse, new_tie, new_deviation, stretch = lapse_logit, log_tie, log_deviation, 1.0
            gain = 0.0
            if which < models:
                gain -= (move + 2 * strengths[which]) * move * precision / 2
                for place in range(first[which], first[which + 1]):
                    pair = pairs_of[place]
                    before = strengths[ends[pair, 0]] - strengths[ends[pair, 1]]
                    after = before + (move if ends[pair, 0] == which else -move)
                    gain += _log_likelihood(after, tie, lapse, lapse_says, counts[pair])
                    gain -= _log_likelihood(before, tie, lapse, lapse_says, counts[pair])
            elif which == models + 2:  # the deviation alone
                new_deviation += move
                square = 0.0
                for strength in strengths:
                    square += strength * strength
                gain -= models * move + square * (math.exp(-2 * new_deviation) - precision) / 2
            else:  # lapses; ties; the deviation with all strengths, which moves the scale at once
                if which == models:
                    new_lapse += move
                elif which == models + 1:
                    new_tie += move
                else:
                    new_deviation += move
                    stretch = math.exp(move)
                for pair in range(len(ends)):
                    before = strengths[ends[pair, 0]] - strengths[ends[pair, 1]]
                    gain -= _log_likelihood(before, tie, lapse, lapse_says, counts[pair])
                    gain += _log_likelihood(
                        before * stretch, math.exp(new_tie), 1 / (1 + math.exp(-new_lapse)), lapse_says, counts[pair]
                    )
            gain -= (new_tie**2 - log_tie**2 + new_deviation**2 - log_deviation**2) / 2
            gain -= ((new_lapse - lapse_centre) ** 2 - (lapse_logit - lapse_centre) ** 2) / 2
            accepted = math.log(np.random.rand()) < gain
            if accepted:
                lapse_logit, log_tie, log_deviation = new_lapse, new_tie, new_deviation
                if which < models:
                    strengths[which] += move
                elif stretch != 1:
                    for model in range(models):
                        strengths[model] *= stretch
            if sweep < _BURN_IN:
                reach[which] *= 1.06 if accepted else 0.96
        number, past = divmod(sweep - _BURN_IN, _THINNING)
        if number >= 0 and past == 0:
            _describe(strengths, math.exp(log_tie), 1 / (1 + math.exp(-lapse_logit)), kept[number], shares[number])
    return kept, shares


@numba.njit(cache=True)
def _describe(strengths: Floats, tie: float, lapse: float, kept: Floats, shares: Floats) -> None:
    """One draw: write its centred strengths and its win shares."""
    models, mean = len(strengths), 0.0
    for strength in strengths:
        mean += strength / models
    for a in range(models):
        kept[a], won = strengths[a] - mean, -0.5  # what it would win against itself
        for b in range(models):
            half = math.exp(min(max(strengths[a] - strengths[b], -60.0), 60.0) / 2)
            won += (half + tie / 2) / (half + 1 / half + tie)
        shares[a] = (1 - lapse) * won / (models - 1) + lapse / 2
