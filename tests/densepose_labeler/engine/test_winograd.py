from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from densepose_labeler.engine import winograd
from densepose_labeler.engine.layers import ConvNorm
from densepose_labeler.engine.winograd import WinogradConv, winograd_conv


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def error(ours: Tensor, expected: Tensor) -> float:
    assert ours.shape == expected.shape
    return float((ours - expected).abs().max() / expected.abs().max())


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 2), st.integers(1, 23), st.integers(1, 23), st.sampled_from([1, 3, 16]), st.booleans())
@torch.inference_mode()
def test_it_is_the_ordinary_convolution(batch: int, height: int, width: int, channels: int, bias: bool) -> None:
    conv = nn.Conv2d(channels, 8, 3, padding=1, bias=bias).requires_grad_(False)
    x = noise(batch, channels, height, width)
    assert error(WinogradConv(conv)(x), conv.double()(x.double()).float()) < 2e-5


@torch.inference_mode()
def test_in_blocks_of_any_size_and_any_memory_order(monkeypatch: pytest.MonkeyPatch) -> None:
    conv = WinogradConv(nn.Conv2d(16, 16, 3, padding=1))
    x = noise(2, 16, 21, 30)
    whole = conv(x)
    monkeypatch.setattr(winograd, "BLOCK_VALUES", 1)
    torch.testing.assert_close(conv(x.contiguous(memory_format=torch.channels_last)), whole, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("half", [False, True])
@torch.inference_mode()
def test_what_follows_the_convolution_follows(half: bool) -> None:
    conv = ConvNorm(8, 32, 3, padding=1, norm=nn.GroupNorm(4, 32), activation=F.relu_).requires_grad_(False)
    x, added = noise(1, 8, 14, 10), noise(1, 32, 7, 5) if half else noise(1, 32, 14, 10)
    assert error(WinogradConv(conv)(x, added), conv(x, added)) < 5e-5


def test_only_wide_plain_3x3_convolutions_are_exchanged() -> None:
    assert isinstance(winograd_conv(nn.Conv2d(256, 256, 3, padding=1)), WinogradConv)
    for conv in (
        nn.Conv2d(128, 256, 3, padding=1),
        nn.Conv2d(256, 256, 1),
        nn.Conv2d(256, 256, 3, padding=2, dilation=2),
        nn.Conv2d(256, 256, 3, stride=2, padding=1),
    ):
        assert winograd_conv(conv) is conv
