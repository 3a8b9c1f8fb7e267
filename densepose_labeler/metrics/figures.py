"""Figures of a tally under any weighting of its pictures, and how sure they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from densepose_labeler.metrics import pixels
from densepose_labeler.metrics.pixels import ratio
from densepose_labeler.metrics.precision import summary
from densepose_labeler.metrics.tally import Tally

Floats = NDArray[np.float64]

LEVEL = 0.95
"""Share of the drawn samples between the bounds of an interval."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its interval; NaN where it has no meaning."""

    value: float
    low: float
    high: float


def draws(pictures: int, replicates: int, seed: int) -> Floats:
    """Bootstrap: how many times each picture is drawn with replacement, float64 [replicates, pictures]."""
    random = np.random.default_rng(seed)
    return random.multinomial(pictures, np.full(pictures, 1 / pictures), size=replicates).astype(np.float64)


def figures(tally: Tally, weights: Floats) -> dict[str, Floats]:
    """Every figure that the tally's truth allows, float64 [B] each.

    Args:
        weights: float64 [B, n], how often each picture counts.
    """
    found: dict[str, Floats] = {}
    if tally.found is not None:
        sums = {name: weights @ one for name, one in tally.found.items()}
        found["people_found"] = ratio(sums["found"], sums["people"])
        found["pictures_found"] = ratio(sums["surest"], weights @ (tally.found["people"] > 0))
        found["nobody"] = ratio(sums["nobody"], sums["detections"])
    if tally.confusion is not None:
        table = (weights @ tally.confusion.reshape(len(tally.confusion), -1)).reshape(-1, 25, 25)
        found |= {
            "foreground_iou": pixels.foreground_iou(table),
            "part_iou": pixels.mean_part_iou(table),
            "accuracy": pixels.accuracy(table),
            "common_accuracy": pixels.common_accuracy(table),
        }
    if tally.points is not None:
        found |= _of_points({name: (weights @ one).sum(axis=1) for name, one in tally.points.items()})
    for likeness, ranked in tally.ranked.items():
        found |= {f"{likeness}_{name}": one for name, one in summary(ranked, weights).items()}
    return found


def part_figures(tally: Tally, weights: Floats) -> dict[str, Floats]:
    """What can be said of single parts, float64 [B, 25] each; column 0 is the background's."""
    found: dict[str, Floats] = {}
    if tally.confusion is not None:
        table = (weights @ tally.confusion.reshape(len(tally.confusion), -1)).reshape(-1, 25, 25)
        found["part_iou"] = pixels.part_ious(table)
        found["accuracy"] = ratio(np.diagonal(table, axis1=1, axis2=2), table.sum(axis=2))
    if tally.points is not None:
        found |= _of_points({name: np.tensordot(weights, one, 1) for name, one in tally.points.items()})
    return found


def with_intervals(values: Mapping[str, Floats], drawn: Mapping[str, Floats]) -> dict[str, tuple[Floats, ...]]:
    """Value, lower and upper bound of every figure.

    Args:
        values: figures of a single weighting, [1, ...] each.
        drawn: the same of many, [B, ...] each.

    Returns:
        three arrays [...] a figure: percentiles of the drawn ones where they have a meaning.
    """
    tail = 100 * (1 - LEVEL) / 2
    bounds: dict[str, tuple[Floats, ...]] = {}
    for name, one in values.items():
        low, high = np.full(one.shape[1:], np.nan), np.full(one.shape[1:], np.nan)
        known = np.isfinite(drawn[name]).any(axis=0)
        if known.any():
            low[known], high[known] = np.nanpercentile(drawn[name][:, known], [tail, 100 - tail], axis=0)
        bounds[name] = (one[0], low, high)
    return bounds


def overall(tally: Tally, weights: Floats) -> dict[str, Figure]:
    """Every figure over all pictures, with its interval from the drawn weights [B, n]."""
    once = np.ones((1, weights.shape[1]))
    bounds = with_intervals(figures(tally, once), figures(tally, weights))
    return {name: Figure(*(float(one) for one in triple)) for name, triple in bounds.items()}


def by_part(tally: Tally, weights: Floats) -> list[dict[str, Figure]]:
    """Every figure of each part 1-24, with its interval."""
    once = np.ones((1, weights.shape[1]))
    bounds = with_intervals(part_figures(tally, once), part_figures(tally, weights))
    return [
        {name: Figure(*(float(one[part]) for one in triple)) for name, triple in bounds.items()}
        for part in range(1, 25)
    ]


def _of_points(sums: Mapping[str, Floats]) -> dict[str, Floats]:
    found = {
        "point_accuracy": ratio(sums["right"], sums["points"]),
        "u_error": ratio(sums["u"], sums["right"]),
        "v_error": ratio(sums["v"], sums["right"]),
    }
    return found | {name: ratio(sums[name], sums["points"]) for name in ("auc10", "auc30") if name in sums}
