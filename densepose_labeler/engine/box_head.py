"""Box head: is a proposal a person, and where exactly."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from densepose_labeler.engine.boxes import clip, decode, nms
from densepose_labeler.engine.spec import BoxSpec

BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)
"""What the head's deltas are divided by."""


@dataclass(frozen=True)
class Detections:
    """People found in one image, surest first: `boxes` [n, 4] XYXY in input pixels, `scores` [n] in 0..1."""

    boxes: Tensor
    scores: Tensor


class BoxHead(nn.Module):
    """Pooled features [N, C, R, R] to [N, fc_dim]."""

    def __init__(self, channels: int, spec: BoxSpec) -> None:
        super().__init__()
        self.names = [f"fc{number}" for number in range(1, spec.fc_count + 1)]
        width = channels * spec.pooler.resolution**2
        for name in self.names:
            self.add_module(name, nn.Linear(width, spec.fc_dim))
            width = spec.fc_dim

    def forward(self, pooled: Tensor) -> Tensor:
        x = pooled.flatten(1)
        for name in self.names:
            x = F.relu(self.get_submodule(name)(x))
        return x


class BoxPredictor(nn.Module):
    """[N, fc_dim] to logits [N, 2] (person, background) and deltas [N, 4]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cls_score = nn.Linear(width, 2)
        self.bbox_pred = nn.Linear(width, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.cls_score(x), self.bbox_pred(x)


@torch.no_grad()
def select_detections(
    proposals: Tensor,
    logits: Tensor,
    deltas: Tensor,
    size: tuple[int, int],
    spec: BoxSpec,
    score_threshold: float | None = None,
    max_detections: int | None = None,
) -> Detections:
    """Detections of one image from its proposals [n, 4], class logits [n, 2] and deltas [n, 4].

    Scores must exceed the threshold strictly; `score_threshold` and `max_detections` default to the specification's.
    """
    threshold = spec.score_threshold if score_threshold is None else score_threshold
    limit = spec.max_detections if max_detections is None else max_detections
    scores = logits.float().softmax(-1)[:, 0]
    boxes = decode(proposals, deltas.float(), BOX_WEIGHTS)
    finite = scores.isfinite() & boxes.isfinite().all(-1)
    boxes = clip(boxes.nan_to_num(0.0), *size)
    chosen = (finite & (scores > threshold)).nonzero()[:, 0]
    ordered, order = scores[chosen].sort(descending=True, stable=True)
    boxes = boxes[chosen][order]
    keep = nms(boxes, torch.ones_like(ordered, dtype=torch.bool), spec.nms_threshold)
    return Detections(boxes[keep][:limit], ordered[keep][:limit])
