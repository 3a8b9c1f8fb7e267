"""Panoptic-FPN style decoder: p2..p5 merged into one map at stride 4, as a whole or only where regions read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from densepose_labeler.engine.layers import ConvNorm

DECODER_LEVELS = ("p2", "p3", "p4", "p5")

MARGINS = (1, 2, 3, 3)
"""How many cells of each level beyond a window its branch reads.

A 3x3 convolution spoils one more cell at a cut edge, and bilinear doubling turns g spoilt cells into 2g + 1: after the
branch of p2 one cell at stride 4 is spoilt, of p3 3, of p4 9 and of p5 21, which these margins hold (1, 4, 12, 24).
"""

ALIGNMENT = 8
"""Windows begin and end at multiples of so many cells of stride 4, where every level has a cell's edge."""


@dataclass(frozen=True)
class Window:
    """Cells `top`..`bottom` and `left`..`right` (exclusive) of the stride-4 map of one image of the batch."""

    image: int
    top: int
    bottom: int
    left: int
    right: int

    @property
    def area(self) -> int:
        return (self.bottom - self.top) * (self.right - self.left)

    def union(self, other: Window) -> Window:
        """The smallest window around both."""
        top, bottom = min(self.top, other.top), max(self.bottom, other.bottom)
        return Window(self.image, top, bottom, min(self.left, other.left), max(self.right, other.right))


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

    def in_windows(self, features: Mapping[str, Tensor], windows: Sequence[Window]) -> Tensor:
        """The map of `forward` inside the windows, to rounding; what lies outside them is undefined."""
        batch, _, height, width = features["p2"].shape
        shape = (batch, height, width, self.predictor.out_channels)
        result = features["p2"].new_empty(shape).permute(0, 3, 1, 2)
        for window in windows:
            part = result[window.image : window.image + 1, :, window.top : window.bottom, window.left : window.right]
            part.copy_(self._in_window(features, window))
        return result

    def _in_window(self, features: Mapping[str, Tensor], window: Window) -> Tensor:
        total: Tensor | None = None
        for doublings, (name, margin) in enumerate(zip(DECODER_LEVELS, MARGINS, strict=True)):
            level, cell = features[name], 2**doublings
            top, left = max(window.top // cell - margin, 0), max(window.left // cell - margin, 0)
            bottom, right = -(-window.bottom // cell) + margin, -(-window.right // cell) + margin
            cut = level[window.image : window.image + 1, :, top:bottom, left:right]
            branch: Tensor = self.get_submodule(name)(cut)
            y, x = window.top - top * cell, window.left - left * cell
            branch = branch[:, :, y : y + window.bottom - window.top, x : x + window.right - window.left]
            total = branch if total is None else total + branch
        result: Tensor = self.predictor(total)
        return result


def windows_under(boxes: Sequence[Tensor], stride: int, size: tuple[int, int]) -> list[Window]:
    """Windows that hold every cell that ROIAlign of the boxes can touch.

    `boxes` one [n, 4] tensor an image, XYXY in input pixels; `size` (height, width) of the stride-4 map in cells.
    Windows that cost less as one are joined.
    """
    result: list[Window] = []
    for image, rows in enumerate(boxes):
        windows: list[Window] = []
        # A sample lies less than a cell before the box or beyond it (or beyond the least side of one cell).
        low = (rows[:, :2] / stride).floor().to(torch.int64) - 1
        high = (rows[:, 2:] / stride).ceil().to(torch.int64) + 2
        for x0, y0, x1, y1 in torch.cat((low, high), 1).tolist():
            top, bottom = _aligned(y0, y1, size[0])
            left, right = _aligned(x0, x1, size[1])
            windows = _joined(windows, Window(image, top, bottom, left, right))
        result += windows
    return result


def _aligned(low: int, high: int, size: int) -> tuple[int, int]:
    low = min(max(low, 0), size - 1) // ALIGNMENT * ALIGNMENT
    return low, min(-(-max(high, low + 1) // ALIGNMENT) * ALIGNMENT, size)


def _joined(windows: list[Window], added: Window) -> list[Window]:
    """The windows and one more, in which no two would cost less as one."""
    for index, one in enumerate(windows):
        union = one.union(added)
        if union.area <= one.area + added.area:
            return _joined(windows[:index] + windows[index + 1 :], union)
    return [*windows, added]
