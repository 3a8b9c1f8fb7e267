"""One training step's forward pass: every stage of the network on a batch, with its losses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from densepose_labeler.engine.boxes import clip
from densepose_labeler.engine.rcnn import DensePoseRCNN
from tools.train.losses import box_losses, densepose_losses, draw_proposals, rpn_losses
from tools.train.shards import Sample
from tools.train.targets import Scene, jitter, maps_on_grid

# Rare parts, hands and the backs of legs above all, count a little more. Not much: whatever the weights favour grows
# at its seams beyond its true size, and the overlap loss looks after rare parts already.
PART_WEIGHTS = torch.ones(25)
PART_WEIGHTS[0] = 0.7
PART_WEIGHTS[[3, 4, 5, 6]] = 1.3
PART_WEIGHTS[[7, 8, 11, 12]] = 1.4
PART_WEIGHTS[[15, 16, 17, 18, 19, 20, 21, 22]] = 1.2


def initialise(network: DensePoseRCNN) -> None:
    """Weights of the layers that ImageNet does not give (Xavier and He, small for the outputs), in place."""
    for name, module in network.named_modules():
        if name.startswith("backbone.bottom_up") or not isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
        if any(word in name for word in ("objectness", "anchor_deltas", "cls_score", "bbox_pred", "lowres")):
            nn.init.normal_(module.weight, std=0.01)
        elif "fpn_lateral" in name or "fpn_output" in name:
            nn.init.xavier_uniform_(module.weight)
        else:
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
    # an untrained U or V is best guessed in the middle of its range
    for name in ("u_lowres", "v_lowres"):
        nn.init.constant_(network.roi_heads.densepose_predictor.get_submodule(name).bias, 0.5)


def device_of(network: DensePoseRCNN) -> torch.device:
    """Where the weights are."""
    return next(network.parameters()).device


def normalise(samples: Sequence[Sample], network: DensePoseRCNN) -> Tensor:
    """Pictures as the network's input, float32 [B, 3, H, W] in channels-last memory on its device."""
    spec, device = network.spec.input, device_of(network)
    images = torch.from_numpy(np.stack([sample.image for sample in samples])).to(device).permute(0, 3, 1, 2).float()
    if spec.channel_order == "BGR":
        images = images.flip(1)
    mean, std = (torch.tensor(v, device=device)[:, None, None] for v in (spec.pixel_mean, spec.pixel_std))
    return ((images - mean) / std).contiguous(memory_format=torch.channels_last)


def compute_losses(
    network: DensePoseRCNN, images: Tensor, scenes: list[Scene], rng: np.random.Generator
) -> dict[str, Tensor]:
    """Losses of a batch by name; `images` as `normalise` makes them, one scene each."""
    size = (images.shape[2], images.shape[3])
    with torch.autocast(images.device.type, dtype=torch.bfloat16):
        features = network.features(images)
        logits, deltas = network.rpn(features)
    anchors = network.anchors(features)
    losses = rpn_losses(
        torch.cat([level.float().permute(0, 2, 3, 1).flatten(1) for level in logits], 1),
        torch.cat([level.float().permute(0, 2, 3, 1).reshape(len(level), -1, 4) for level in deltas], 1),
        torch.cat(anchors),
        scenes,
        rng,
    )
    found = network.proposal_generator.select(logits, deltas, [size] * len(scenes))
    candidates = [
        clip(torch.cat([one.boxes, jitter(target.boxes.repeat(4, 1), rng, 0.08, 0.12)]), *size)
        for one, target in zip(found, scenes, strict=True)
    ]
    candidates = [boxes[((boxes[:, 2:] - boxes[:, :2]) > 1).all(1)] for boxes in candidates]
    boxes, classes, wanted = draw_proposals(candidates, scenes, rng)
    with torch.autocast(images.device.type, dtype=torch.bfloat16):
        class_logits, box_deltas = network.box_logits(features, boxes)
    losses |= box_losses(class_logits.float(), box_deltas.float(), torch.cat(boxes), classes, wanted)
    densepose = (network.roi_heads.densepose_head, network.roi_heads.densepose_predictor)
    if not any(value.requires_grad for part in densepose for value in part.parameters()):
        return losses
    return losses | _densepose(network, features, scenes, rng)


def _densepose(
    network: DensePoseRCNN, features: dict[str, Tensor], scenes: list[Scene], rng: np.random.Generator
) -> dict[str, Tensor]:
    regions = [clip(jitter(target.boxes, rng, 0.03, 0.05), *target.instance.shape) for target in scenes]
    count = sum(len(boxes) for boxes in regions)
    if not count:
        return {}
    with torch.autocast(features["p2"].device.type, dtype=torch.bfloat16):
        decoded = network.decode(features)  # whole: window by window is quicker at inference alone
        pooled = network.pool_densepose(features, regions, decoded)
        predictor = network.roi_heads.densepose_predictor
        wide = predictor.half_size(network.roi_heads.densepose_head(pooled))
    # every second row and column, at a random phase: a quarter of the work, all cells taught in the long run
    row, column = (int(value) for value in rng.integers(0, 2, 2))
    wide = doubled_at(wide, row, column).float()
    side = network.spec.densepose.map_size
    targets = [
        maps_on_grid(target, box, int(number), side)
        for target, boxes in zip(scenes, regions, strict=True)
        for box, number in zip(boxes, target.numbers, strict=True)
    ]
    part = torch.stack([part for part, _ in targets])[:, row::2, column::2]
    uv = torch.stack([uv for _, uv in targets])[:, :, row::2, column::2]
    coarse, fine, u, v = torch.split(wide, list(predictor.widths.values()), 1)[:4]
    return densepose_losses(fine, coarse, u, v, part, uv, PART_WEIGHTS.to(part.device))


def doubled_at(maps: Tensor, row: int, column: int) -> Tensor:
    """Every second row and column, from `row` and `column` (0 or 1) on, of maps [..., H, W] doubled bilinearly."""
    for dim, phase in ((-2, row), (-1, column)):
        size = maps.shape[dim]
        order = (torch.arange(size, device=maps.device) + (1 if phase else -1)).clamp(0, size - 1)
        maps = torch.lerp(maps, maps.index_select(dim, order), 0.25)
    return maps
