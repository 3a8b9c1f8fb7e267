"""The golden files: made-up people, and what the official evaluation says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from densepose_labeler.metrics.annotations import Picture, read
from densepose_labeler.metrics.surface import Surface
from manifests.instances import Instance

FOLDER = Path(__file__).parent / "golden"


def pictures() -> tuple[Picture, ...]:
    return read(FOLDER / "annotations.json")[0]


def surface() -> Surface:
    return Surface.read(FOLDER / "surface.npz")


def results() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "results.json").read_text())
    return loaded


def detections() -> dict[int, list[Instance]]:
    """By image id, in the order of the file."""
    found: dict[int, list[Instance]] = {}
    with np.load(FOLDER / "detections.npz") as stored:
        rest = stored["iuv"]
        for image, box, score in zip(stored["image"].tolist(), stored["box"], stored["score"].tolist(), strict=True):
            width, height = int(box[2] - box[0]), int(box[3] - box[1])
            planes, rest = rest[: 3 * width * height], rest[3 * width * height :]
            iuv = planes.reshape(3, height, width).transpose(1, 2, 0).copy()
            x0, y0, x1, y1 = box.tolist()
            place = (int(x0), int(y0), width, height)
            found.setdefault(image, []).append(Instance((x0, y0, x1, y1), score, place, iuv))
    return found
