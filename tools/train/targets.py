"""What the network should have said: boxes, anchor and proposal matches, part and UV maps on the grid of a box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from densepose_labeler.engine.boxes import pairwise_iou
from tools.train.shards import Sample

SMALLEST_SIDE = 12  # a person of whom less than this many pixels is left in the frame is not asked for


@dataclass(frozen=True)
class Scene:
    """The labels of one training picture.

    boxes: float32 [K, 4], XYXY in canvas pixels. numbers: int64 [K], the people's numbers in `instance`.
    iuv: uint8 [H, W, 3]. instance: uint8 [H, W].
    """

    boxes: Tensor
    numbers: Tensor
    iuv: Tensor
    instance: Tensor


def scene(sample: Sample, device: torch.device | None = None) -> Scene:
    """Boxes around the visible body surface of each person; tensors on `device`, the CPU when left out."""
    boxes, numbers = [], []
    for number in np.unique(sample.instance[sample.instance > 0]):
        rows, columns = np.nonzero((sample.instance == number) & (sample.iuv[..., 0] > 0))
        if not len(rows):
            continue
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        if min(box[2] - box[0], box[3] - box[1]) >= SMALLEST_SIDE:
            boxes.append(box)
            numbers.append(int(number))
    return Scene(
        torch.tensor(np.array(boxes, np.float32).reshape(-1, 4), device=device),
        torch.tensor(numbers, dtype=torch.int64, device=device),
        torch.from_numpy(np.array(sample.iuv)).to(device),
        torch.from_numpy(np.array(sample.instance)).to(device),
    )


def match_anchors(anchors: Tensor, boxes: Tensor, above: float = 0.6, below: float = 0.3) -> tuple[Tensor, Tensor]:
    """Label every anchor 1 (a person), 0 (nobody) or -1 (not asked), with the index of its box.

    A box whose anchors all overlap less than `above` gets its best ones, so that no person goes untaught.
    """
    labels = torch.zeros(len(anchors), dtype=torch.int64, device=anchors.device)
    if not len(boxes):
        return labels, torch.zeros_like(labels)
    iou = pairwise_iou(anchors, boxes)
    best, index = iou.max(1)
    labels[best >= below] = -1
    labels[best >= above] = 1
    best_of_box = iou.max(0).values
    labels[((iou >= best_of_box[None] * 0.97) & (best_of_box[None] > 0.1)).any(1)] = 1
    return labels, index


def jitter(boxes: Tensor, rng: np.random.Generator, shift: float = 0.05, stretch: float = 0.08) -> Tensor:
    """Boxes displaced and resized as a detector's would be ([N, 4] XYXY)."""
    size = boxes[:, 2:] - boxes[:, :2]
    noise = torch.from_numpy(rng.standard_normal((len(boxes), 4)).astype(np.float32)).to(boxes.device)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 + noise[:, :2] * shift * size
    size = size * (noise[:, 2:] * stretch).exp()
    return torch.cat([centre - size / 2, centre + size / 2], 1)


def maps_on_grid(target: Scene, box: Tensor, number: int, side: int) -> tuple[Tensor, Tensor]:
    """Part [side, side] int64 and UV [2, side, side] float32 in 0..1 of person `number` at the cell centres of `box`.

    The cells are those that inference resamples from: cell (i, j) has its centre at x0 + (j + 0.5) * width / side.
    Other people and whatever lies outside the canvas are background.
    """
    height, width = target.instance.shape
    steps = (torch.arange(side, dtype=torch.float32, device=box.device) + 0.5) / side
    columns = (box[0] + steps * (box[2] - box[0])).floor().long()
    rows = (box[1] + steps * (box[3] - box[1])).floor().long()
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))[None]
    rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    cells = target.iuv[rows][:, columns]
    part = cells[..., 0].long() * (inside & (target.instance[rows][:, columns] == number))
    # a stored value is truncated, so the coordinate lies half a step above it on average
    uv = (cells[..., 1:].float().permute(2, 0, 1) + 0.5) / 255
    return part, uv
