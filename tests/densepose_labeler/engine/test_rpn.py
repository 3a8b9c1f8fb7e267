from __future__ import annotations

import math

import torch

from densepose_labeler.engine.fpn import LEVELS, STRIDES
from densepose_labeler.engine.rpn import ProposalGenerator, cell_anchors
from densepose_labeler.engine.spec import ProposalSpec

SHAPES = [(16, 24), (8, 12), (4, 6), (2, 3), (1, 2)]


def head_outputs(anchors: int = 3) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    generator = torch.Generator().manual_seed(3)
    logits = [torch.randn(1, anchors, h, w, generator=generator) for h, w in SHAPES]
    return logits, [torch.zeros(1, anchors * 4, h, w) for h, w in SHAPES]


def test_cell_anchors_have_equal_area_and_the_stated_ratios() -> None:
    wide, square, tall = cell_anchors(64, (0.5, 1.0, 2.0))
    assert square.tolist() == [-32, -32, 32, 32]
    for anchor, ratio in ((wide, 0.5), (tall, 2.0)):
        width, height = float(anchor[2] - anchor[0]), float(anchor[3] - anchor[1])
        assert math.isclose(width * height, 64 * 64, rel_tol=1e-5)
        assert math.isclose(height / width, ratio, rel_tol=1e-5)


def test_anchor_centres_lie_on_cell_corners_in_row_order() -> None:
    anchors = ProposalGenerator(8, ProposalSpec()).anchors(SHAPES)
    for name, level, (height, width) in zip(LEVELS, anchors, SHAPES, strict=True):
        centres = ((level[:, :2] + level[:, 2:]) / 2).view(height, width, 3, 2)
        assert centres[0, 0].abs().max() < 1e-4
        torch.testing.assert_close(centres[-1, 1, 0], torch.tensor([1.0, height - 1.0]) * STRIDES[name])


def test_selection_is_sorted_limited_and_inside_the_image() -> None:
    generator = ProposalGenerator(8, ProposalSpec(pre_nms_topk=50, post_nms_topk=30))
    proposals = generator.select(*head_outputs(), [(60, 90)])[0]
    assert len(proposals.boxes) == 30
    assert bool((proposals.logits[:-1] >= proposals.logits[1:]).all())
    assert float(proposals.boxes.min()) >= 0
    assert float(proposals.boxes[:, 2].max()) <= 90 and float(proposals.boxes[:, 3].max()) <= 60


def test_the_best_anchor_is_the_one_the_logit_names() -> None:
    logits, deltas = head_outputs()
    logits[1][0, 2, 5, 7] = 50.0  # level p3, tall anchor, row 5, column 7
    best = ProposalGenerator(8, ProposalSpec()).select(logits, deltas, [(1000, 1000)])[0].boxes[0]
    centre = torch.tensor([7.0, 5.0]) * 8
    expected = cell_anchors(64, (2.0,))[0] + torch.cat((centre, centre))
    torch.testing.assert_close(best, expected.clamp(min=0))


def test_anchor_major_deltas_and_broken_values() -> None:
    logits, deltas = head_outputs()
    logits[0][0, 1, 8, 8] = 50.0
    deltas[0][0, 4, 8, 8] = 0.5  # dx of anchor 1
    logits[0][0, 0, 2, 2] = math.inf
    deltas[0][0, 0, 3, 3] = math.nan
    proposals = ProposalGenerator(8, ProposalSpec()).select(logits, deltas, [(64, 96)])[0]
    assert bool(proposals.logits.isfinite().all()) and bool(proposals.boxes.isfinite().all())
    assert proposals.boxes[0].tolist() == [32.0, 16.0, 64.0, 48.0]


def test_images_of_a_batch_do_not_mix() -> None:
    logits, deltas = head_outputs()
    both = [torch.cat((level, -level)) for level in logits]
    generator = ProposalGenerator(8, ProposalSpec(pre_nms_topk=60, post_nms_topk=40))
    first, second = generator.select(both, [torch.cat((d, d)) for d in deltas], [(64, 96), (64, 96)])
    alone = generator.select([-level for level in logits], deltas, [(64, 96)])[0]
    assert torch.equal(second.boxes, alone.boxes)
    assert not torch.equal(first.logits, second.logits)
