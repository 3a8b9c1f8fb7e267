"""Panoptic-FPN style decoder: p2..p5 merged into one map at stride 4."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from densepose_labeler.engine.layers import ConvNorm

DECODER_LEVELS = ("p2", "p3", "p4", "p5")


class Decoder(nn.Module):
    """Feature levels [B, C, H/s, W/s] to one map [B, D, H/4, W/4].

    Each level passes as many (3x3 convolution, ReLU, bilinear doubling) as it takes to reach stride 4 (p2: one
    convolution, no doubling), their sum a 1x1 convolution without activation.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        for doublings, name in enumerate(DECODER_LEVELS):
            branch = nn.Sequential()
            for step in range(max(doublings, 1)):
                width = in_channels if step == 0 else channels
                branch.append(ConvNorm(width, channels, 3, padding=1, activation=F.relu_))
                if doublings:
                    branch.append(nn.Upsample(scale_factor=2.0, mode="bilinear", align_corners=False))
            self.add_module(name, branch)
        self.predictor = nn.Conv2d(channels, channels, 1)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        total: Tensor | None = None
        for name in DECODER_LEVELS:
            branch: Tensor = self.get_submodule(name)(features[name])
            total = branch if total is None else total + branch
        result: Tensor = self.predictor(total)
        return result
