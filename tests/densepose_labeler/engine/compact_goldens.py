"""Make tests/data/reference/goldens.npz from a folder of full recordings, one `<model>.npz` for each of the 27 models.

    python -m tests.densepose_labeler.engine.compact_goldens FOLDER

Every array is kept once, however many models share it (with seeded weights, models of one backbone agree up to their
heads), chart maps at every second recorded sample and part maps at every second or fourth pixel. `index` is a JSON
text: for each model, the array of each of its keys.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.densepose_labeler.engine.reference import GOLDENS, OFFICIAL

MAP_SAMPLES = 7  # of a chart map, along either side
RESULT_STEPS = {"result0_iuv": 2, "result1_iuv": 4}


def compact(folder: Path) -> tuple[dict[str, npt.NDArray[np.generic]], dict[str, dict[str, str]]]:
    """The distinct arrays by name, and the name of every model's keys."""
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    names: dict[tuple[str, bytes], str] = {}
    index: dict[str, dict[str, str]] = {}
    for model in OFFICIAL:
        with np.load(folder / f"{model}.npz") as recorded:
            kept = dict(_thinned(key, recorded[key]) for key in recorded.files)
        for key, values in kept.items():
            name = names.setdefault((key, values.tobytes()), f"{key}/{len(names)}")
            arrays[name] = values
            index.setdefault(model, {})[key] = name
    return arrays, index


def _thinned(key: str, values: npt.NDArray[np.generic]) -> tuple[str, npt.NDArray[np.generic]]:
    if values.ndim == 4 and values.shape[-1] == 2 * MAP_SAMPLES:
        return key, values[:, :, ::2, ::2].copy()
    plain = key.removesuffix("_step4")
    if plain in RESULT_STEPS:
        step = RESULT_STEPS[plain] if plain == key else 1
        return plain, values[:, ::step, ::step].copy()
    return key, values


if __name__ == "__main__":
    made, entries = compact(Path(sys.argv[1]))
    np.savez_compressed(GOLDENS, index=np.array(json.dumps(entries)), **made)  # type: ignore[arg-type]
    print(f"{GOLDENS}: {len(made)} arrays, {GOLDENS.stat().st_size:,} bytes")
