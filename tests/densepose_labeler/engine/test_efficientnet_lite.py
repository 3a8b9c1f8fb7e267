from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from densepose_labeler.engine.efficientnet_lite import STAGES, EfficientNetLite0, fold_pretrained


def published_state(seed: int = 0) -> dict[str, Tensor]:
    """Random weights under the names of the published ones, each convolution followed by batch normalisation."""
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}

    def convolution(conv: str, norm: str, out: int, inner: int, kernel: int) -> None:
        fan_in = inner * kernel * kernel
        state[f"{conv}.weight"] = torch.randn(out, inner, kernel, kernel, generator=generator) * (2 / fan_in) ** 0.5
        state[f"{norm}.weight"] = torch.rand(out, generator=generator) + 0.5
        state[f"{norm}.bias"] = torch.randn(out, generator=generator) * 0.1
        state[f"{norm}.running_mean"] = torch.randn(out, generator=generator) * 0.1
        state[f"{norm}.running_var"] = torch.rand(out, generator=generator) + 0.5

    convolution("_conv_stem", "_bn0", 32, 3, 3)
    channels, block = 32, 0
    for blocks, kernel, _, expansion, out in STAGES:
        for _ in range(blocks):
            name, width = f"_blocks.{block}", channels * expansion
            if expansion > 1:
                convolution(f"{name}._expand_conv", f"{name}._bn0", width, channels, 1)
            convolution(f"{name}._depthwise_conv", f"{name}._bn1", width, 1, kernel)
            convolution(f"{name}._project_conv", f"{name}._bn2", out, width, 1)
            channels, block = out, block + 1
    return state


def unfolded_forward(state: dict[str, Tensor], x: Tensor) -> list[Tensor]:
    """Outputs of every block by the published architecture: TensorFlow's SAME padding, batch norm with eps 1e-3."""

    def convolution(x: Tensor, conv: str, norm: str, stride: int, depthwise: bool = False) -> Tensor:
        weight = state[f"{conv}.weight"]
        kernel = weight.shape[2]
        pads: list[int] = []
        for size in (x.shape[3], x.shape[2]):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        y = F.conv2d(F.pad(x, pads), weight, None, stride, groups=len(weight) if depthwise else 1)
        statistics = (state[f"{norm}.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(y, *statistics, eps=1e-3)

    x = F.relu6(convolution(x, "_conv_stem", "_bn0", 2))
    outputs, block = [], 0
    for blocks, _, stage_stride, expansion, _ in STAGES:
        for repeat in range(blocks):
            name, stride = f"_blocks.{block}", stage_stride if repeat == 0 else 1
            y = F.relu6(convolution(x, f"{name}._expand_conv", f"{name}._bn0", 1)) if expansion > 1 else x
            y = F.relu6(convolution(y, f"{name}._depthwise_conv", f"{name}._bn1", stride, depthwise=True))
            y = convolution(y, f"{name}._project_conv", f"{name}._bn2", 1)
            x = x + y if y.shape == x.shape and stride == 1 else y
            outputs.append(x)
            block += 1
    return outputs


def test_folded_weights_give_the_published_architecture() -> None:
    state = published_state()
    network = EfficientNetLite0().eval()
    network.load_state_dict(fold_pretrained(state), strict=True)
    x = torch.randn(2, 3, 96, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        ours, blocks = network(x), unfolded_forward(state, x)
    for output, block in zip(ours, (2, 4, 10, 15), strict=True):
        torch.testing.assert_close(output, blocks[block], atol=1e-4 * float(blocks[block].abs().max()), rtol=0)


def test_widths_and_strides() -> None:
    with torch.no_grad():
        outputs = EfficientNetLite0()(torch.zeros(1, 3, 128, 64))
    shapes = [tuple(output.shape[1:]) for output in outputs]
    assert shapes == [(24, 32, 16), (40, 16, 8), (112, 8, 4), (320, 4, 2)]
