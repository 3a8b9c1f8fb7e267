"""The evaluation as one HTML page that opens from disk, with the pictures where each model does worst."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from densepose_labeler.metrics.annotations import Picture
from densepose_labeler.metrics.columns import FURTHER, MAIN, PARTS
from densepose_labeler.metrics.evaluation_set import EvaluationSet
from densepose_labeler.metrics.people import find
from densepose_labeler.metrics.run import Evaluation, ModelResult
from densepose_labeler.overlays import overlay
from densepose_labeler.pages import data_uri, render
from manifests import atomic
from manifests.decoding import decode
from manifests.instances import Instance, flatten
from manifests.palettes import CLEAR
from manifests.parts import PART_NAMES

WORST = 12
_HEIGHT = 300
_BOX = (232, 62, 140)
_TEMPLATE = Path(__file__).with_name("page.html.j2")


def write(evaluation: Evaluation, path: Path, worst: int = WORST) -> None:
    """Write the page, with so many pictures a model at most."""
    results = evaluation.models
    slices: dict[str, dict[str, list[tuple[ModelResult, Any]]]] = {}
    for result in results:
        for stratum in result.strata:
            slices.setdefault(stratum.key, {}).setdefault(stratum.value, []).append((result, stratum))
    main = [one for one in MAIN if any(one.name in result.figures for result in results)]
    html = render(
        _TEMPLATE,
        evaluation=evaluation,
        on=evaluation.on,
        people=sum(not one.crowd for picture in evaluation.on.pictures for one in picture.people or ()),
        main=main,
        further=[one for one in FURTHER if any(one.name in result.figures for result in results)],
        part_columns=[one for one in PARTS if any(one.name in part for result in results for part in result.parts)],
        part_names=PART_NAMES,
        slices=slices,
        worst=[
            (result, [_shown(evaluation.on, result, number) for number in _worst(result, worst)]) for result in results
        ],
    )
    atomic.write_text(path, html)


def _worst(result: ModelResult, count: int) -> list[int]:
    """Pictures of the least quality, the worst first; those without a figure are left out."""
    order = np.argsort(result.quality, kind="stable")  # NaN last
    return [int(number) for number in order[:count] if np.isfinite(result.quality[number])]


def _shown(on: EvaluationSet, result: ModelResult, number: int) -> dict[str, Any]:
    """Photograph, truth and prediction of one picture, and what went wrong in words."""
    picture = on.pictures[number]
    photograph = decode(on.path(picture))
    said = [
        one
        for one in result.predictions.labels.read(on.image_ids[number]).instances
        if one.score > result.predictions.threshold
    ]
    truth = on.truth(picture)
    drawn = flatten(said, picture.height, picture.width)[..., 0]
    words = [f"{'part IoU' if truth is not None else 'of points to 30 cm'} {result.quality[number]:.3f}"]
    if picture.people is not None:
        found = find(said, picture.people)
        words.append(f"{found.found} of {found.people} people found, {found.nobody} detections of nobody")
    return {
        "name": picture.file_name,
        "strata": ", ".join(f"{key}: {value}" for key, value in picture.strata.items()),
        "words": "; ".join(words),
        "views": [
            ("photograph", data_uri(photograph, _HEIGHT)),
            ("truth", data_uri(_points(photograph, picture) if truth is None else overlay(photograph, truth), _HEIGHT)),
            ("prediction", data_uri(_boxes(overlay(photograph, np.ascontiguousarray(drawn)), said), _HEIGHT)),
        ],
    }


def _boxes(drawn: NDArray[np.uint8], said: Sequence[Instance]) -> NDArray[np.uint8]:
    """With the detections' boxes: some have next to no body in them."""
    picture = Image.fromarray(drawn)
    draw, width = ImageDraw.Draw(picture), max(1, drawn.shape[0] // 250)
    for one in said:
        draw.rectangle(one.box, outline=_BOX, width=width)
    return np.asarray(picture)


def _points(photograph: NDArray[np.uint8], picture: Picture) -> NDArray[np.uint8]:
    """The annotated points as dots in their parts' colours."""
    made = photograph.copy()
    radius = max(1, round(min(made.shape[:2]) / 160))
    for person in picture.people or ():
        if person.points is not None:
            for part, x, y in zip(
                person.points.part, person.points.x.astype(int), person.points.y.astype(int), strict=True
            ):
                made[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1] = CLEAR[part]
    return made
