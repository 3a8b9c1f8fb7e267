from __future__ import annotations

import numpy as np
import pytest
import torch

from densepose_labeler.engine.box_head import BOX_WEIGHTS
from densepose_labeler.engine.boxes import encode
from tests.tools.figures import figure
from tools.train.losses import (
    BACKGROUND,
    PERSON,
    Weights,
    box_losses,
    densepose_losses,
    draw_proposals,
    overlap_loss,
    rpn_losses,
    total,
)
from tools.train.targets import Scene, maps_on_grid, match_anchors, scene


@pytest.fixture
def target() -> Scene:
    return scene(figure(np.random.default_rng(0)))


def anchors_around(box: torch.Tensor) -> torch.Tensor:
    """Four anchors on the person, four elsewhere."""
    near = box + torch.tensor([[0.0, 0, 0, 0], [2, 0, 2, 0], [0, 3, 0, 3], [-2, -3, 2, 3]])
    return torch.cat([near, torch.tensor([[0.0, 0.0, 9.0, 9.0]]).repeat(4, 1)])


def test_rpn_losses_vanish_for_the_right_answer_alone(target: Scene) -> None:
    anchors, rng = anchors_around(target.boxes[0]), np.random.default_rng(0)
    labels, index = match_anchors(anchors, target.boxes)
    right = rpn_losses(
        (labels.float() * 40 - 20)[None], encode(anchors, target.boxes[index])[None], anchors, [target], rng
    )
    assert right["objectness"] < 1e-6 and right["rpn_box"] < 1e-6
    wrong = rpn_losses((20 - labels.float() * 40)[None], torch.zeros(1, 8, 4), anchors, [target], rng)
    assert wrong["objectness"] > 5 and wrong["rpn_box"] > 1e-3


def test_proposals_are_drawn_from_both_classes(target: Scene) -> None:
    found = anchors_around(target.boxes[0]).repeat(20, 1)
    boxes, classes, wanted = draw_proposals([found], [target], np.random.default_rng(0), per_image=24)
    assert len(boxes[0]) == len(classes) == len(wanted) == 24
    assert (classes == PERSON).sum() == 7 and (classes == BACKGROUND).sum() == 17
    assert torch.equal(wanted[classes == PERSON], target.boxes.repeat(7, 1))


def test_half_of_the_empty_proposals_are_the_surest(target: Scene) -> None:
    found = torch.stack([torch.tensor([0.0, 0.0, 4.0 + i, 4.0]) for i in range(60)])
    boxes, _, _ = draw_proposals([found], [target], np.random.default_rng(0), per_image=24)
    widths = set((boxes[0][:, 2] - 4).int().tolist())
    assert len(widths) == 24 and widths >= set(range(12))


def test_box_losses_vanish_for_the_right_answer(target: Scene) -> None:
    boxes, classes, wanted = draw_proposals([anchors_around(target.boxes[0])], [target], np.random.default_rng(0))
    flat = torch.cat(boxes)
    logits = torch.stack([20.0 * (classes == PERSON), 20.0 * (classes == BACKGROUND)], 1)
    deltas = torch.where((classes == PERSON)[:, None], encode(flat, wanted.clamp(min=1), BOX_WEIGHTS), 0.0)
    right = box_losses(logits, deltas, flat, classes, wanted)
    assert right["classes"] < 1e-6 and right["box"] < 1e-6
    assert box_losses(-logits, deltas + 1, flat, classes, wanted)["box"] > 0.1


def test_densepose_losses_teach_coordinates_on_the_true_part_only(target: Scene) -> None:
    part, uv = maps_on_grid(target, target.boxes[0], 1, 56)
    fine = torch.nn.functional.one_hot(part, 25).permute(2, 0, 1)[None].float() * 30
    coarse = torch.stack([part == 0, part > 0]).float()[None] * 30
    u, v = (uv[k][None, None].repeat(1, 25, 1, 1).requires_grad_() for k in (0, 1))
    right = densepose_losses(fine, coarse, u, v, part[None], uv[None], torch.ones(25))
    assert all(value < 1e-4 for value in right.values())
    off = densepose_losses(fine, coarse, u + 0.3, v, part[None], uv[None], torch.ones(25))
    off["uv"].backward()
    assert u.grad is not None
    taught = u.grad[0] != 0
    assert taught.sum() == (part > 0).sum()
    assert torch.equal(taught.nonzero()[:, 0].unique(), part[part > 0].unique())


def test_the_overlap_loss_counts_parts_not_pixels() -> None:
    part = torch.zeros(1, 8, 8, dtype=torch.int64)
    part[0, :7, 1:], part[0, 7, 7] = 2, 3  # a large part and one of a single pixel

    def loss(said: torch.Tensor) -> float:
        return float(overlap_loss(torch.nn.functional.one_hot(said, 25).permute(0, 3, 1, 2).float() * 40, part))

    assert loss(part) < 1e-5
    assert loss(part.where(part != 3, 0)) == pytest.approx(0.5, abs=1e-4)
    assert loss(part.where(part != 2, 0)) == pytest.approx(0.5, abs=1e-4)
    assert float(overlap_loss(torch.zeros(1, 25, 8, 8), torch.zeros_like(part))) == 0


def test_total_weighs_each_loss() -> None:
    losses = {"fine": torch.tensor(2.0), "uv": torch.tensor(3.0)}
    assert total(losses, Weights(fine=1.0, uv=2.0)) == 8.0
