"""EfficientNet-Lite0 with its batch normalisation folded into the convolutions.

The classification head is left out. Inputs are RGB, (value - 127) / 128. Padding is TensorFlow's SAME for sides
divisible by 32, so published ImageNet weights keep their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

STAGES = (  # blocks, kernel, stride, expansion, output channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
OUTPUT_STAGES = (1, 2, 4, 6)
STEM_CHANNELS = 32


def _same_conv(conv: nn.Conv2d, x: Tensor) -> Tensor:
    kernel, stride = conv.kernel_size[0], conv.stride[0]
    total = kernel - stride
    if stride == 1:
        return F.conv2d(x, conv.weight, conv.bias, padding=total // 2, groups=conv.groups)
    before, after = total // 2, total - total // 2
    return F.conv2d(F.pad(x, (before, after, before, after)), conv.weight, conv.bias, stride, groups=conv.groups)


class InvertedResidual(nn.Module):
    """1x1 expansion, depthwise convolution, 1x1 projection; residual where shape allows."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = in_channels * expansion
        self.expand = nn.Conv2d(in_channels, width, 1) if expansion > 1 else None
        self.depthwise = nn.Conv2d(width, width, kernel, stride, groups=width)
        self.project = nn.Conv2d(width, out_channels, 1)
        self.residual = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else F.relu6(self.expand(x), inplace=True)
        y = F.relu6(_same_conv(self.depthwise, y), inplace=True)
        projected: Tensor = self.project(y)
        return x + projected if self.residual else projected


class EfficientNetLite0(nn.Module):
    """[B, 3, H, W] (sides divisible by 32) to 24, 40, 112 and 320 channels at strides 4, 8, 16 and 32."""

    out_channels = tuple(STAGES[index][4] for index in OUTPUT_STAGES)

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, STEM_CHANNELS, 3, stride=2)
        self.stages = nn.ModuleList()
        channels = STEM_CHANNELS
        for blocks, kernel, stride, expansion, out_channels in STAGES:
            stage = nn.Sequential()
            for block in range(blocks):
                stage.append(InvertedResidual(channels, out_channels, kernel, stride if block == 0 else 1, expansion))
                channels = out_channels
            self.stages.append(stage)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = F.relu6(_same_conv(self.stem, x), inplace=True)
        outputs: list[Tensor] = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in OUTPUT_STAGES:
                outputs.append(x)
        return tuple(outputs)


def fold_pretrained(state: Mapping[str, Tensor], eps: float = 1e-3) -> dict[str, Tensor]:
    """State dict of `EfficientNetLite0` from a published one.

    `state` has the names of the PyPI package `efficientnet-lite-pytorch` (`_conv_stem`, `_bn0`, `_blocks.N._...`);
    batch normalisation with `eps` is folded into the convolutions, the classification head is dropped.
    """

    def folded(conv: str, norm: str) -> tuple[Tensor, Tensor]:
        scale = state[f"{norm}.weight"].double() / (state[f"{norm}.running_var"].double() + eps).sqrt()
        shift = state[f"{norm}.bias"].double() - state[f"{norm}.running_mean"].double() * scale
        weight = state[f"{conv}.weight"].double() * scale[:, None, None, None]
        return weight.float(), shift.float()

    result: dict[str, Tensor] = {}

    def put(name: str, conv: str, norm: str) -> None:
        result[f"{name}.weight"], result[f"{name}.bias"] = folded(conv, norm)

    put("stem", "_conv_stem", "_bn0")
    source = 0
    for stage, (blocks, _, _, expansion, _) in enumerate(STAGES):
        for block in range(blocks):
            theirs, ours = f"_blocks.{source}", f"stages.{stage}.{block}"
            if expansion > 1:
                put(f"{ours}.expand", f"{theirs}._expand_conv", f"{theirs}._bn0")
            put(f"{ours}.depthwise", f"{theirs}._depthwise_conv", f"{theirs}._bn1")
            put(f"{ours}.project", f"{theirs}._project_conv", f"{theirs}._bn2")
            source += 1
    return result
