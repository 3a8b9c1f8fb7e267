"""Photographs to labelled people: the whole inference path of one model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from densepose_labeler.chart_result import chart_result, integer_box
from densepose_labeler.engine.acceleration import accelerate
from densepose_labeler.engine.box_head import Detections
from densepose_labeler.engine.boxes import area, clip
from densepose_labeler.engine.chart_predictor import ChartMaps
from densepose_labeler.engine.layers import fold_frozen_norms
from densepose_labeler.engine.rcnn import DensePoseRCNN
from densepose_labeler.flip_averaging import FlipAveraging
from densepose_labeler.precision import Precision
from densepose_labeler.preprocessing import resize, to_batch
from densepose_labeler.zoo import ModelSpec
from manifests.instances import Instance

Image = npt.NDArray[np.uint8]

DENSEPOSE_BATCH = 32
"""Boxes whose chart maps are computed together: bounds memory on pictures of crowds."""


@dataclass(frozen=True)
class _Found:
    """People of one image: `boxes` in source pixels, `network_boxes` in input pixels, [n, 4] both, surest first."""

    boxes: Tensor
    network_boxes: Tensor
    scores: Tensor


class Predictor:
    """Runs one model over pictures.

        predictor = Predictor(checkpoints.load(spec), spec, device="cuda")
        people = predictor([picture])[0]

    What it returns for a picture on the CPU depends on that picture alone: pictures are computed one after the other.
    On CUDA those of one shape are computed together, and the libraries choose their algorithms by the size of the
    batch, so a picture's maps can differ by rounding (about 1e-6 of the largest value) between batches; the same
    batch gives the same result.

    Attributes:
        spec: the model's specification: its `network.input` decides the resizing, its `flip_averaging` whether maps are
            averaged with those of the mirror image.
        device: where the network runs.
        precision: how exactly it computes (see `densepose_labeler.precision`).
        model: the network given, which is changed for inference: moved to the device, its layers exchanged for faster
            ones. Another `Predictor` made of it computes at the same precision.
    """

    def __init__(
        self,
        model: DensePoseRCNN,
        spec: ModelSpec,
        device: str | torch.device = "cpu",
        precision: Precision = "float32",
    ) -> None:
        self.spec = spec
        self.device = torch.device(device)
        self.precision: Precision = precision
        if spec.flip_averaging:
            model = FlipAveraging(model, spec.charts)
        if self.device.type == "cpu":
            accelerate(model, precision)
        else:
            fold_frozen_norms(model)
        self.model = model.eval().to(self.device)
        for value in (*self.model.parameters(), *self.model.buffers()):
            if value.ndim == 4:
                value.data = value.data.contiguous(memory_format=torch.channels_last)

    def __call__(
        self,
        images: Sequence[Image],
        score_threshold: float | None = None,
        largest_only: bool = False,
        max_detections: int | None = None,
    ) -> list[tuple[Instance, ...]]:
        """People in each picture, surest first.

        Args:
            images: uint8 [H, W, 3] RGB, of any sizes; those of one shape form a batch.
            score_threshold: least score (strictly greater passes); the model's own when left out.
            largest_only: keep only the person with the largest box.
            max_detections: at most so many people a picture; the model's own (100) when left out.

        Raises:
            ValueError: a picture is not uint8 [H, W, 3] or is empty.
        """
        groups: dict[tuple[int, int], list[int]] = {}
        for index, image in enumerate(images):
            if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
                raise ValueError(f"image {index} is {image.dtype} {image.shape}; expected uint8 [height, width, 3] RGB")
            groups.setdefault((image.shape[0], image.shape[1]), []).append(index)
        threshold = self.spec.score_threshold if score_threshold is None else score_threshold
        results: dict[int, tuple[Instance, ...]] = {}
        for indices in groups.values():
            step = 1 if self.device.type == "cpu" else len(indices)
            for start in range(0, len(indices), step):
                chunk = indices[start : start + step]
                people = self._predict([images[index] for index in chunk], threshold, largest_only, max_detections)
                results.update(zip(chunk, people, strict=True))
        return [results[index] for index in range(len(images))]

    @torch.inference_mode()
    def _predict(
        self, images: list[Image], threshold: float, largest_only: bool, limit: int | None
    ) -> list[tuple[Instance, ...]]:
        resized = [resize(image, self.spec.network.input) for image in images]
        size = (resized[0].shape[0], resized[0].shape[1])
        with torch.autocast("cuda", torch.bfloat16, self.device.type == "cuda" and self.precision != "float32"):
            features = self.model.features(to_batch(resized, self.spec.network.input, self.device))
            detections = self.model.detect(features, [size] * len(images), threshold, limit)
            whole = self.spec.network.densepose.whole_pixel_boxes
            found = [_to_image(one, size, images[0].shape[:2], largest_only, whole) for one in detections]
            if not any(len(one.boxes) for one in found):
                return [() for _ in images]
            maps = self._maps(features, [one.network_boxes for one in found])
        people, row = [], 0
        for one in found:
            count = len(one.boxes)
            people.append(tuple(_instance(one, i, maps[row + i : row + i + 1]) for i in range(count)))
            row += count
        return people

    def _maps(self, features: dict[str, Tensor], boxes: list[Tensor]) -> ChartMaps:
        pooled = self.model.pool_densepose(features, boxes, self.model.decode(features, boxes))
        parts = [self.model.chart_maps(chunk) for chunk in torch.split(pooled, DENSEPOSE_BATCH)]
        return parts[0] if len(parts) == 1 else ChartMaps.concatenate(parts)


def _to_image(
    detections: Detections, size: tuple[int, int], image_size: tuple[int, ...], largest_only: bool, whole_pixels: bool
) -> _Found:
    """Detections in source pixels, clipped, without empty boxes; on request widened to whole pixels."""
    scale = torch.tensor((image_size[1] / size[1], image_size[0] / size[0]) * 2, device=detections.boxes.device)
    boxes, network_boxes = clip(detections.boxes * scale, image_size[0], image_size[1]), detections.boxes
    if whole_pixels:
        boxes = torch.cat((boxes[:, :2].floor(), boxes[:, 2:].ceil()), 1)
        network_boxes = boxes / scale
    keep = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    found = _Found(boxes[keep], network_boxes[keep], detections.scores[keep])
    if largest_only and len(found.boxes) > 1:
        first = int(area(found.boxes).argmax())
        rows = slice(first, first + 1)
        found = _Found(found.boxes[rows], found.network_boxes[rows], found.scores[rows])
    return found


def _instance(found: _Found, index: int, maps: ChartMaps) -> Instance:
    box = found.boxes[index].cpu()
    x, y, width, height = integer_box(box)
    result = chart_result(maps, height, width)
    x0, y0, x1, y1 = (float(value) for value in box)
    return Instance(
        box=(x0, y0, x1, y1),
        score=float(found.scores[index]),
        iuv_box=(x, y, width, height),
        iuv=result.iuv.cpu().numpy(),
        confidences={name: values.cpu().numpy() for name, values in result.confidences.items()},
    )
