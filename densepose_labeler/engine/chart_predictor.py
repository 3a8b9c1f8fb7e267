"""Predictor of chart maps: part segmentations, U, V and their confidences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from densepose_labeler.engine.spec import FINE_CHANNELS, DensePoseSpec

CONFIDENCE_FLOOR = 0.01
"""Added to the softplus of a segmentation confidence."""

_LAYERS = {
    "coarse_segm": "ann_index_lowres",
    "fine_segm": "index_uv_lowres",
    "u": "u_lowres",
    "v": "v_lowres",
    "sigma_2": "sigma_2_lowres",
    "kappa_u": "kappa_u_lowres",
    "kappa_v": "kappa_v_lowres",
    "fine_segm_confidence": "fine_segm_confidence_lowres",
    "coarse_segm_confidence": "coarse_segm_confidence_lowres",
}


@dataclass(frozen=True)
class ChartMaps:
    """Raw outputs for N boxes, all [N, channels, S, S] float.

    `coarse_segm` 2 or 15 channels and `fine_segm` 25 are scores without softmax; `u`, `v` have 25 channels and may
    leave 0..1. `confidences` may hold `sigma_2`, `kappa_u`, `kappa_v` (25 channels, raw: the variance is
    softplus(sigma_2) + 0.01, smaller is surer) and `fine_segm_confidence`, `coarse_segm_confidence` (1 channel,
    positive; the segmentations are multiplied by them already).
    """

    coarse_segm: Tensor
    fine_segm: Tensor
    u: Tensor
    v: Tensor
    confidences: Mapping[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.u.shape[0]

    def __getitem__(self, rows: slice) -> ChartMaps:
        confidences = {name: value[rows] for name, value in self.confidences.items()}
        return ChartMaps(self.coarse_segm[rows], self.fine_segm[rows], self.u[rows], self.v[rows], confidences)

    @staticmethod
    def concatenate(parts: Sequence[ChartMaps]) -> ChartMaps:
        """The maps of several runs of boxes as one."""
        confidences = {name: torch.cat([one.confidences[name] for one in parts]) for name in parts[0].confidences}
        coarse, fine = torch.cat([one.coarse_segm for one in parts]), torch.cat([one.fine_segm for one in parts])
        return ChartMaps(
            coarse, fine, torch.cat([one.u for one in parts]), torch.cat([one.v for one in parts]), confidences
        )


class ChartPredictor(nn.Module):
    """[N, C, R, R] to `ChartMaps` of side 4R: a transposed convolution each, then bilinear doubling."""

    def __init__(self, channels: int, spec: DensePoseSpec) -> None:
        super().__init__()
        self.widths = {"coarse_segm": spec.coarse_channels, "fine_segm": FINE_CHANNELS}
        self.widths |= {"u": FINE_CHANNELS, "v": FINE_CHANNELS}
        self.widths |= {name: 1 if "segm" in name else FINE_CHANNELS for name in spec.confidence_names}
        for name, width in self.widths.items():
            self.add_module(_LAYERS[name], nn.ConvTranspose2d(channels, width, 4, stride=2, padding=1))

    def half_size(self, x: Tensor) -> Tensor:
        """Every map before it is doubled, [N, sum of `widths`, 2R, 2R], in the order of `widths`."""
        # One wide transposed convolution is faster than up to nine narrow ones.
        layers = [self.get_submodule(_LAYERS[name]) for name in self.widths]
        weight = torch.cat([layer.get_parameter("weight") for layer in layers], 1)
        bias = torch.cat([layer.get_parameter("bias") for layer in layers])
        return F.conv_transpose2d(x, weight, bias, stride=2, padding=1)

    def forward(self, x: Tensor) -> ChartMaps:
        wide = F.interpolate(self.half_size(x), scale_factor=2.0, mode="bilinear", align_corners=False)
        maps = dict(zip(self.widths, torch.split(wide, list(self.widths.values()), 1), strict=True))
        for name in ("fine_segm", "coarse_segm"):
            confidence = f"{name}_confidence"
            if confidence in maps:
                maps[confidence] = F.softplus(maps[confidence]) + CONFIDENCE_FLOOR
                maps[name] = maps[name] * maps[confidence]
        coarse, fine, u, v = (maps.pop(name) for name in ("coarse_segm", "fine_segm", "u", "v"))
        return ChartMaps(coarse, fine, u, v, maps)
