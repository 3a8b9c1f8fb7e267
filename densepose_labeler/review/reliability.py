"""How far a verdict can be trusted: an expert against themselves, and experts against each other.

Sources: Cohen, "A Coefficient of Agreement for Nominal Scales" (1960), equation 1; Krippendorff, "Content Analysis"
(2004), chapter 11, computed by the `krippendorff` package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from densepose_labeler.review.store import SAME_MAPS, Judgment, Outcome

_VALUE = {Outcome.LEFT: 1.0, Outcome.TIE: 0.0, Outcome.BOTH_BAD: 0.0, Outcome.RIGHT: -1.0}


@dataclass(frozen=True, slots=True)
class Consistency:
    """An expert's answers to hidden repeats.

    Attributes:
        repeats: questions that were asked twice.
        agreed: share that were answered alike; None without repeats.
        kappa: Cohen's kappa over first better, tie, second better; None without repeats, or where all answers are one.
    """

    repeats: int
    agreed: float | None
    kappa: float | None


def consistency(judgments: Sequence[Judgment], rater: str) -> Consistency:
    """Self-agreement of one expert. "Both bad" counts as a tie."""
    by_id = {one.id: one for one in judgments}
    pairs = [
        (_value(by_id[one.repeat_of]), _value(one))
        for one in judgments
        if one.rater == rater and one.repeat_of in by_id
    ]
    if not pairs:
        return Consistency(0, None, None)
    first, second = np.array(pairs).T
    observed = float((first == second).mean())
    expected = float(sum((first == value).mean() * (second == value).mean() for value in (-1.0, 0.0, 1.0)))
    return Consistency(len(pairs), observed, None if expected == 1 else (observed - expected) / (1 - expected))


def krippendorff_alpha(judgments: Sequence[Judgment]) -> float | None:
    """Agreement between experts on the pairs that several of them judged, on the ordinal scale first better, tie,
    second better; None where there are no two experts, no common pair or only one answer."""
    from krippendorff import alpha  # only this needs it

    answers: dict[tuple[str, str, str], dict[str, float]] = {}
    for one in judgments:
        if one.rater != SAME_MAPS and one.repeat_of is None:
            first, second = sorted((one.model_left, one.model_right))
            answers.setdefault((one.image_id, first, second), {})[one.rater] = _value(one)
    shared = [by_rater for by_rater in answers.values() if len(by_rater) > 1]
    raters = sorted({rater for by_rater in shared for rater in by_rater})
    table = np.array([[by_rater.get(rater, np.nan) for by_rater in shared] for rater in raters])
    if not shared or len(np.unique(table[~np.isnan(table)])) < 2:
        return None
    return float(alpha(reliability_data=table, level_of_measurement="ordinal"))


def _value(one: Judgment) -> float:
    """1 if the model whose name comes first in the alphabet was better, -1 if the other was, 0 for neither."""
    value = _VALUE[one.outcome]
    return value if one.model_left < one.model_right else -value
