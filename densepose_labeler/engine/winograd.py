"""3x3 convolutions with a quarter of the multiplications: Winograd's F(4x4, 3x3), in plain PyTorch.

A tile of 6x6 inputs and the kernel are transformed so that the 4x4 outputs need 36 products instead of 144; over all
channels these are 36 matrix products. After Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (2016).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from densepose_labeler.engine.layers import ConvNorm

LEAST_CHANNELS = 256
"""Below so many channels, in or out, the transformations cost more than they save."""

BLOCK_VALUES = 1 << 20
"""Transformed inputs computed at a time, so that they stay in the cache."""

_INPUT = torch.tensor(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    dtype=torch.float64,
)
_KERNEL = torch.tensor(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    dtype=torch.float64,
)
_OUTPUT = torch.tensor(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], dtype=torch.float64
)


def winograd_conv(conv: nn.Conv2d) -> nn.Module:
    """The convolution by Winograd's algorithm, or itself where that is not possible or not faster."""
    plain = conv.kernel_size == (3, 3) and conv.stride == conv.padding == conv.dilation == (1, 1) and conv.groups == 1
    return WinogradConv(conv) if plain and min(conv.in_channels, conv.out_channels) >= LEAST_CHANNELS else conv


class WinogradConv(nn.Module):
    """A 3x3 convolution of stride and padding 1 with its bias, then the `norm` and activation of a `ConvNorm`."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        weight = torch.einsum("ik,ncky,jy->ijcn", _KERNEL, conv.weight.detach().double(), _KERNEL)
        self.weight = weight.reshape(36, *weight.shape[2:]).float().contiguous()
        self.bias = torch.zeros(conv.out_channels) if conv.bias is None else conv.bias.detach()
        self.before, self.after = torch.kron(_INPUT, _INPUT).float(), torch.kron(_OUTPUT, _OUTPUT).float()
        self.norm, self.activation = (conv.norm, conv.activation) if isinstance(conv, ConvNorm) else (None, None)

    def forward(self, x: Tensor, added: Tensor | None = None) -> Tensor:
        """[B, C, H, W] to [B, N, H, W] in channels-last memory; `added` as in `ConvNorm`."""
        height, width = x.shape[2:]
        y = self._convolved(x.permute(0, 2, 3, 1))[:, :height, :width].permute(0, 3, 1, 2)
        if self.norm is not None:
            y = self.norm(y)
        if added is not None:
            y = y + (added if added.shape == y.shape else F.interpolate(added, scale_factor=2.0, mode="nearest"))
        return y if self.activation is None else self.activation(y)

    def _convolved(self, x: Tensor) -> Tensor:
        """[B, H, W, C] to [B, H', W', N] with H', W' rounded up to multiples of 4."""
        batch, height, width, channels = x.shape
        tile_rows, tile_columns = -(-height // 4), -(-width // 4)
        padded = F.pad(x, (0, 0, 1, 4 * tile_columns + 1 - width, 1, 4 * tile_rows + 1 - height)).contiguous()
        out = x.new_empty(batch, tile_rows, 4, tile_columns, 4, len(self.bias))
        step = max(1, BLOCK_VALUES // (36 * tile_columns * channels))
        for image in range(batch):
            for first in range(0, tile_rows, step):
                rows = min(step, tile_rows - first)
                block = padded[image, 4 * first :]
                y, x_ = block.stride(0), block.stride(1)
                shape, strides = (6, 6, rows, tile_columns, channels), (y, x_, 4 * y, 4 * x_, 1)
                tiles = block.as_strided(shape, strides, block.storage_offset()).reshape(36, -1)
                products = torch.bmm((self.before @ tiles).view(36, -1, channels), self.weight)
                result = (self.after @ products.view(36, -1)).view(4, 4, rows, tile_columns, -1) + self.bias
                out[image, first : first + rows].copy_(result.permute(2, 0, 3, 1, 4))
        return out.view(batch, 4 * tile_rows, 4 * tile_columns, -1)
