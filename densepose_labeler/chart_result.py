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


def _taps(length: int, size: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Lower index, upper index and weight of the upper one for `length` samples of a side of `size` pixels."""
    scale = torch.tensor(size, dtype=torch.float32) / length
    position = ((torch.arange(length, dtype=torch.float32, device=device) + 0.5) * scale.item() - 0.5).clamp_(min=0)
    low = position.floor().clamp_(max=size - 1)
    return low.long(), (low + 1).clamp_(max=size - 1).long(), position - low


def chart_result(maps: ChartMaps, height: int, width: int) -> ChartResult:
    """Resample the maps of one box ([1, C, S, S] each) to `height` x `width` source pixels.

    Bilinear with half-pixel centres. The part is the surest fine channel after resampling, background where the surest
    coarse channel is; U, V and the per-part confidences are read from the part's channel alone. U and V are clamped to
    0..1 and truncated to bytes. Per-part confidences are 0 on background; segmentation confidences cover the box.
    """
    device, size = maps.u.device, maps.u.shape[-1]
    coarse = F.interpolate(maps.coarse_segm.float(), (height, width), mode="bilinear", align_corners=False)[0]
    body = coarse.argmax(0) > 0
    y, x = body.nonzero(as_tuple=True)

    y_low, y_high, y_weight = _taps(height, size, device)
    x_low, x_high, x_weight = _taps(width, size, device)
    rows = torch.stack((y_low[y], y_low[y], y_high[y], y_high[y]), 1) * size
    taps = rows + torch.stack((x_low[x], x_high[x], x_low[x], x_high[x]), 1)
    wy, wx = y_weight[y], x_weight[x]
    weights = torch.stack(((1 - wy) * (1 - wx), (1 - wy) * wx, wy * (1 - wx), wy * wx), 1)

    scores = maps.fine_segm[0].float().flatten(1).T.contiguous()  # [S * S, 25]: one row a pixel
    part = F.embedding_bag(taps, scores, mode="sum", per_sample_weights=weights).argmax(1)
    present = part > 0
    y, x, part, taps, weights = y[present], x[present], part[present], taps[present], weights[present]
    cells = part[:, None] * (size * size) + taps

    def of_part(values: Tensor) -> Tensor:
        return (values[0].float().reshape(-1)[cells] * weights).sum(1)

    iuv = torch.zeros((height, width, 3), dtype=torch.uint8, device=device)
    coordinates = [(of_part(values) * 255).clamp(0, 255).to(torch.uint8) for values in (maps.u, maps.v)]
    iuv[y, x] = torch.stack((part.to(torch.uint8), *coordinates), 1)
    confidences: dict[str, Tensor] = {}
    for name, values in maps.confidences.items():
        if values.shape[1] == 1:
            resized = F.interpolate(values.float(), (height, width), mode="bilinear", align_corners=False)[0, 0]
            confidences[name] = resized.to(torch.float16)
        else:
            confidences[name] = torch.zeros((height, width), dtype=torch.float16, device=device)
            confidences[name][y, x] = of_part(values).to(torch.float16)
    return ChartResult(iuv, confidences)
