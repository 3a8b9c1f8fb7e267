"""Boxes are float32 XYXY in pixels of the network's input, with plain areas: no +1 anywhere."""

from __future__ import annotations

import math

import torch
from torch import Tensor

SIZE_CLAMP = math.log(1000.0 / 16)
"""Upper bound of a predicted log size, so that a wild delta cannot overflow."""


def decode(anchors: Tensor, deltas: Tensor, weights: tuple[float, float, float, float] = (1, 1, 1, 1)) -> Tensor:
    """Boxes [..., 4] from anchor (or proposal) boxes [..., 4] and deltas (dx, dy, dw, dh) [..., 4]."""
    size = anchors[..., 2:] - anchors[..., :2]
    centre = anchors[..., :2] + 0.5 * size
    shift = torch.stack((deltas[..., 0] / weights[0], deltas[..., 1] / weights[1]), -1)
    log_size = torch.stack((deltas[..., 2] / weights[2], deltas[..., 3] / weights[3]), -1).clamp(max=SIZE_CLAMP)
    new_centre = shift * size + centre
    half = 0.5 * (log_size.exp() * size)
    return torch.cat((new_centre - half, new_centre + half), -1)


def encode(anchors: Tensor, boxes: Tensor, weights: tuple[float, float, float, float] = (1, 1, 1, 1)) -> Tensor:
    """Deltas [..., 4] that `decode` turns back into `boxes`: the regression targets of training."""
    size, target_size = anchors[..., 2:] - anchors[..., :2], boxes[..., 2:] - boxes[..., :2]
    centre, target_centre = anchors[..., :2] + 0.5 * size, boxes[..., :2] + 0.5 * target_size
    deltas = torch.cat(((target_centre - centre) / size, (target_size / size).log()), -1)
    return deltas * deltas.new_tensor(weights)


def clip(boxes: Tensor, height: float, width: float) -> Tensor:
    """Boxes [..., 4] limited to an image of `height` x `width` pixels."""
    x, y = boxes[..., 0::2].clamp(0, width), boxes[..., 1::2].clamp(0, height)
    return torch.stack((x[..., 0], y[..., 0], x[..., 1], y[..., 1]), -1)


def area(boxes: Tensor) -> Tensor:
    """Areas [...] of boxes [..., 4]."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def pairwise_iou(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union [..., n, m] of boxes [..., n, 4] and [..., m, 4]; NaN for two empty boxes."""
    a, b = first[..., :, None, :], second[..., None, :, :]
    width = (torch.minimum(a[..., 2], b[..., 2]) - torch.maximum(a[..., 0], b[..., 0])).clamp_(min=0)
    height = (torch.minimum(a[..., 3], b[..., 3]) - torch.maximum(a[..., 1], b[..., 1])).clamp_(min=0)
    inter = width.mul_(height)
    return inter / (area(first)[..., :, None] + area(second)[..., None, :] - inter)


def nms(boxes: Tensor, valid: Tensor, threshold: float) -> Tensor:
    """Greedy non-maximum suppression of independent groups.

    `boxes` [..., n, 4] sorted by descending score within each group, `valid` bool [..., n] (others are dropped and
    suppress nothing). Returns the kept mask [..., n]: a box is dropped when a kept box before it overlaps it by IoU
    strictly greater than `threshold`.

    The greedy answer is the only fixed point of "keep what no kept earlier box suppresses", and iterating that rule
    settles at least one more leading box each round; in practice about ten rounds do. So it needs no loop over
    boxes and runs the same on any device.
    """
    overlapping = (pairwise_iou(boxes, boxes) > threshold).triu_(diagonal=1)
    matrix = (overlapping & valid[..., :, None]).to(torch.float32)
    keep = valid
    while True:
        suppressed = torch.matmul(keep[..., None, :].to(torch.float32), matrix)[..., 0, :] > 0
        updated = valid & ~suppressed
        if torch.equal(updated, keep):
            return keep
        keep = updated
