"""Chart maps of a box to parts and coordinates of source pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from densepose_labeler.engine.chart_predictor import ChartMaps


@dataclass(frozen=True)
class ChartResult:
    """`iuv` uint8 [h, w, 3]: part 0..24, U * 255, V * 255; `confidences` float16 [h, w] by name."""

    iuv: Tensor
    confidences: Mapping[str, Tensor]


def integer_box(box: Tensor) -> tuple[int, int, int, int]:
    """x, y, width, height in whole pixels of a float32 XYXY box [4]: each truncated, sides at least 1."""
    x0, y0, x1, y1 = box.to(torch.float32).cpu().unbind()
    return int(x0), int(y0), max(int(x1 - x0), 1), max(int(y1 - y0), 1)


def chart_result(maps: ChartMaps, height: int, width: int) -> ChartResult:
    """Resample the maps of one box ([1, C, S, S] each) to `height` x `width` source pixels.

    Bilinear with half-pixel centres. The part is the surest fine channel after resampling, background where the surest
    coarse channel is; U, V and the per-part confidences are read from the part's channel alone. U and V are clamped to
    0..1 and truncated to bytes. Per-part confidences are 0 on background; segmentation confidences cover the box.
    """
    device, size = maps.u.device, maps.u.shape[-1]
    coarse = F.interpolate(maps.coarse_segm.float(), (height, width), mode="bilinear", align_corners=False)[0]
    body = (coarse.max(0).indices > 0).flatten().nonzero()[:, 0]  # `max` is several times faster than `argmax`
    taps, weights = _bilinear(body // width, body % width, height, width, size)

    scores = maps.fine_segm[0].float().flatten(1).T.contiguous()  # [S * S, 25]: one row a pixel
    part = F.embedding_bag(taps, scores, mode="sum", per_sample_weights=weights).max(1).indices

    of_part = {name: values for name, values in maps.confidences.items() if values.shape[1] > 1}
    columns = [values[0].float().flatten() for values in (maps.u, maps.v, *of_part.values())]
    cells = part[:, None] * (size * size) + taps  # the rows of the pixel's own part
    values = F.embedding_bag(cells, torch.stack(columns, 1), mode="sum", per_sample_weights=weights)
    values *= (part > 0)[:, None]

    iuv = torch.zeros((height * width, 3), dtype=torch.uint8, device=device)
    coordinates = (values[:, :2] * 255).clamp_(0, 255).to(torch.uint8)
    iuv[body] = torch.cat((part[:, None].to(torch.uint8), coordinates), 1)
    confidences: dict[str, Tensor] = {}
    for name, raw in maps.confidences.items():
        if name in of_part:
            column = torch.zeros(height * width, dtype=torch.float16, device=device)
            column[body] = values[:, 2 + list(of_part).index(name)].to(torch.float16)
            confidences[name] = column.view(height, width)
        else:
            resized = F.interpolate(raw.float(), (height, width), mode="bilinear", align_corners=False)
            confidences[name] = resized[0, 0].to(torch.float16)
    return ChartResult(iuv.view(height, width, 3), confidences)


def _bilinear(y: Tensor, x: Tensor, height: int, width: int, size: int) -> tuple[Tensor, Tensor]:
    """The four cells of a size x size map under pixels y, x [n] of a height x width picture, and weights, [n, 4]."""
    y_index, y_weight = _axis(height, size, y.device)
    x_index, x_weight = _axis(width, size, x.device)
    taps = (y_index[y] * size)[:, :, None] + x_index[x][:, None, :]
    weights = y_weight[y][:, :, None] * x_weight[x][:, None, :]
    return taps.flatten(1), weights.flatten(1)


def _axis(length: int, size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """For every sample of one axis: the two cells and their weights, both [length, 2]."""
    scale = float(torch.tensor(size, dtype=torch.float32) / length)
    position = ((torch.arange(length, dtype=torch.float32, device=device) + 0.5) * scale - 0.5).clamp_(min=0)
    low = position.floor().clamp_(max=size - 1)
    upper = position - low
    index = torch.stack((low, (low + 1).clamp_(max=size - 1)), 1).to(torch.int64)
    return index, torch.stack((1 - upper, upper), 1)
