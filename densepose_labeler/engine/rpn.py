"""Region proposals: anchors, the head that scores them, and the selection of the best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from densepose_labeler.engine.boxes import clip, decode, nms
from densepose_labeler.engine.fpn import LEVELS, STRIDES
from densepose_labeler.engine.layers import ConvNorm
from densepose_labeler.engine.spec import ProposalSpec


@dataclass(frozen=True)
class Proposals:
    """Proposals of one image in descending order: `boxes` [n, 4] XYXY in input pixels, `logits` [n]."""

    boxes: Tensor
    logits: Tensor


class RPNHead(nn.Module):
    """Objectness logits [B, A, H, W] and box deltas [B, 4A, H, W] (anchor-major) for every level."""

    def __init__(self, channels: int, anchors: int) -> None:
        super().__init__()
        self.conv = ConvNorm(channels, channels, 3, padding=1, activation=F.relu_)
        self.objectness_logits = nn.Conv2d(channels, anchors, 1)
        self.anchor_deltas = nn.Conv2d(channels, anchors * 4, 1)

    def forward(self, features: Mapping[str, Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        logits, deltas = [], []
        for name in LEVELS:
            hidden = self.conv(features[name])
            logits.append(self.objectness_logits(hidden))
            deltas.append(self.anchor_deltas(hidden))
        return logits, deltas


def cell_anchors(size: float, ratios: Sequence[float]) -> Tensor:
    """Anchors [A, 4] of one level around the origin; `ratios` are height over width at equal area."""
    rows = []
    for ratio in ratios:
        width = math.sqrt(size**2.0 / ratio)
        height = ratio * width
        rows.append((-width / 2.0, -height / 2.0, width / 2.0, height / 2.0))
    return torch.tensor(rows, dtype=torch.float32)


class ProposalGenerator(nn.Module):
    """Scores anchors on p2..p6 and keeps the best boxes."""

    def __init__(self, channels: int, spec: ProposalSpec) -> None:
        super().__init__()
        self.spec = spec
        self.rpn_head = RPNHead(channels, len(spec.anchor_ratios))

    def anchors(self, shapes: Sequence[tuple[int, int]], device: torch.device | str = "cpu") -> list[Tensor]:
        """Anchors [H * W * A, 4] of every level in (y, x, anchor) order; centres lie on the cells' top-left corners."""
        result = []
        for name, size, (height, width) in zip(LEVELS, self.spec.anchor_sizes, shapes, strict=True):
            stride = STRIDES[name]
            x = torch.arange(width, dtype=torch.float32, device=device) * stride
            y = torch.arange(height, dtype=torch.float32, device=device) * stride
            grid_y, grid_x = torch.meshgrid(y, x, indexing="ij")
            corners = torch.stack((grid_x, grid_y, grid_x, grid_y), -1).reshape(-1, 1, 4)
            base = cell_anchors(size, self.spec.anchor_ratios).to(device)
            result.append((corners + base).reshape(-1, 4))
        return result

    @torch.no_grad()
    def select(
        self, logits: Sequence[Tensor], deltas: Sequence[Tensor], image_sizes: Sequence[tuple[int, int]]
    ) -> list[Proposals]:
        """The best proposals of each image from the head's outputs.

        `image_sizes` are (height, width) of the unpadded images. The `pre_nms_topk` best of each level pass
        suppression among themselves; the `post_nms_topk` best of all levels remain.
        """
        anchors = self.anchors([(level.shape[2], level.shape[3]) for level in logits], logits[0].device)
        scores, boxes = [], []
        for anchor, logit, delta in zip(anchors, logits, deltas, strict=True):
            batch, count = logit.shape[:2]
            flat = logit.float().permute(0, 2, 3, 1).reshape(batch, -1)
            offsets = delta.float().view(batch, count, 4, *delta.shape[2:]).permute(0, 3, 4, 1, 2).reshape(batch, -1, 4)
            best, index = flat.topk(min(self.spec.pre_nms_topk, flat.shape[1]), dim=1)
            chosen = offsets.gather(1, index[..., None].expand(-1, -1, 4))
            scores.append(best)
            boxes.append(decode(anchor[index], chosen))
        return [
            self._select_one([level[i] for level in scores], [level[i] for level in boxes], size)
            for i, size in enumerate(image_sizes)
        ]

    def _select_one(self, scores: list[Tensor], boxes: list[Tensor], size: tuple[int, int]) -> Proposals:
        longest = max(len(level) for level in scores)
        score = torch.stack([F.pad(level, (0, longest - len(level)), value=-math.inf) for level in scores])
        box = torch.stack([F.pad(level, (0, 0, 0, longest - len(level))) for level in boxes])
        finite = score.isfinite() & box.isfinite().all(-1)
        box = clip(box.nan_to_num(0.0), *size)
        valid = finite & (box[..., 2] > box[..., 0]) & (box[..., 3] > box[..., 1])
        keep = nms(box, valid, self.spec.nms_threshold)
        kept_scores, order = score[keep].sort(descending=True, stable=True)
        limit = self.spec.post_nms_topk
        return Proposals(box[keep][order[:limit]], kept_scores[:limit])
