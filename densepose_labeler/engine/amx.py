"""Convolutions of a network on Intel AMX: float32 in and out, from two to seven times as fast as AVX-512 does them."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from densepose_labeler.engine import amx_kernels, amx_tiles
from densepose_labeler.engine.amx_kernels import CHANNELS
from densepose_labeler.engine.layers import ConvNorm

SCRATCH_BYTES = 5 << 18
"""Room for the split input of a block of rows: with the weights of 32 output channels it fits a core's cache."""

_NOTHING = np.empty((0, 0, 0), np.float32)
_CONFIGURATION = amx_tiles.configuration()


def fits(weight: Tensor) -> bool:
    """Whether a convolution of this kernel [N, C, K, K] can be computed on tiles."""
    return weight.shape[1] % CHANNELS == 0 and weight.shape[2] == weight.shape[3] in (1, 3)


class TileConv(nn.Module):
    """A convolution with padding for its own size (or a linear layer), then `norm` and activation.

    Args:
        weight: [N, C, K, K] of a kernel that `fits`.
        bias: [N] or None.
        stride: of a 1x1 kernel only.
        exact: products of float32 numbers to 16 bits; otherwise to bfloat16's 8.
        norm: as in `ConvNorm`.
        activation: likewise; `torch.relu_` is part of the convolution.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor | None,
        *,
        stride: int = 1,
        dilation: int = 1,
        exact: bool = True,
        norm: nn.Module | None = None,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.out_channels, in_channels, self.kernel, _ = weight.shape
        self.stride, self.dilation, self.exact, self.norm = stride, dilation, exact, norm
        self.relu = norm is None and activation is torch.relu_
        self.activation = None if self.relu else activation
        padded = torch.zeros(-(-self.out_channels // 32) * 32, *weight.shape[1:])
        padded[: self.out_channels] = weight.detach()
        # Input channels are summed in so many steps that a pixel's scratch stays small.
        step = in_channels if in_channels <= 2048 else next(n for n in range(2048, 0, -32) if in_channels % n == 0)
        self.blocks = [_packed(block, exact) for block in torch.split(padded, step, 1)]
        self.step = step
        self.bias = np.zeros(len(padded), np.float32)
        if bias is not None:
            self.bias[: self.out_channels] = bias.detach().numpy()
        self.centre: TileConv | None = None
        if dilation > 1:
            self.centre = TileConv(
                weight[:, :, 1:2, 1:2], bias, exact=exact, norm=norm, activation=activation
            )  # where all other taps only ever see padding

    def forward(self, x: Tensor, added: Tensor | None = None) -> Tensor:
        """[B, C, H, W] to [B, N, H / stride, W / stride] in channels-last memory; `added` as in `ConvNorm`."""
        if self.centre is not None and self.dilation >= max(x.shape[2:]):
            result: Tensor = self.centre(x, added)
            return result
        images = _pixels(x)
        batch, height, width, _ = images.shape
        height, width = (height - 1) // self.stride + 1, (width - 1) // self.stride + 1
        out = np.empty((batch, height, width, self.out_channels), np.float32)
        addends = None if added is None else _pixels(added)
        shift = int(added is not None and added.shape[2] != height)
        padding = self.dilation * (self.kernel // 2)
        padded_width = width + 2 * padding
        block_rows = max(1, SCRATCH_BYTES // (padded_width * self.step * 4) - 2 * padding)

        def compute(image: int, first_row: int, last_row: int) -> None:
            for number, (high_weight, low_weight) in enumerate(self.blocks):
                first, last = number == 0, number == len(self.blocks) - 1
                addend = out[image] if not first else _NOTHING if addends is None else addends[image]
                amx_kernels.convolve(
                    images[image], number * self.step, high_weight, low_weight,
                    self.bias if first else np.zeros_like(self.bias), addend, shift if first else 0,
                    self.relu and last, out[image], first_row, last_row, block_rows, self.kernel, self.stride,
                    self.dilation, _CONFIGURATION, self.exact,
                )  # fmt: skip

        _share(compute, batch, height)
        y = torch.from_numpy(out).permute(0, 3, 1, 2)
        if self.norm is not None:
            y = self.norm(y)
        return y if self.activation is None else self.activation(y)


class TileLinear(nn.Module):
    """A linear layer [n, C] to [n, N] as a 1x1 convolution of a picture one pixel wide."""

    def __init__(self, linear: nn.Linear, exact: bool = True) -> None:
        super().__init__()
        self.conv = TileConv(linear.weight[:, :, None, None], linear.bias, exact=exact)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.conv(x.T[None, :, :, None])
        return result[0, :, :, 0].T


def tile_conv(conv: nn.Conv2d, exact: bool) -> nn.Module:
    """The convolution on tiles, or itself where it does not fit them."""
    same = conv.padding == (conv.dilation[0] * (conv.kernel_size[0] // 2),) * 2
    if not (fits(conv.weight) and same and conv.groups == 1 and (conv.kernel_size == (1, 1) or conv.stride == (1, 1))):
        return conv
    norm, activation = (conv.norm, conv.activation) if isinstance(conv, ConvNorm) else (None, None)
    return TileConv(
        conv.weight, conv.bias, stride=conv.stride[0], dilation=conv.dilation[0], exact=exact, norm=norm,
        activation=activation,
    )  # fmt: skip


def _packed(weight: Tensor, exact: bool) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Kernel [N, C, K, K] as the two parts that `convolve_rows` takes."""
    count, channels, kernel, _ = weight.shape
    tiles = weight.permute(2, 3, 1, 0).reshape(kernel**2, channels // 32, 16, 2, count // 16, 16)
    ordered = tiles.permute(4, 0, 1, 2, 5, 3).reshape(count // 16, kernel**2, channels // 32, 16, 32).contiguous()
    high = ordered.bfloat16()
    low = (ordered - high.float()).bfloat16() if exact else high[:0]
    return high.view(torch.int16).numpy().view(np.uint16), low.view(torch.int16).numpy().view(np.uint16)


def _pixels(x: Tensor) -> np.ndarray[Any, np.dtype[np.float32]]:
    """[B, C, H, W] as contiguous float32 [B, H, W, C], copied only where it is not in that order."""
    values: np.ndarray[Any, np.dtype[np.float32]] = x.float().permute(0, 2, 3, 1).contiguous().numpy()
    return values


def _share(compute: Callable[[int, int, int], None], batch: int, height: int) -> None:
    """Run compute(image, first row, last row) over all rows in as many threads as torch would use here."""
    threads = torch.get_num_threads()
    if not height:
        return
    parts = min(threads, height) if batch < threads else 1
    cuts = [height * part // parts for part in range(parts + 1)]
    work = [(image, low, high) for image in range(batch) for low, high in pairwise(cuts)]
    if len(work) == 1:
        compute(*work[0])
    else:
        list(_pool(os.getpid()).map(compute, *zip(*work, strict=True)))


@functools.cache
def _pool(process: int) -> ThreadPoolExecutor:
    """Threads of this process (a forked one has none of its parent's)."""
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="tiles")
