from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from densepose_labeler.engine.boxes import clip, decode, encode, nms, pairwise_iou


def random_boxes(count: int, seed: int, extent: float = 100.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(count, 2, generator=generator) * extent
    return torch.cat((corners, corners + torch.rand(count, 2, generator=generator) * extent / 2 + 1), 1)


def greedy(boxes: Tensor, valid: Tensor, threshold: float) -> list[int]:
    """The textbook loop."""
    kept: list[int] = []
    for index in range(len(boxes)):
        if not valid[index]:
            continue
        overlaps = pairwise_iou(boxes[kept], boxes[index : index + 1]).flatten()
        if not bool((overlaps > threshold).any()):
            kept.append(index)
    return kept


@pytest.mark.parametrize("weights", [(1, 1, 1, 1), (10.0, 10.0, 5.0, 5.0)])
def test_decode_inverts_encode(weights: tuple[float, float, float, float]) -> None:
    anchors, boxes = random_boxes(50, 0), random_boxes(50, 1)
    torch.testing.assert_close(decode(anchors, encode(anchors, boxes, weights), weights), boxes, atol=1e-3, rtol=0)


def test_decode_by_hand() -> None:
    anchor = torch.tensor([[0.0, 0.0, 10.0, 20.0]])
    moved = decode(anchor, torch.tensor([[0.5, -0.25, math.log(2), 0.0]]))
    torch.testing.assert_close(moved, torch.tensor([[0.0, -5.0, 20.0, 15.0]]))


def test_decode_clamps_wild_sizes_from_above_only() -> None:
    anchor = torch.tensor([[0.0, 0.0, 16.0, 16.0]])
    wide = decode(anchor, torch.tensor([[0.0, 0.0, 1e4, -1e4]]))
    torch.testing.assert_close(wide[0, 2] - wide[0, 0], torch.tensor(1000.0), atol=0.1, rtol=0)
    assert wide[0, 3] - wide[0, 1] == 0


def test_clip_limits_each_side() -> None:
    boxes = torch.tensor([[-5.0, -1.0, 50.0, 9.0], [12.0, 3.0, 14.0, 30.0]])
    assert clip(boxes, height=10, width=20).tolist() == [[0, 0, 20, 9], [12, 3, 14, 10]]


def test_iou_of_a_half_overlap() -> None:
    a, b = torch.tensor([[0.0, 0.0, 2.0, 1.0]]), torch.tensor([[1.0, 0.0, 3.0, 1.0], [5.0, 5.0, 6.0, 6.0]])
    torch.testing.assert_close(pairwise_iou(a, b), torch.tensor([[1 / 3, 0.0]]))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7])
def test_nms_equals_the_greedy_loop(seed: int, threshold: float) -> None:
    boxes = random_boxes(120, seed, extent=60)
    valid = torch.rand(120, generator=torch.Generator().manual_seed(seed)) > 0.1
    assert nms(boxes, valid, threshold).nonzero().flatten().tolist() == greedy(boxes, valid, threshold)


def test_nms_follows_a_long_chain_of_suppression() -> None:
    """Each box overlaps only its neighbours, so every second one stays: the slowest case to settle."""
    left = torch.arange(300.0) * 4
    boxes = torch.stack((left, torch.zeros(300), left + 10, torch.full((300,), 10.0)), 1)
    assert nms(boxes, torch.ones(300, dtype=torch.bool), 0.4).nonzero().flatten().tolist() == list(range(0, 300, 2))


def test_nms_groups_are_independent_and_the_threshold_is_strict() -> None:
    box = torch.tensor([0.0, 0.0, 2.0, 1.0])
    half = torch.tensor([0.0, 0.0, 1.0, 1.0])
    groups = torch.stack((torch.stack((box, half)), torch.stack((box, box))))
    assert nms(groups, torch.ones(2, 2, dtype=torch.bool), 0.5).tolist() == [[True, True], [True, False]]
