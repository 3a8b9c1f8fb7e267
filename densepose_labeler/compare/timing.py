"""How long each model takes on this machine, kept beside the comparison in `<dataset>/compare/timing.json`."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from densepose_labeler.config import LabelConfig
from densepose_labeler.label_sets import choose_device, resolve
from manifests import atomic
from manifests.decoding import decode
from manifests.image_store import ImageStore

Progress = Callable[[str, int, int], None]
FILE = Path("compare") / "timing.json"


def median_seconds(dataset: Path) -> dict[str, float]:
    """Label set -> median seconds an image; empty if nothing was measured."""
    path = dataset / FILE
    return {name: one["median_seconds"] for name, one in json.loads(path.read_text()).items()} if path.is_file() else {}


def measure(
    dataset: Path,
    models: Sequence[str],
    image_ids: Sequence[str],
    config: LabelConfig,
    progress: Progress = lambda stage, done, total: None,
) -> dict[str, float]:
    """Time each model on pictures of the dataset, one picture at a time after one to warm up, decoding apart.

    What was measured on this machine before is kept for models that are not asked for.

    Args:
        models: label sets.
        image_ids: a few pictures that can be decoded; the same for every model.

    Raises:
        LabelError: a name means no label set.
        WeightsMissing: weights are not on the disk.
    """
    store, device = ImageStore(dataset / "images"), choose_device(config.device)
    pictures = [decode(store.read(image_id)) for image_id in image_ids]
    path = dataset / FILE
    known = json.loads(path.read_text()) if path.is_file() else {}
    for number, one in enumerate(resolve(models, config)):
        progress("timing", number, len(models))
        labeller = one.load(device)
        labeller(pictures[:1])
        seconds = []
        for picture in pictures:
            begun = time.perf_counter()
            labeller([picture])
            seconds.append(time.perf_counter() - begun)
        known[one.name] = {
            "median_seconds": round(median(seconds), 4),
            "images": len(seconds),
            "device": device,
            "machine": platform.machine(),
        }
    progress("timing", len(models), len(models))
    atomic.write_json(path, known)
    return median_seconds(dataset)
