"""The DensePose R-CNN: from a normalised batch to boxes and chart maps, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from densepose_labeler.engine.box_head import BoxHead, BoxPredictor, Detections, select_detections
from densepose_labeler.engine.chart_predictor import ChartMaps, ChartPredictor
from densepose_labeler.engine.decoder import Decoder, windows_under
from densepose_labeler.engine.densepose_head import DeepLabHead, V1ConvXHead
from densepose_labeler.engine.fpn import STRIDES, FeaturePyramid
from densepose_labeler.engine.roi_align import batch_index, pool_levels, roi_align
from densepose_labeler.engine.rpn import ProposalGenerator, Proposals
from densepose_labeler.engine.spec import NetworkSpec


class ROIHeads(nn.Module):
    """The modules that read regions, named as checkpoints name them."""

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__()
        channels, densepose = spec.backbone.fpn_channels, spec.densepose
        self.box_head = BoxHead(channels, spec.box)
        self.box_predictor = BoxPredictor(spec.box.fc_dim)
        self.decoder: Decoder | None = None
        if densepose.decoder_channels:
            self.decoder = Decoder(channels, densepose.decoder_channels)
            channels = densepose.decoder_channels
        head = DeepLabHead if densepose.head == "deeplab" else V1ConvXHead
        self.densepose_head = head(channels, densepose)
        self.densepose_predictor = ChartPredictor(densepose.conv_dim, densepose)


class DensePoseRCNN(nn.Module):
    """A network of the family, built from its specification; weights are random until loaded.

    Each stage is a method, so that training can hook in between. Inputs are normalised and padded batches
    [B, 3, H, W] (H and W divisible by 32); boxes are XYXY in pixels of that input, one [n, 4] tensor an image.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__()
        self.spec = spec
        self.backbone = FeaturePyramid(spec.backbone)
        self.proposal_generator = ProposalGenerator(spec.backbone.fpn_channels, spec.proposals)
        self.roi_heads = ROIHeads(spec)

    def features(self, x: Tensor) -> dict[str, Tensor]:
        """Pyramid levels `p2`..`p6` at strides 4..64."""
        result: dict[str, Tensor] = self.backbone(x)
        return result

    def rpn(self, features: Mapping[str, Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Objectness logits [B, A, h, w] and anchor deltas [B, 4A, h, w] of p2..p6."""
        result: tuple[list[Tensor], list[Tensor]] = self.proposal_generator.rpn_head(features)
        return result

    def anchors(self, features: Mapping[str, Tensor]) -> list[Tensor]:
        """Anchors [h * w * A, 4] of p2..p6, in the order (y, x, anchor) of the head's outputs."""
        shapes = [(level.shape[2], level.shape[3]) for level in features.values()]
        return self.proposal_generator.anchors(shapes, features["p2"].device)

    def proposals(self, features: Mapping[str, Tensor], image_sizes: Sequence[tuple[int, int]]) -> list[Proposals]:
        """The best region proposals of each image; `image_sizes` (height, width) without padding."""
        return self.proposal_generator.select(*self.rpn(features), image_sizes)

    def box_logits(self, features: Mapping[str, Tensor], boxes: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Class logits [sum n, 2] (person, background) and box deltas [sum n, 4] of the given boxes."""
        heads = self.roi_heads
        pooled = pool_levels(features, boxes, self.spec.box.pooler)
        result: tuple[Tensor, Tensor] = heads.box_predictor(heads.box_head(pooled))
        return result

    def detect(
        self,
        features: Mapping[str, Tensor],
        image_sizes: Sequence[tuple[int, int]],
        score_threshold: float | None = None,
        max_detections: int | None = None,
    ) -> list[Detections]:
        """People of each image, surest first; thresholds default to the specification's."""
        proposals = [one.boxes for one in self.proposals(features, image_sizes)]
        logits, deltas = self.box_logits(features, proposals)
        counts = [len(boxes) for boxes in proposals]
        return [
            select_detections(boxes, logit, delta, size, self.spec.box, score_threshold, max_detections)
            for boxes, logit, delta, size in zip(
                proposals, torch.split(logits, counts), torch.split(deltas, counts), image_sizes, strict=True
            )
        ]

    def decode(self, features: Mapping[str, Tensor], boxes: Sequence[Tensor] | None = None) -> Tensor | None:
        """The decoder's map [B, D, H/4, W/4]; None for models without a decoder.

        With `boxes` the map is defined only where `pool_densepose` of these boxes reads it.
        """
        decoder = self.roi_heads.decoder
        if decoder is None:
            return None
        if boxes is None:
            result: Tensor = decoder(features)
            return result
        height, width = features["p2"].shape[2:]
        return decoder.in_windows(features, windows_under(boxes, STRIDES["p2"], (height, width)))

    def pool_densepose(self, features: Mapping[str, Tensor], boxes: Sequence[Tensor], decoded: Tensor | None) -> Tensor:
        """Pooled features [sum n, D, R, R] that the DensePose head reads."""
        pooler = self.spec.densepose.pooler
        if decoded is None:
            return pool_levels(features, boxes, pooler)
        return roi_align(decoded, torch.cat(list(boxes)), batch_index(boxes), 1.0 / STRIDES["p2"], pooler)

    def chart_maps(self, pooled: Tensor) -> ChartMaps:
        """Chart maps [N, C, S, S] from pooled features [N, D, R, R]."""
        heads = self.roi_heads
        result: ChartMaps = heads.densepose_predictor(heads.densepose_head(pooled))
        return result

    def densepose(self, features: Mapping[str, Tensor], boxes: Sequence[Tensor]) -> ChartMaps:
        """Chart maps of the given boxes, in the order of the concatenated boxes."""
        return self.chart_maps(self.pool_densepose(features, boxes, self.decode(features, boxes)))
