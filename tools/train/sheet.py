"""A contact sheet of the worst pictures: `python -m tools.train.sheet FOLDER TARGET.jpg`.

Each column shows a picture, its true parts and the predicted ones; the pictures with the lowest share of rightly
labelled body pixels come first, spread over the worst quarter.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from densepose_labeler import checkpoints, zoo
from densepose_labeler.predictor import Predictor
from manifests.atomic import write_bytes
from manifests.instances import flatten
from manifests.palettes import colourise
from tools.train.shards import Sample, ShardPool


def agreement(truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> float:
    """Share of pixels that are body in either part map [H, W] on which both name the same part; 1 if there are none."""
    body = (truth > 0) | (predicted > 0)
    return float((truth == predicted)[body].mean()) if body.any() else 1.0


def column(sample: Sample, predicted: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Picture, truth and prediction one below the other, uint8 [3 H, W, 3] RGB."""
    tiles = [sample.image]
    for parts in (sample.iuv[..., 0], predicted):
        painted = sample.image * 0.3 + colourise(parts) * 0.7
        tiles.append(np.where(parts[..., None] > 0, painted, sample.image * 0.6).astype(np.uint8))
    return np.concatenate(tiles)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of *.npz with image, iuv and instance")
    parser.add_argument("target", type=Path)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--limit", type=int, default=120)
    options = parser.parse_args()
    torch.set_num_threads(1)
    spec = zoo.get("embedded")
    predictor, pool = Predictor(checkpoints.load(spec), spec), ShardPool(options.folder, pattern="*.npz")
    judged = []
    for index in np.unique(np.linspace(0, len(pool) - 1, min(options.limit, len(pool))).astype(int)):
        sample = pool[int(index)]
        people = predictor([np.ascontiguousarray(sample.image)])[0]
        predicted = flatten(people, *sample.instance.shape)[..., 0]
        judged.append((agreement(sample.iuv[..., 0], predicted), int(index), predicted))
    judged.sort(key=lambda one: one[:2])
    worst = judged[: max(len(judged) // 4, options.columns)]
    chosen = [worst[int(k)] for k in np.linspace(0, len(worst) - 1, options.columns)]
    sheet = np.concatenate([column(pool[index], predicted) for _, index, predicted in chosen], 1)
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "JPEG", quality=80)
    write_bytes(options.target, buffer.getvalue())


if __name__ == "__main__":
    main()
