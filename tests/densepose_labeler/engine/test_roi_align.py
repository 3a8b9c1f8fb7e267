from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from densepose_labeler.engine.roi_align import pool_levels, roi_align
from densepose_labeler.engine.spec import PoolerSpec


def sample(features: Tensor, y: float, x: float) -> Tensor:
    """Bilinear value [C] of one point, the definition spelled out."""
    height, width = features.shape[1:]
    if not (-1.0 <= y <= height and -1.0 <= x <= width):
        return torch.zeros(features.shape[0])
    y, x = max(y, 0.0), max(x, 0.0)
    y_low, x_low = min(int(y), height - 1), min(int(x), width - 1)
    y_high, x_high = min(y_low + 1, height - 1), min(x_low + 1, width - 1)
    dy, dx = (y - y_low if y_high > y_low else 0.0), (x - x_low if x_high > x_low else 0.0)
    top = features[:, y_low, x_low] * (1 - dx) + features[:, y_low, x_high] * dx
    bottom = features[:, y_high, x_low] * (1 - dx) + features[:, y_high, x_high] * dx
    return top * (1 - dy) + bottom * dy


def naive(features: Tensor, box: Tensor, scale: float, pooler: PoolerSpec) -> Tensor:
    shift = 0.5 if pooler.aligned else 0.0
    x0, y0, x1, y1 = (float(value) * scale - shift for value in box)
    width, height = x1 - x0, y1 - y0
    if not pooler.aligned:
        width, height = max(width, 1.0), max(height, 1.0)
    r = pooler.resolution
    ny = pooler.sampling_ratio or math.ceil(height / r)
    nx = pooler.sampling_ratio or math.ceil(width / r)
    result = torch.zeros(features.shape[0], r, r)
    for i in range(r):
        for j in range(r):
            for a in range(ny):
                for b in range(nx):
                    y = y0 + i * height / r + (a + 0.5) * height / r / ny
                    x = x0 + j * width / r + (b + 0.5) * width / r / nx
                    result[:, i, j] += sample(features, y, x) / (ny * nx)
    return result


BOXES = torch.tensor(
    [
        [4.0, 6.0, 40.0, 50.0],
        [10.3, 20.7, 11.1, 21.0],  # under one feature pixel
        [-30.0, -9.0, 20.0, 90.0],  # reaches over the edges
        [33.0, 1.0, 83.9, 47.9],
        [0.0, 0.0, 84.0, 48.0],
    ]
)


@pytest.mark.parametrize(
    "pooler", [PoolerSpec(7), PoolerSpec(3, 2, True), PoolerSpec(3, 0, True), PoolerSpec(2, 0, False), PoolerSpec(2, 3)]
)
def test_equals_the_definition(pooler: PoolerSpec) -> None:
    features = torch.randn(2, 5, 12, 21, generator=torch.Generator().manual_seed(0))
    batch = torch.tensor([0, 1, 1, 0, 1])
    pooled = roi_align(features, BOXES, batch, 0.25, pooler)
    expected = torch.stack([naive(features[i], box, 0.25, pooler) for i, box in zip(batch, BOXES, strict=True)])
    torch.testing.assert_close(pooled, expected, atol=2e-5, rtol=0)


@pytest.mark.parametrize("pooler", [PoolerSpec(3), PoolerSpec(2, 0, True)])
def test_gradient_is_that_of_the_weighted_sum(pooler: PoolerSpec) -> None:
    features = torch.randn(1, 2, 12, 21, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(len(BOXES), 2, pooler.resolution, pooler.resolution, dtype=torch.float64)
    batch = torch.zeros(len(BOXES), dtype=torch.int64)

    def loss(values: Tensor) -> Tensor:
        return (roi_align(values, BOXES, batch, 0.25, pooler) * weight).sum()

    (gradient,) = torch.autograd.grad(loss(features), features)
    direction = torch.randn_like(features)
    # the pooled value is linear in the features, so the difference quotient is the derivative
    torch.testing.assert_close((gradient * direction).sum(), loss(features + direction) - loss(features))


def test_no_boxes_give_no_rows() -> None:
    features = {name: torch.zeros(1, 4, 8, 8) for name in ("p2", "p3", "p4", "p5")}
    assert pool_levels(features, [torch.zeros(0, 4)], PoolerSpec(7)).shape == (0, 4, 7, 7)
    assert roi_align(features["p2"], torch.zeros(0, 4), torch.zeros(0).long(), 0.25, PoolerSpec(7, 0)).shape[0] == 0


def test_boxes_go_to_the_level_of_their_size_and_keep_their_order() -> None:
    """Each level is filled with its own number, which the pooled values then show."""
    features = {f"p{k}": torch.full((2, 1, 2048 // 2**k, 2048 // 2**k), float(k)) for k in (2, 3, 4, 5)}
    sides = [448.0, 20.0, 112.0, 224.0, 223.0, 111.0, 1000.0]
    boxes = torch.tensor([[50.0, 50.0, 50.0 + side, 50.0 + side] for side in sides])
    pooled = pool_levels(features, [boxes[:3], boxes[3:]], PoolerSpec(2))
    assert pooled.mean((1, 2, 3)).tolist() == [5, 2, 3, 4, 3, 2, 5]
