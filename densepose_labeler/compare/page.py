"""The comparison as one HTML page that opens from disk: pictures and plots stand in the page itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from densepose_labeler.compare.consensus import NAME
from densepose_labeler.compare.run import Comparison
from densepose_labeler.compare.stability import SMALLER
from densepose_labeler.metrics.part_maps import part_map
from densepose_labeler.overlays import overlay
from densepose_labeler.pages import data_uri, render
from manifests import atomic
from manifests.decoding import ImageError, decode
from manifests.image_store import ImageStore
from manifests.instances import flatten_weights
from manifests.labels import LabelSet
from manifests.reasons import LabelStatus

FILE = Path("compare") / "report.html"
MOST_IMAGES = 24
"""Rows of the contact sheet: the most disputed images."""
_HEIGHT = 220
_TEMPLATE = Path(__file__).with_name("page.html.j2")


def write(comparison: Comparison, images: int = MOST_IMAGES) -> Path:
    """Write the page; its path."""
    shown = list(comparison.disagreement)[:images]
    path = comparison.dataset / FILE
    html = render(
        _TEMPLATE,
        title=comparison.dataset.name,
        comparison=comparison,
        overall=comparison.overall,
        strata=sorted(set(comparison.strata.values())),
        rows=comparison.rows,
        sheet=[_sheet_row(comparison, one) for one in shown],
        tried=max(one.tried for one in comparison.overall),
        smaller=SMALLER,
        plot=_plot(comparison),
        tree=_tree(comparison),
    )
    atomic.write_text(path, html)
    return path


def _sheet_row(comparison: Comparison, image_id: str) -> dict[str, Any]:
    """Photograph, every model's overlay in the order of the table, consensus, and where they disagree."""
    dataset = comparison.dataset
    try:
        photograph = decode(ImageStore(dataset / "images").read(image_id))
    except (ImageError, KeyError, OSError) as error:
        return {"image_id": image_id, "stratum": comparison.strata[image_id], "error": str(error), "cells": []}
    size = photograph.shape[:2]
    cells: list[tuple[str, str | None]] = [("photograph", data_uri(photograph, _HEIGHT))]
    for name in (*(one.model for one in comparison.overall), NAME):
        labels = LabelSet(dataset / "labels" / name)
        row = labels.read(image_id) if image_id in labels.ids() else None
        if row is None or row.status == LabelStatus.ERROR:
            cells.append((name, None))
            continue
        cells.append((name, data_uri(overlay(photograph, part_map(row)), _HEIGHT)))
        if name == NAME:
            weights = flatten_weights(row.instances, *size)[..., None]
            disputed = np.clip((1 - weights) * 2, 0, 1)
            grey = photograph.mean(axis=2, keepdims=True) * 0.6 + 80
            red = np.array([214, 40, 40], np.float32)
            cells.append(("disputed", data_uri((grey * (1 - disputed) + red * disputed).astype(np.uint8), _HEIGHT)))
    return {
        "image_id": image_id,
        "stratum": comparison.strata[image_id],
        "disagreement": comparison.disagreement[image_id],
        "error": None,
        "cells": cells,
    }


def _plot(comparison: Comparison) -> dict[str, Any] | None:
    """Speed against agreement: points in percent of the plot's sides, x logarithmic; None if nothing was timed."""
    timed = [one for one in comparison.overall if one.seconds and one.consensus_part_iou is not None]
    if not timed:
        return None
    quality = "truth_part_iou" if all(one.truth_part_iou is not None for one in timed) else "consensus_part_iou"
    x = _scaled([float(np.log10(one.seconds or 1)) for one in timed])
    y = _scaled([float(getattr(one, quality)) for one in timed])
    return {
        "against": "the ground truth" if quality == "truth_part_iou" else "the consensus",
        "points": [
            {"model": one.model, "x": a, "y": 100 - b, "seconds": one.seconds, "iou": getattr(one, quality)}
            for one, a, b in zip(timed, x, y, strict=True)
        ],
    }


def _tree(comparison: Comparison) -> dict[str, Any]:
    """The dendrogram: lines as (x0, x1, y0, y1) with x in percent of the largest difference."""
    branches = comparison.likeness.branches
    farthest = max((one[0] for one in branches), default=0.0) or 1.0
    return {
        "models": comparison.likeness.order,
        "farthest": farthest,
        "branches": [
            {"at": 100 * at / farthest, "a": a, "b": b, "from_a": 100 * c / farthest, "from_b": 100 * d / farthest}
            for at, a, b, c, d in branches
        ],
    }


def _scaled(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    return [5 + 90 * (one - low) / (high - low) if high > low else 50.0 for one in values]
