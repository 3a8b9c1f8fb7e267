"""Averaging what a network says of a picture with what it says of the mirror image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from densepose_labeler.engine.chart_predictor import ChartMaps
from densepose_labeler.engine.rcnn import DensePoseRCNN
from manifests.charts import COUNT_BACK_U, MIRRORED, TURN_U, TURN_V, Charts
from manifests.parts import COARSE_OF_FINE, FLIP

FLIP_COARSE = tuple(COARSE_OF_FINE[FLIP[COARSE_OF_FINE.index(coarse)]] for coarse in range(15))
"""Coarse part of the 15-channel models after a horizontal mirror."""


class _Features(dict[str, Tensor]):
    """The pyramid of a batch, with that of the mirrored batch; `width` in pixels of the padded input."""

    mirrored: dict[str, Tensor]
    width: int


class FlipAveraging(DensePoseRCNN):
    """A network that also looks at the mirrored picture: its backbone, decoder and heads run twice.

    People are found on the picture itself. Of every box, `coarse_segm` and `fine_segm` (the raw scores, as the official
    project's test-time augmentation averages them) are the mean of the picture's and of the mirror's, brought back with
    left and right parts exchanged. So are U and V where the charts are our own, which mirror exactly, but for the
    hands' U, which goes round in a circle. How the official charts' U and V mirror is a table that is not part of the
    models: theirs are the picture's own, as confidences always are.

    Args:
        model: the network; its layers are shared, not copied.
        charts: whose U and V it predicts.
    """

    def __init__(self, model: DensePoseRCNN, charts: Charts = "official") -> None:
        nn.Module.__init__(self)
        self.spec = model.spec
        self._charts: Charts = charts
        self.backbone, self.proposal_generator, self.roi_heads = (
            model.backbone, model.proposal_generator, model.roi_heads
        )  # fmt: skip

    def features(self, x: Tensor) -> dict[str, Tensor]:
        """The pyramid of the batch, which carries that of the batch mirrored whole, padding included."""
        result = _Features(super().features(x))
        result.mirrored = super().features(x.flip(3))
        result.width = x.shape[3]
        return result

    def decode(self, features: Mapping[str, Tensor], boxes: Sequence[Tensor] | None = None) -> Tensor | None:
        """The decoder's maps of the batch and of its mirror image, one after the other: [2B, D, H/4, W/4]."""
        assert isinstance(features, _Features)
        own = super().decode(features, boxes)
        mirrored = super().decode(features.mirrored, None if boxes is None else _mirrored(boxes, features.width))
        return None if own is None or mirrored is None else torch.cat((own, mirrored))

    def pool_densepose(self, features: Mapping[str, Tensor], boxes: Sequence[Tensor], decoded: Tensor | None) -> Tensor:
        """Pooled features of each box and of its mirror image, side by side: [sum n, 2D, R, R]."""
        assert isinstance(features, _Features)
        own, mirrored = (None, None) if decoded is None else decoded.chunk(2)
        pooled = super().pool_densepose(features, boxes, own)
        of_mirror = super().pool_densepose(features.mirrored, _mirrored(boxes, features.width), mirrored)
        return torch.cat((pooled, of_mirror), 1)

    def chart_maps(self, pooled: Tensor) -> ChartMaps:
        """Averaged chart maps [N, C, S, S] from pooled features [N, 2D, R, R]."""
        own, mirrored = (super(FlipAveraging, self).chart_maps(half) for half in pooled.chunk(2, 1))
        coarse = list(FLIP_COARSE) if own.coarse_segm.shape[1] == len(FLIP_COARSE) else [0, 1]
        coarse_segm = (own.coarse_segm + mirrored.coarse_segm.flip(3)[:, coarse]) / 2
        fine_segm = (own.fine_segm + mirrored.fine_segm.flip(3)[:, list(FLIP)]) / 2
        u, v = own.u, own.v
        if self._charts == MIRRORED:
            u = torch.where(_channels(COUNT_BACK_U, u), u, (u + _brought_back(mirrored.u, TURN_U)) / 2)
            v = (v + _brought_back(mirrored.v, TURN_V)) / 2
        return ChartMaps(coarse_segm, fine_segm, u, v, own.confidences)


def _brought_back(values: Tensor, turned: NDArray[np.bool_]) -> Tensor:
    """U or V [N, 25, S, S] of mirror images as the pictures themselves have it; `turned` [25]: 1 minus the value."""
    values = values.flip(3)[:, list(FLIP)]
    return torch.where(_channels(turned, values), 1 - values, values)


def _channels(chosen: NDArray[np.bool_], like: Tensor) -> Tensor:
    return torch.from_numpy(chosen).to(like.device)[:, None, None]


def _mirrored(boxes: Sequence[Tensor], width: int) -> list[Tensor]:
    """XYXY boxes [n, 4] in the mirror image of an input `width` pixels wide."""
    return [torch.stack((width - one[:, 2], one[:, 1], width - one[:, 0], one[:, 3]), 1) for one in boxes]
