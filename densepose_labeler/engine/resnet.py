"""ResNet-50 and ResNet-101 as the official DensePose models use them.

Frozen batch norm, and the stride of a stage in its first block's first 1x1 convolution and shortcut (the original
MSRA layout), not in the 3x3 convolution.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from densepose_labeler.engine.layers import ConvNorm, FrozenBatchNorm

STAGE_BLOCKS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}


class Stem(nn.Module):
    """7x7 convolution of stride 2 and a 3x3 max-pool of stride 2: [B, 3, H, W] to [B, 64, H/4, W/4]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = ConvNorm(3, 64, 7, stride=2, padding=3, norm=FrozenBatchNorm(64), activation=F.relu_)

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(self.conv1(x), kernel_size=3, stride=2, padding=1)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions around a residual; the first block of a stage projects its shortcut."""

    def __init__(self, in_channels: int, width: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.shortcut: ConvNorm | None = None
        if in_channels != out_channels:
            norm = FrozenBatchNorm(out_channels)
            self.shortcut = ConvNorm(in_channels, out_channels, 1, stride=stride, norm=norm)
        relu = F.relu_
        self.conv1 = ConvNorm(in_channels, width, 1, stride=stride, norm=FrozenBatchNorm(width), activation=relu)
        self.conv2 = ConvNorm(width, width, 3, padding=1, norm=FrozenBatchNorm(width), activation=relu)
        self.conv3 = ConvNorm(width, out_channels, 1, norm=FrozenBatchNorm(out_channels), activation=relu)

    def forward(self, x: Tensor) -> Tensor:
        residual: Tensor = x if self.shortcut is None else self.shortcut(x)
        result: Tensor = self.conv3(self.conv2(self.conv1(x)), residual)
        return result


class ResNet(nn.Module):
    """[B, 3, H, W] to the outputs of res2..res5: 256, 512, 1024, 2048 channels at strides 4, 8, 16, 32."""

    out_channels = (256, 512, 1024, 2048)

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.stem = Stem()
        in_channels = 64
        for index, blocks in enumerate(STAGE_BLOCKS[kind]):
            width, out_channels = 64 * 2**index, self.out_channels[index]
            stage = nn.Sequential()
            for block in range(blocks):
                stride = 2 if block == 0 and index > 0 else 1
                stage.append(Bottleneck(in_channels, width, out_channels, stride))
                in_channels = out_channels
            self.add_module(f"res{index + 2}", stage)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.stem(x)
        outputs: list[Tensor] = []
        for name in ("res2", "res3", "res4", "res5"):
            x = self.get_submodule(name)(x)
            outputs.append(x)
        return tuple(outputs)
