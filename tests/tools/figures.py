"""Drawn figures with exact labels: enough of a person to train and score on within a test."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from tools.train.shards import Sample

# part and rectangle (x0, y0, x1, y1) in eighths of the body's height, from its middle and top; the person faces us
RECTANGLES = (
    (9, (-0.9, 4, -0.1, 6)), (10, (0.1, 4, 0.9, 6)), (13, (-0.9, 6, -0.1, 7.6)), (14, (0.1, 6, 0.9, 7.6)),
    (6, (-1.0, 7.6, 0, 8)), (5, (0, 7.6, 1.0, 8)), (2, (-1, 1.2, 1, 4)),
    (16, (-1.65, 1.3, -1.05, 2.8)), (15, (1.05, 1.3, 1.65, 2.8)), (20, (-1.6, 2.8, -1.1, 4)), (19, (1.1, 2.8, 1.6, 4)),
    (3, (-1.6, 4, -1.1, 4.6)), (4, (1.1, 4, 1.6, 4.6)), (23, (-0.5, 0, 0, 1.2)), (24, (0, 0, 0.5, 1.2)),
)  # fmt: skip
COLOURS = np.random.default_rng(5).integers(30, 226, (25, 3))


def figure(rng: np.random.Generator, width: int = 96, height: int = 128) -> Sample:
    """One figure on a plain ground; U and V rise across each part's rectangle."""
    ground = tuple(int(value) for value in rng.integers(0, 256, 3))
    image, parts = Image.new("RGB", (width, height), ground), np.zeros((height, width, 3), np.uint8)
    draw = ImageDraw.Draw(image)
    unit = height * rng.uniform(0.6, 0.9) / 8
    left, top = width / 2 + rng.uniform(-0.1, 0.1) * width, height / 2 - 4 * unit
    for part, (x0, y0, x1, y1) in RECTANGLES:
        box = [round(left + x0 * unit), round(top + y0 * unit), round(left + x1 * unit), round(top + y1 * unit)]
        draw.rectangle([box[0], box[1], box[2] - 1, box[3] - 1], fill=tuple(int(c) for c in COLOURS[part]))
        patch = parts[max(box[1], 0) : box[3], max(box[0], 0) : box[2]]
        patch[..., 0] = part
        patch[..., 1] = np.linspace(0, 255, patch.shape[0]).astype(np.uint8)[:, None]
        patch[..., 2] = np.linspace(0, 255, patch.shape[1]).astype(np.uint8)[None]
    return Sample(np.asarray(image), parts, (parts[..., 0] > 0).astype(np.uint8))


def write_shard(path: str, samples: list[Sample]) -> None:
    """An npz as the renderer writes them."""
    np.savez(
        path, **{name: np.stack([getattr(sample, name) for sample in samples]) for name in Sample.__dataclass_fields__}
    )
