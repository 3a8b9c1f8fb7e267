"""Ground truth as COCO-DensePose annotations: boxes, masks and about a hundred points of the surface a person.

Conventions, those of the official files and of detectron2's evaluator:

- `bbox` is x, y, width, height in pixels, tight around the visible bare body;
- a point lies at a pixel's centre: its place in the picture is x + dp_x * width / 255, and likewise for y;
- `dp_masks` are the 14 coarse parts in the box scaled to 256 x 256;
- a person of whom hardly anything shows has no points, which makes the evaluator ignore them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from manifests.parts import COARSE_OF_FINE
from tools.renders_eval.rle import encode

POINTS = 100
LEAST, MOST = 3, 14  # points of one part
SLIVER = 350  # pixels: whoever shows fewer has no points
GRID = 256
Bytes = NDArray[np.uint8]


def annotate(part: Bytes, uv: NDArray[np.float32], instance: Bytes, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Annotations of everybody in a picture, without ids.

    part: uint8 [H, W], 0..24; uv: float32 [H, W, 2]; instance: uint8 [H, W], 0 nobody.
    """
    return [_person(part, uv, instance == number, rng) for number in np.unique(instance[part > 0]).tolist()]


def _person(part: Bytes, uv: NDArray[np.float32], seen: NDArray[np.bool_], rng: np.random.Generator) -> dict[str, Any]:
    rows, columns = np.nonzero(seen)
    x, y = int(columns.min()), int(rows.min())
    width, height = int(columns.max()) + 1 - x, int(rows.max()) + 1 - y
    out: dict[str, Any] = {
        "category_id": 1,
        "iscrowd": 0,
        "bbox": [x, y, width, height],
        "area": len(rows),
        "segmentation": encode(seen),
    }
    if len(rows) < SLIVER:
        return out
    at = _chosen(part[rows, columns], rng)
    row, column = rows[at], columns[at]
    u, v = np.round(uv[row, column].astype(float), 4).T.tolist()
    coarse = np.array(COARSE_OF_FINE)[np.where(seen, part, 0)[y : y + height, x : x + width]]
    i, j = (((np.arange(GRID) + 0.5) * side / GRID).astype(int) for side in (height, width))
    grid = coarse[i][:, j]
    return out | {
        "dp_I": part[row, column].tolist(),
        "dp_U": u,
        "dp_V": v,
        "dp_x": np.round((column + 0.5 - x) / width * 255, 3).tolist(),
        "dp_y": np.round((row + 0.5 - y) / height * 255, 3).tolist(),
        "dp_masks": [encode(grid == k) if (grid == k).any() else [] for k in range(1, 15)],
    }


def _chosen(part: Bytes, rng: np.random.Generator) -> NDArray[np.int64]:
    """Which of a person's pixels (in reading order, `part` [N]) become points: of every part some, of large ones more,
    evenly over the part."""
    numbers, sizes = np.unique(part, return_counts=True)
    share = np.sqrt(sizes) / np.sqrt(sizes).sum()
    wanted = np.minimum(np.clip(np.round(POINTS * share), LEAST, MOST).astype(int), sizes)
    chosen = []
    for number, count, size in zip(numbers, wanted, sizes, strict=True):
        even = ((np.arange(count) + rng.random()) / count * size).astype(int)
        chosen.append(np.flatnonzero(part == number)[np.minimum(even, size - 1)])
    return np.concatenate(chosen)
