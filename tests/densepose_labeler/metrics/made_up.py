"""People, detections and a surface small enough to reckon with by hand."""

from __future__ import annotations

import numpy as np

from densepose_labeler.metrics.annotations import Person, Points
from densepose_labeler.metrics.surface import Surface
from manifests.instances import Instance

STEP = 0.1
"""Metres between the two samples of a part, and from one part's first sample to the next part's."""


def surface() -> Surface:
    """Two samples a part: U = 0 and U = 1 at V = 0.5. Sample k of part p lies at (p, k) on a grid of `STEP` metres,
    distances along its lines."""
    part = np.repeat(np.arange(1, 25), 2).astype(np.uint8)
    uv = np.tile([[0.0, 0.5], [1.0, 0.5]], (24, 1))
    place = np.stack([part.astype(float), uv[:, 0]], axis=1)
    steps = np.abs(place[:, None] - place[None]).sum(axis=2)[np.triu_indices(48, 1)]
    return Surface(part, uv, np.arange(48), steps, STEP)


def person(box: tuple[float, ...], points: Points | None = None, number: int = 1, crowd: bool = False) -> Person:
    """Somebody whose body fills the box."""
    x, y, w, h = box
    outline = [[x, y, x + w, y, x + w, y + h, x, y + h]]
    return Person(number, np.array(box, float), w * h, crowd, points, None, outline)


def points(*given: tuple[int, float, float, float]) -> Points:
    """(part, U, x, y) each; V is 0.5."""
    part, u, x, y = np.array(given, float).reshape(-1, 4).T
    return Points(part.astype(np.uint8), np.stack([u, np.full(len(u), 0.5)], axis=1), x, y)


def detection(box: tuple[float, ...], score: float, part: int = 1, u: float = 0.0) -> Instance:
    """Somebody of one part everywhere in the box (x, y, width, height)."""
    x, y, w, h = box
    iuv = np.full((int(h), int(w), 3), (part, round(u * 255), 128), np.uint8)
    return Instance((x, y, x + w, y + h), score, (int(x), int(y), int(w), int(h)), iuv)
