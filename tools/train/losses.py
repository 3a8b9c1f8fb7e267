"""The losses of a DensePose R-CNN: region proposals, boxes, and the part and UV maps inside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from densepose_labeler.engine.box_head import BOX_WEIGHTS
from densepose_labeler.engine.boxes import encode, pairwise_iou
from tools.train.targets import Scene, match_anchors

PERSON, BACKGROUND = 0, 1  # classes of the box head, background last
COARSE_WEIGHTS = (0.6, 1.0)
"""Background and body: a pixel is body only where both segmentations say so, so each must lean a little towards it."""


@dataclass(frozen=True)
class Weights:
    """How much each loss counts in the sum."""

    objectness: float = 1.0
    rpn_box: float = 1.0
    classes: float = 2.0
    box: float = 1.0
    fine: float = 1.0
    overlap: float = 0.7
    coarse: float = 0.5
    uv: float = 4.0


def rpn_losses(
    logits: Tensor, deltas: Tensor, anchors: Tensor, scenes: list[Scene], rng: np.random.Generator, per_image: int = 128
) -> dict[str, Tensor]:
    """Objectness and box losses over a balanced draw of anchors.

    logits: float [B, A]. deltas: float [B, A, 4]. anchors: float32 [A, 4] XYXY canvas pixels.
    """
    objectness, regression, drawn = logits.sum() * 0, deltas.sum() * 0, 0
    for image, target in enumerate(scenes):
        labels, index = match_anchors(anchors, target.boxes)
        people = _draw(labels == 1, per_image // 2, rng)
        chosen = torch.cat([people, _draw(labels == 0, per_image - len(people), rng)])
        wanted = (labels[chosen] == 1).to(logits.dtype)
        objectness = objectness + F.binary_cross_entropy_with_logits(logits[image, chosen], wanted, reduction="sum")
        if len(people):
            goal = encode(anchors[people], target.boxes[index[people]])
            regression = regression + F.smooth_l1_loss(deltas[image, people], goal, beta=0.1, reduction="sum")
        drawn += len(chosen)
    return {"objectness": objectness / max(drawn, 1), "rpn_box": regression / max(drawn, 1)}


def draw_proposals(
    proposals: list[Tensor], scenes: list[Scene], rng: np.random.Generator, per_image: int = 24, share: float = 0.33
) -> tuple[list[Tensor], Tensor, Tensor]:
    """A draw of boxes for the box head: (boxes per image, class [R], wanted boxes [R, 4]).

    `proposals` are in descending score: of those that show nobody half are drawn from the top, where clothes without a
    wearer are, and half at random.
    """
    boxes, classes, wanted = [], [], []
    for found, target in zip(proposals, scenes, strict=True):
        if len(target.boxes):
            best, index = pairwise_iou(found, target.boxes).max(1)
        else:
            best, index = found.new_zeros(len(found)), found.new_zeros(len(found), dtype=torch.int64)
        people = _draw(best >= 0.5, int(per_image * share), rng)
        others = _draw_hard(best < 0.5, per_image - len(people), rng)
        boxes.append(found[torch.cat([people, others])])
        classes.append(torch.cat([torch.full_like(people, PERSON), torch.full_like(others, BACKGROUND)]))
        wanted.append(torch.cat([target.boxes[index[people]], found.new_zeros(len(others), 4)]))
    return boxes, torch.cat(classes), torch.cat(wanted)


def box_losses(logits: Tensor, deltas: Tensor, boxes: Tensor, classes: Tensor, wanted: Tensor) -> dict[str, Tensor]:
    """Classification over all drawn boxes, regression over those of people ([R, 2], [R, 4], [R, 4], [R], [R, 4])."""
    people = classes == PERSON
    regression = deltas.sum() * 0
    if people.any():
        goal = encode(boxes[people], wanted[people], BOX_WEIGHTS)
        regression = F.smooth_l1_loss(deltas[people], goal, beta=0.5, reduction="sum") / len(classes)
    return {"classes": F.cross_entropy(logits, classes), "box": regression}


def densepose_losses(
    fine: Tensor, coarse: Tensor, u: Tensor, v: Tensor, part: Tensor, uv: Tensor, part_weights: Tensor
) -> dict[str, Tensor]:
    """Losses of the maps inside R boxes.

    fine, u, v: float [R, 25, S, S]. coarse: float [R, 2, S, S]. part: int64 [R, S, S]. uv: float [R, 2, S, S].
    part_weights: float [25], how much a pixel of each part counts. U and V are taught on the true part's channel only.
    """
    known = part > 0
    on_part = part[:, None]
    du = F.smooth_l1_loss(u.gather(1, on_part)[:, 0], uv[:, 0], beta=0.02, reduction="none")
    dv = F.smooth_l1_loss(v.gather(1, on_part)[:, 0], uv[:, 1], beta=0.02, reduction="none")
    count = known.sum().clamp(min=1)
    return {
        "fine": F.cross_entropy(fine, part, part_weights),
        "overlap": overlap_loss(fine, part),
        "coarse": F.cross_entropy(coarse, known.long(), coarse.new_tensor(COARSE_WEIGHTS)),
        "uv": ((du + dv) * known).sum() / count,
    }


def overlap_loss(fine: Tensor, part: Tensor) -> Tensor:
    """One minus the soft overlap (Dice) of each body part over the whole batch, the mean of the parts that show."""
    sure = fine.softmax(1).transpose(0, 1).flatten(1)
    true = F.one_hot(part.flatten(), fine.shape[1]).T.to(sure.dtype)
    overlap = 2 * (sure * true).sum(1) / (sure.sum(1) + true.sum(1)).clamp(min=1)
    shown = true[1:].sum(1) > 0
    return 1 - overlap[1:][shown].mean() if bool(shown.any()) else fine.sum() * 0


def total(losses: dict[str, Tensor], weights: Weights) -> Tensor:
    """The weighted sum that is minimised."""
    return torch.stack([value * getattr(weights, name) for name, value in losses.items()]).sum()


def _draw_hard(mask: Tensor, most: int, rng: np.random.Generator) -> Tensor:
    """Like `_draw`, but the first half of `most` are the first true entries."""
    index = mask.nonzero()[:, 0]
    first, rest = index[: most // 2], index[most // 2 :]
    return torch.cat([first, rest[_draw(torch.ones_like(rest, dtype=torch.bool), most - len(first), rng)]])


def _draw(mask: Tensor, most: int, rng: np.random.Generator) -> Tensor:
    """Indices of at most `most` true entries, drawn at random."""
    index = mask.nonzero()[:, 0]
    if len(index) <= most:
        return index
    return index[torch.from_numpy(rng.choice(len(index), most, replace=False)).to(index.device)]
