"""Convolution with the normalisation that the published checkpoints store inside it."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FrozenBatchNorm(nn.Module):
    """Batch normalisation with fixed statistics: four buffers of `channels` values, eps inside the square root."""

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps)


class ConvNorm(nn.Conv2d):
    """Square 2-D convolution, then an optional `norm` (a child module, as checkpoints name it) and activation."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int = 0,
        norm: nn.Module | None = None,
        activation: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel, stride=stride, padding=padding, bias=norm is None)
        self.norm = norm
        self.activation = activation

    def forward(self, x: Tensor, added: Tensor | None = None) -> Tensor:
        """`added` joins the result before the activation; at half its resolution, each value counts for four."""
        x = super().forward(x)
        if self.norm is not None:
            x = self.norm(x)
        if added is not None:
            x = x + (added if added.shape == x.shape else F.interpolate(added, scale_factor=2.0, mode="nearest"))
        return x if self.activation is None else self.activation(x)


def fold_frozen_norms(module: nn.Module) -> None:
    """Merge every FrozenBatchNorm of `module` into the convolution before it, in place.

    The result equals the unfolded network to about 1e-6 of the largest activation; its state dict no longer has the
    checkpoint's keys, so load weights first. Scales are computed in double precision.
    """
    for layer in module.modules():
        if not isinstance(layer, ConvNorm) or not isinstance(layer.norm, FrozenBatchNorm):
            continue
        norm = layer.norm
        with torch.no_grad():
            scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
            shift = norm.bias.double() - norm.running_mean.double() * scale
            layer.weight.copy_(layer.weight.double() * scale[:, None, None, None])
            layer.bias = nn.Parameter(shift.to(layer.weight.dtype), requires_grad=layer.weight.requires_grad)
        layer.norm = None
