from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from densepose_labeler.engine import amx, amx_tiles
from densepose_labeler.engine.amx import TileConv, TileLinear, tile_conv
from densepose_labeler.engine.densepose_head import DilatedConv
from densepose_labeler.engine.layers import ConvNorm

pytestmark = pytest.mark.skipif(not amx_tiles.available(), reason="this processor has no AMX")


def error(ours: Tensor, expected: Tensor) -> float:
    assert ours.shape == expected.shape
    return float((ours - expected).abs().max() / expected.abs().max())


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[nn.Conv2d, Tensor]:
    kernel = draw(st.sampled_from([1, 3]))
    stride = draw(st.sampled_from([1, 2])) if kernel == 1 else 1
    dilation = draw(st.sampled_from([1, 2, 6])) if kernel == 3 else 1
    channels, count = draw(st.sampled_from([32, 64, 96])), draw(st.sampled_from([3, 32, 40, 64]))
    conv = nn.Conv2d(
        channels, count, kernel, stride, dilation * (kernel // 2), dilation, bias=draw(st.booleans())
    ).requires_grad_(False)
    conv.weight.copy_(noise(*conv.weight.shape, seed=1))
    x = noise(draw(st.integers(1, 3)), channels, draw(st.integers(1, 40)), draw(st.integers(1, 40)))
    return conv, x if draw(st.booleans()) else x.contiguous(memory_format=torch.channels_last)


@settings(max_examples=60, deadline=None)
@given(convolutions(), st.booleans())
@torch.inference_mode()
def test_a_convolution_is_the_ordinary_one(drawn: tuple[nn.Conv2d, Tensor], exact: bool) -> None:
    conv, x = drawn
    ours = tile_conv(conv, exact)
    assert isinstance(ours, TileConv)
    expected = conv.double()(x.double())
    assert error(ours(x).double(), expected) < (2e-5 if exact else 2e-2)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("activation", [None, F.relu_])
@pytest.mark.parametrize("count", [24, 64])
@torch.inference_mode()
def test_what_is_added_joins_before_the_activation(count: int, half: bool, activation: object) -> None:
    conv = ConvNorm(32, count, 3, padding=1, activation=activation).requires_grad_(False)
    x, added = noise(2, 32, 12, 10), noise(2, count, 6, 5) if half else noise(2, count, 12, 10)
    before = added.clone()
    assert error(tile_conv(conv, True)(x, added), conv(x, added)) < 2e-5
    assert torch.equal(added, before)


@torch.inference_mode()
def test_group_normalisation_comes_after() -> None:
    conv = ConvNorm(64, 64, 3, padding=1, norm=nn.GroupNorm(32, 64), activation=F.relu_).requires_grad_(False)
    conv.norm.weight.uniform_(0.5, 1.5)
    x = noise(2, 64, 14, 14)
    assert error(tile_conv(conv, True)(x), conv(x)) < 5e-5


@pytest.mark.parametrize("dilation", [12, 14, 56])
@torch.inference_mode()
def test_taps_that_only_see_padding_may_be_left_out(dilation: int) -> None:
    conv = DilatedConv(32, 32, dilation).requires_grad_(False)
    x = noise(1, 32, 14, 14)
    assert error(tile_conv(conv, True)(x), F.conv2d(x, conv.weight, padding=dilation, dilation=dilation)) < 2e-5


@pytest.mark.parametrize("width", [64, 4160])
@torch.inference_mode()
def test_a_linear_layer_of_any_width(width: int) -> None:
    linear = nn.Linear(width, 50).requires_grad_(False)
    x = noise(37, width)
    assert error(TileLinear(linear)(x), linear(x)) < 2e-5
    assert TileLinear(linear)(x[:0]).shape == (0, 50)


@pytest.mark.parametrize("batch", [1, 3])
@torch.inference_mode()
def test_the_number_of_threads_does_not_change_a_bit(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    conv, x = tile_conv(nn.Conv2d(64, 64, 3, padding=1), True), noise(batch, 64, 37, 29)
    results = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        results.append(conv(x))
    monkeypatch.setattr(amx, "SCRATCH_BYTES", 1)
    results.append(conv(x))
    assert all(torch.equal(one, results[0]) for one in results)


def test_other_convolutions_are_left_alone() -> None:
    for conv in (
        nn.Conv2d(24, 32, 1),
        nn.Conv2d(32, 32, 3),
        nn.Conv2d(32, 32, 3, stride=2, padding=1),
        nn.Conv2d(32, 32, 5, padding=2),
        nn.Conv2d(64, 64, 3, padding=1, groups=2),
    ):
        assert tile_conv(conv, True) is conv
