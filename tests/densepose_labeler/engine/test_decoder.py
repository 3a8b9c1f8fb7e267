from __future__ import annotations

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from densepose_labeler.engine.decoder import ALIGNMENT, Decoder, Window, windows_under
from densepose_labeler.engine.fpn import STRIDES
from densepose_labeler.engine.roi_align import batch_index, roi_align
from densepose_labeler.engine.spec import PoolerSpec

HEIGHT, WIDTH = 320, 256
POOLER = PoolerSpec(7)


def decoder(channels: int = 4) -> Decoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Decoder(channels, channels).double().eval()


def levels(batch: int = 1, channels: int = 4) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        name: torch.randn(batch, channels, HEIGHT // s, WIDTH // s, generator=generator, dtype=torch.float64)
        for name, s in STRIDES.items()
    }


@st.composite
def boxes(draw: st.DrawFn) -> list[float]:
    """XYXY in input pixels, of any size from nothing on, touching borders and corners as often as not."""
    x = sorted(draw(st.lists(st.one_of(st.sampled_from([0.0, WIDTH]), st.floats(0, WIDTH)), min_size=2, max_size=2)))
    y = sorted(draw(st.lists(st.one_of(st.sampled_from([0.0, HEIGHT]), st.floats(0, HEIGHT)), min_size=2, max_size=2)))
    return [x[0], y[0], x[1], y[1]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(boxes(), max_size=3), min_size=1, max_size=2))
@torch.inference_mode()
def test_windows_hold_all_that_roi_align_reads(drawn: list[list[list[float]]]) -> None:
    assume(any(drawn))
    network, features = decoder(), levels(len(drawn))
    rows = [torch.tensor(one, dtype=torch.float32).reshape(-1, 4) for one in drawn]
    windows = windows_under(rows, STRIDES["p2"], (HEIGHT // 4, WIDTH // 4))
    whole, windowed = network(features), network.in_windows(features, windows)
    for image in range(len(drawn)):
        outside = torch.ones(whole.shape[2:], dtype=torch.bool)
        for one in windows:
            if one.image == image:
                outside[one.top : one.bottom, one.left : one.right] = False
        windowed[image][:, outside] = torch.nan

    def pooled(values: Tensor) -> Tensor:
        return roi_align(values, torch.cat(rows), batch_index(rows), 1 / STRIDES["p2"], POOLER)

    torch.testing.assert_close(pooled(windowed), pooled(whole), rtol=0, atol=1e-12)


@pytest.mark.parametrize("top", range(0, 80, ALIGNMENT))
@torch.inference_mode()
def test_a_window_is_the_whole_maps_to_its_last_cell(top: int) -> None:
    network, features = decoder(), levels()
    window = Window(0, top, top + ALIGNMENT, 24, 40)
    ours, whole = network.in_windows(features, [window]), network(features)
    inside = (slice(None), slice(None), slice(window.top, window.bottom), slice(window.left, window.right))
    torch.testing.assert_close(ours[inside], whole[inside], rtol=0, atol=1e-12)


def test_windows_join_where_that_costs_less() -> None:
    near = torch.tensor([[0.0, 0.0, 100.0, 100.0], [20.0, 10.0, 120.0, 120.0]])
    far = torch.tensor([[0.0, 0.0, 30.0, 30.0], [200.0, 280.0, 230.0, 310.0]])
    size = (HEIGHT // 4, WIDTH // 4)
    assert len(windows_under([near], 4, size)) == 1
    assert len(windows_under([far], 4, size)) == 2
    assert [one.image for one in windows_under([near, far, near[:0]], 4, size)] == [0, 1, 1]
    whole = torch.tensor([[0.0, 0.0, WIDTH, HEIGHT]])
    assert windows_under([torch.cat((far, whole))], 4, size) == [Window(0, 0, size[0], 0, size[1])]
