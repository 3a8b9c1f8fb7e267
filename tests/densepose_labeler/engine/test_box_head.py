from __future__ import annotations

import torch

from densepose_labeler.engine.box_head import BoxHead, select_detections
from densepose_labeler.engine.spec import BoxSpec, PoolerSpec

PROPOSALS = torch.tensor([[0.0, 0, 20, 40], [1.0, 0, 21, 40], [50.0, 0, 70, 40], [50.0, 50, 70, 90]])


def logits_of(scores: list[float]) -> torch.Tensor:
    probability = torch.tensor(scores)
    return torch.stack((probability.log(), (1 - probability).log()), 1)  # person, background


def test_selection_sorts_suppresses_and_thresholds_strictly() -> None:
    logits = logits_of([0.6, 0.9, 0.8, 0.04])
    found = select_detections(PROPOSALS, logits, torch.zeros(4, 4), (100, 100), BoxSpec())
    torch.testing.assert_close(found.scores, torch.tensor([0.9, 0.8]))
    assert found.boxes.tolist() == [[1, 0, 21, 40], [50, 0, 70, 40]]
    at_threshold = float(logits.softmax(1)[2, 0])
    strict = select_detections(PROPOSALS, logits, torch.zeros(4, 4), (100, 100), BoxSpec(), at_threshold)
    assert len(strict.boxes) == 1


def test_selection_limits_and_clips() -> None:
    deltas = torch.zeros(4, 4)
    deltas[:, 0] = 10.0  # one width to the right
    found = select_detections(PROPOSALS, logits_of([0.9, 0.3, 0.8, 0.7]), deltas, (30, 65), BoxSpec(), None, 1)
    assert found.boxes.tolist() == [[20, 0, 40, 30]]


def test_broken_values_are_dropped() -> None:
    logits = logits_of([0.9, 0.8, 0.7, 0.6])
    logits[0, 0] = float("nan")
    found = select_detections(PROPOSALS, logits, torch.zeros(4, 4), (100, 100), BoxSpec(score_threshold=0.65))
    assert found.boxes.tolist() == [[1, 0, 21, 40], [50, 0, 70, 40]]


def test_features_are_read_channel_first() -> None:
    head = BoxHead(2, BoxSpec(fc_dim=18, fc_count=1, pooler=PoolerSpec(3)))
    with torch.no_grad():
        head.get_submodule("fc1").weight.copy_(torch.eye(18))
        head.get_submodule("fc1").bias.zero_()
    pooled = torch.rand(1, 2, 3, 3).contiguous(memory_format=torch.channels_last)
    assert torch.equal(head(pooled)[0], pooled[0].reshape(18))
