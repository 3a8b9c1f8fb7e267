"""The evaluation of several models on one set: from names to figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from densepose_labeler.config import LabelConfig
from densepose_labeler.metrics.evaluation_set import EvaluationError, EvaluationSet
from densepose_labeler.metrics.figures import Figure, by_part, draws, overall
from densepose_labeler.metrics.masks import MaskError
from densepose_labeler.metrics.part_maps import part_iou
from densepose_labeler.metrics.pixels import ratio
from densepose_labeler.metrics.predictions import Predictions, predict
from densepose_labeler.metrics.similarity import OFFICIAL_KAPPA, PAPER_KAPPA
from densepose_labeler.metrics.tally import Observation, Tally, observe
from manifests.reasons import LabelStatus

Kappa = Literal["official", "paper"]
KAPPAS: Mapping[Kappa, NDArray[np.float64]] = {"official": OFFICIAL_KAPPA, "paper": PAPER_KAPPA}

REPLICATES = 1000
SEED = 0
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Stratum:
    """One model on the pictures of one stratum.

    Attributes:
        key, value: of the pictures' strata, such as "view" and "back".
        pictures: how many.
    """

    key: str
    value: str
    pictures: int
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True, eq=False)
class ModelResult:
    """One model on the whole set.

    Attributes:
        predictions: its labels.
        figures: name -> figure, over all pictures.
        parts: the same for each part, 1-24.
        strata: in the order of keys and values.
        quality: float64 [pictures], the picture's own mean part IoU, or where there are no part maps the share of
            its points' area under the curve to 30 cm (to 1 where all are right); NaN where neither has a meaning.
        notes: what could not be reckoned, and why.
    """

    predictions: Predictions
    figures: Mapping[str, Figure]
    parts: Sequence[Mapping[str, Figure]]
    strata: Sequence[Stratum]
    quality: NDArray[np.float64]
    notes: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What was evaluated: the set, the models in the order they were asked for, and how."""

    on: EvaluationSet
    models: tuple[ModelResult, ...]
    replicates: int
    seed: int
    kappa: Kappa


def evaluate(
    on: EvaluationSet,
    models: Sequence[str],
    config: LabelConfig,
    replicates: int = REPLICATES,
    seed: int = SEED,
    kappa: Kappa = "official",
    progress: Progress = lambda stage, done, total: None,
) -> Evaluation:
    """Label the set's pictures with each model and hold the labels against the truth.

    Args:
        models: label sets, as for labelling.
        replicates, seed: of the bootstrap over pictures that gives the intervals.
        kappa: how fast point similarity falls with distance: by the official evaluation or by the paper.

    Raises:
        EvaluationError: a picture cannot be decoded, or its truth does not fit it.
        As `predictions.predict`.
    """
    made = [predict(on, name, config, progress) for name in models]
    tallies = _observe(on, made, KAPPAS[kappa], progress)
    weights = draws(len(on.pictures), replicates, seed)
    results = []
    for number, (one, tally) in enumerate(zip(made, tallies, strict=True)):
        progress("intervals", number, len(made))
        results.append(
            ModelResult(
                predictions=one,
                figures=overall(tally, weights),
                parts=by_part(tally, weights),
                strata=_strata(on, tally, weights),
                quality=_quality(tally),
                notes=_notes(on, one),
            )
        )
    progress("intervals", len(made), len(made))
    return Evaluation(on, tuple(results), replicates, seed, kappa)


def _observe(
    on: EvaluationSet, made: Sequence[Predictions], kappa: NDArray[np.float64], progress: Progress
) -> list[Tally]:
    """Picture by picture, so that its truth is read once for all models."""
    observations: list[list[Observation]] = [[] for _ in made]
    for number, (picture, image_id) in enumerate(zip(on.pictures, on.image_ids, strict=True)):
        truth, size = on.truth(picture), (picture.height, picture.width)
        masks = []
        for person in picture.people or ():
            try:
                masks.append(person.mask(*size))
            except MaskError as error:
                raise EvaluationError(
                    f"annotation {person.number} of {picture.file_name} is damaged: {error}"
                ) from error
        for one, seen in zip(made, observations, strict=True):
            row = one.labels.read(image_id)
            if row.status == LabelStatus.ERROR:
                raise EvaluationError(f"{on.path(picture)} could not be labelled: {row.error}")
            same = one.charts == on.charts
            seen.append(
                observe(picture, truth, masks, row.instances, one.threshold, on.surface if same else None, same, kappa)
            )
        progress("evaluate", number + 1, len(on.pictures))
    return [Tally.gather(seen) for seen in observations]


def _strata(on: EvaluationSet, tally: Tally, weights: NDArray[np.float64]) -> list[Stratum]:
    groups: dict[tuple[str, str], list[int]] = {}
    for number, picture in enumerate(on.pictures):
        for key, value in picture.strata.items():
            groups.setdefault((key, value), []).append(number)
    narrowed = tally.narrowed(("gps", "gpsm"), ("all",))
    found = []
    for (key, value), members in sorted(groups.items()):
        chosen = np.array(members, np.int64)
        found.append(Stratum(key, value, len(members), overall(narrowed.choose(chosen), weights[:, chosen])))
    return found


def _quality(tally: Tally) -> NDArray[np.float64]:
    if tally.confusion is not None:
        return np.array([part_iou(table) for table in tally.confusion])
    if tally.points is None:
        return np.full(len(tally.found["people"]) if tally.found else 0, np.nan)
    sums = tally.points["auc30" if "auc30" in tally.points else "right"].sum(axis=1)
    return ratio(sums, tally.points["points"].sum(axis=1))


def _notes(on: EvaluationSet, made: Predictions) -> list[str]:
    """Why some figures are absent."""
    notes = []
    if on.parts is None:
        notes.append("There are no part maps, so no figures by pixels.")
    if not on.annotated:
        notes.append("There are part maps alone, without annotated people, so no figures by people or points.")
    elif made.charts != on.charts:
        notes.append(
            f"{made.model} has U, V in charts of its own kind ({made.charts}), the truth in others ({on.charts}): they "
            "cannot be compared as numbers, so no |dU|, |dV|, GPS and AUC."
        )
    elif on.surface is None:
        notes.append("There is no surface.npz with geodesic distances, so no GPS and AUC.")
    return notes
