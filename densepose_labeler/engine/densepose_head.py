"""DensePose heads: pooled features to the features the predictor reads."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from densepose_labeler.engine.layers import ConvNorm
from densepose_labeler.engine.spec import DensePoseSpec

GROUPS = 32
ASPP_CHANNELS = 256
ASPP_DILATIONS = (6, 12, 56)


class V1ConvXHead(nn.Module):
    """A stack of 3x3 convolutions with ReLU: [N, C, R, R] to [N, conv_dim, R, R]."""

    def __init__(self, channels: int, spec: DensePoseSpec) -> None:
        super().__init__()
        self.names = [f"body_conv_fcn{number}" for number in range(1, spec.conv_count + 1)]
        for name in self.names:
            self.add_module(name, ConvNorm(channels, spec.conv_dim, 3, padding=1, activation=F.relu_))
            channels = spec.conv_dim

    def forward(self, x: Tensor) -> Tensor:
        for name in self.names:
            x = self.get_submodule(name)(x)
        return x


class DilatedConv(nn.Conv2d):
    """3x3 convolution whose padding equals its dilation."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int) -> None:
        super().__init__(in_channels, out_channels, 3, padding=dilation, dilation=dilation, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.dilation[0] >= max(x.shape[2:]):  # eight of the nine taps only ever see padding
            return F.conv2d(x, self.weight[:, :, 1:2, 1:2])
        return super().forward(x)


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling over the pooled region, [N, C, R, R] to [N, 256, R, R]."""

    def __init__(self, channels: int) -> None:
        super().__init__()

        def norm_relu() -> list[nn.Module]:
            return [nn.GroupNorm(GROUPS, ASPP_CHANNELS), nn.ReLU(inplace=True)]

        convs = [nn.Sequential(nn.Conv2d(channels, ASPP_CHANNELS, 1, bias=False), *norm_relu())]
        convs += [nn.Sequential(DilatedConv(channels, ASPP_CHANNELS, d), *norm_relu()) for d in ASPP_DILATIONS]
        pooled = (nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, ASPP_CHANNELS, 1, bias=False))
        convs.append(nn.Sequential(*pooled, *norm_relu()))
        self.convs = nn.ModuleList(convs)
        width = ASPP_CHANNELS * len(convs)
        self.project = nn.Sequential(nn.Conv2d(width, ASPP_CHANNELS, 1, bias=False), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        branches = [conv(x) for conv in self.convs]
        branches[-1] = branches[-1].expand_as(branches[0])
        result: Tensor = self.project(torch.cat(branches, 1))
        return result


class DeepLabHead(nn.Module):
    """ASPP, then a stack of 3x3 convolutions with GroupNorm and ReLU: [N, C, R, R] to [N, conv_dim, R, R]."""

    def __init__(self, channels: int, spec: DensePoseSpec) -> None:
        super().__init__()
        self.ASPP = ASPP(channels)
        self.names = [f"body_conv_fcn{number}" for number in range(1, spec.conv_count + 1)]
        channels = ASPP_CHANNELS
        for name in self.names:
            norm = nn.GroupNorm(GROUPS, spec.conv_dim)
            self.add_module(name, ConvNorm(channels, spec.conv_dim, 3, padding=1, norm=norm, activation=F.relu_))
            channels = spec.conv_dim

    def forward(self, x: Tensor) -> Tensor:
        x = self.ASPP(x)
        for name in self.names:
            x = self.get_submodule(name)(x)
        return x
