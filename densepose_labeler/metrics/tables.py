"""The evaluation as data: figures.json, figures.csv and figures.parquet with the same figures, pictures.parquet."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from densepose_labeler.metrics.columns import FURTHER, MAIN
from densepose_labeler.metrics.figures import LEVEL, Figure
from densepose_labeler.metrics.run import Evaluation, ModelResult
from manifests import atomic
from manifests.parts import PART_NAMES


def write(evaluation: Evaluation, folder: Path) -> None:
    """Write all of them into `folder`."""
    atomic.write_json(folder / "figures.json", as_json(evaluation))
    frame = as_frame(evaluation)
    text = io.StringIO()
    frame.to_csv(text, index=False, lineterminator="\n")
    atomic.write_text(folder / "figures.csv", text.getvalue())
    atomic.write_table(folder / "figures.parquet", pa.Table.from_pandas(frame, preserve_index=False))
    atomic.write_table(folder / "pictures.parquet", pa.Table.from_pandas(_pictures(evaluation), preserve_index=False))


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Everything as plain data; figures without a meaning are null."""
    on = evaluation.on
    return {
        "set": {
            "name": on.name,
            "fingerprint": on.fingerprint,
            "pictures": len(on.pictures),
            "people": sum(not one.crowd for picture in on.pictures for one in picture.people or ()),
            "charts": on.charts,
        },
        "intervals": {"level": LEVEL, "replicates": evaluation.replicates, "seed": evaluation.seed},
        "kappa": evaluation.kappa,
        "models": {one.predictions.model: _model(one) for one in evaluation.models},
    }


def as_frame(evaluation: Evaluation) -> pd.DataFrame:
    """A row a model and slice: `slice` is "all", "part" or the stratum's key, `value` the part's or stratum's name;
    a column a figure, with the bounds of its interval in `<figure>_low` and `<figure>_high`."""
    rows = []
    for result in evaluation.models:
        model = {"model": result.predictions.model}
        count = len(evaluation.on.pictures)
        rows.append({**model, "slice": "all", "value": "", "pictures": count} | _flat(result.figures))
        for stratum in result.strata:
            place = {"slice": stratum.key, "value": stratum.value, "pictures": stratum.pictures}
            rows.append({**model, **place} | _flat(stratum.figures))
        for part, figures in enumerate(result.parts, start=1):
            if figures:
                place = {"slice": "part", "value": PART_NAMES[part], "pictures": count}
                rows.append({**model, **place} | _flat(figures))
    names = [one.name for one in (*MAIN, *FURTHER)]
    columns = [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
    frame = pd.DataFrame(rows)
    return frame[["model", "slice", "value", "pictures", *(one for one in columns if one in frame)]]


def _pictures(evaluation: Evaluation) -> pd.DataFrame:
    """A row a model and picture, with its quality (`run.ModelResult.quality`)."""
    names = [one.file_name for one in evaluation.on.pictures]
    frames = [
        pd.DataFrame({"model": one.predictions.model, "file_name": names, "quality": one.quality})
        for one in evaluation.models
    ]
    return pd.concat(frames, ignore_index=True)


def _model(result: ModelResult) -> dict[str, Any]:
    strata: dict[str, dict[str, Any]] = {}
    for one in result.strata:
        strata.setdefault(one.key, {})[one.value] = {"pictures": one.pictures, "figures": _plain(one.figures)}
    return {
        "fingerprint": result.predictions.fingerprint,
        "score_threshold": result.predictions.threshold,
        "images_per_second": result.predictions.images_per_second,
        "device": result.predictions.device,
        "notes": list(result.notes),
        "figures": _plain(result.figures),
        "parts": {PART_NAMES[part]: _plain(one) for part, one in enumerate(result.parts, start=1) if one},
        "strata": strata,
    }


def _plain(figures: Mapping[str, Figure]) -> dict[str, Any]:
    return {
        name: {key: _number(getattr(one, key)) for key in ("value", "low", "high")} for name, one in figures.items()
    }


def _flat(figures: Mapping[str, Figure]) -> dict[str, float | None]:
    return {
        f"{name}{end}": _number(value)
        for name, one in figures.items()
        for end, value in (("", one.value), ("_low", one.low), ("_high", one.high))
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
