"""ROIAlign as a weighted sum of feature rows, in plain PyTorch.

The mean of a bin's bilinear samples is a weighted sum of feature vectors, and its weights separate into a vertical
and a horizontal factor. `embedding_bag` computes such sums without writing the gathered rows to memory, and is
differentiable with respect to the features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from densepose_labeler.engine.fpn import STRIDES
from densepose_labeler.engine.spec import PoolerSpec

CANONICAL_SIZE = 224
CANONICAL_LEVEL = 4


def _axis_taps(
    start: Tensor, length: Tensor, size: int, resolution: int, samples: int, dense: bool
) -> tuple[Tensor, Tensor]:
    """Feature indices and weights along one axis, both [N, resolution, taps].

    Each sample has two taps. `dense` says that samples lie at most one pixel apart, so that the `samples` + 1 pixels
    from the first sample on hold all of them.
    """
    bin_length = (length / resolution)[:, None, None]
    bins = torch.arange(resolution, device=start.device, dtype=start.dtype)[None, :, None]
    steps = torch.arange(samples, device=start.device, dtype=start.dtype)[None, None, :] + 0.5
    position = start[:, None, None] + bins * bin_length + steps * bin_length / samples
    share = ((position >= -1.0) & (position <= size)) / samples
    position = position.clamp(0, size - 1)  # at the last pixel both taps are that pixel
    low = position.floor()
    if dense:
        pixels = low[:, :, :1] + torch.arange(samples + 1, device=start.device, dtype=start.dtype)
        tent = (1.0 - (position[:, :, None, :] - pixels[..., None]).abs()).clamp(min=0)
        return pixels.clamp(max=size - 1).to(torch.int64), (tent * share[:, :, None, :]).sum(-1)
    upper_weight = position - low
    weight = torch.stack((1.0 - upper_weight, upper_weight), -1) * share[..., None]
    index = torch.stack((low, (low + 1).clamp(max=size - 1)), -1)
    return index.to(torch.int64).flatten(2), weight.flatten(2)


def _align_uniform(
    rows: Tensor,
    size: tuple[int, int],
    boxes: Tensor,
    batch: Tensor,
    resolution: int,
    samples: tuple[int, int],
    dense: bool = False,
) -> Tensor:
    """Boxes in feature pixels that share one number of samples (vertical, horizontal), pooled to [N, R, R, C]."""
    height, width = size
    extent = boxes[:, 2:] - boxes[:, :2]
    y_index, y_weight = _axis_taps(boxes[:, 1], extent[:, 1], height, resolution, samples[0], dense)
    x_index, x_weight = _axis_taps(boxes[:, 0], extent[:, 0], width, resolution, samples[1], dense)
    y_index = y_index + (batch * height)[:, None, None]
    index = y_index[:, :, None, :, None] * width + x_index[:, None, :, None, :]
    weight = y_weight[:, :, None, :, None] * x_weight[:, None, :, None, :]
    bags = boxes.shape[0] * resolution * resolution
    pooled = F.embedding_bag(
        index.reshape(bags, -1), rows, mode="sum", per_sample_weights=weight.reshape(bags, -1).to(rows.dtype)
    )
    return pooled.view(boxes.shape[0], resolution, resolution, -1)


def roi_align(features: Tensor, boxes: Tensor, batch: Tensor, scale: float, pooler: PoolerSpec) -> Tensor:
    """Pool boxes from one feature map.

    `features` [B, C, H, W] (cheapest in channels-last memory), `boxes` [N, 4] XYXY in input pixels, `batch` int64 [N]
    the image of each box, `scale` feature pixels per input pixel. Returns [N, C, R, R] in channels-last memory.
    Not aligned (as the official models pool), boxes are at least one feature pixel wide and high; aligned, half a
    pixel is subtracted from coordinates and there is no minimum.
    """
    channels, height, width = features.shape[1:]
    rows = features.permute(0, 2, 3, 1).reshape(-1, channels)
    resolution = pooler.resolution
    scaled = boxes.detach().float() * scale
    if pooler.aligned:
        scaled = scaled - 0.5
    else:
        scaled = torch.cat((scaled[:, :2], scaled[:, :2] + (scaled[:, 2:] - scaled[:, :2]).clamp(min=1.0)), 1)
    if pooler.sampling_ratio > 0:
        samples = (pooler.sampling_ratio, pooler.sampling_ratio)
        pooled = _align_uniform(rows, (height, width), scaled, batch, resolution, samples)
        return pooled.permute(0, 3, 1, 2)
    extent = scaled[:, 2:] - scaled[:, :2]
    counts = (extent / resolution).ceil().clamp(min=1).to(torch.int64)
    groups, values = [], []
    for x_samples, y_samples in torch.unique(counts, dim=0).tolist():
        group = ((counts[:, 0] == x_samples) & (counts[:, 1] == y_samples)).nonzero()[:, 0]
        samples = (y_samples, x_samples)
        groups.append(group)
        size = (height, width)
        values.append(_align_uniform(rows, size, scaled[group], batch[group], resolution, samples, dense=True))
    return _merge(groups, values, rows.new_zeros((0, resolution, resolution, channels)))


def _merge(groups: Sequence[Tensor], values: Sequence[Tensor], empty: Tensor) -> Tensor:
    """Rows pooled group by group [n, R, R, C], back in their order, as [N, C, R, R]."""
    if not groups:
        return empty.permute(0, 3, 1, 2)
    order = torch.cat(list(groups)).argsort()
    return torch.cat(list(values))[order].permute(0, 3, 1, 2)


def batch_index(boxes: Sequence[Tensor]) -> Tensor:
    """Image number int64 [N] of each row of the concatenated `boxes`."""
    counts = torch.tensor([len(one) for one in boxes])
    return torch.repeat_interleave(torch.arange(len(boxes)), counts).to(boxes[0].device)


def pool_levels(features: Mapping[str, Tensor], boxes: Sequence[Tensor], pooler: PoolerSpec) -> Tensor:
    """Pool the boxes of a batch from p2..p5, each from the level that suits its size.

    `boxes` one [n, 4] tensor an image; returns [sum n, C, R, R] in the order of the concatenated boxes. The level is
    floor(4 + log2(sqrt(area) / 224)), at least 2 and at most 5.
    """
    flat, batch = torch.cat(list(boxes)), batch_index(boxes)
    side = ((flat[:, 2] - flat[:, 0]) * (flat[:, 3] - flat[:, 1])).sqrt()
    levels = (CANONICAL_LEVEL + torch.log2(side / CANONICAL_SIZE + 1e-8)).floor().clamp(2, 5)
    groups, values = [], []
    for level in (2, 3, 4, 5):
        rows = (levels == level).nonzero()[:, 0]
        if len(rows):
            name = f"p{level}"
            groups.append(rows)
            pooled = roi_align(features[name], flat[rows], batch[rows], 1.0 / STRIDES[name], pooler)
            values.append(pooled.permute(0, 2, 3, 1))
    empty = features["p2"].new_zeros((0, pooler.resolution, pooler.resolution, features["p2"].shape[1]))
    return _merge(groups, values, empty)
