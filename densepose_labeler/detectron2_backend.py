"""Labels by the user's own detectron2: the yardstick that the engine is held against.

detectron2 and its DensePose project are compiled by whoever wants them; nothing here needs them until a predictor is
made. The network is built from the same `ModelSpec` as ours, by the library's own code, and the picture goes the
library's own way: `DefaultPredictor`, then the converter that `apply_net.py dump` uses.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from densepose_labeler.chart_result import integer_box
from densepose_labeler.checkpoints import LEGACY_EXTRAS
from densepose_labeler.engine.boxes import area
from densepose_labeler.engine.rcnn import DensePoseRCNN
from densepose_labeler.engine.spec import NetworkSpec, PoolerSpec
from densepose_labeler.planning import LabelError
from densepose_labeler.zoo import ModelSpec
from manifests.instances import CONFIDENCES, Instance

DEPTHS = {"resnet50": 50, "resnet101": 101}
"""The backbones that detectron2 has, and their depth there."""


def supports(spec: NetworkSpec) -> bool:
    """Whether detectron2 has such a network; it lacks the embedded model's backbone."""
    return spec.backbone.kind in DEPTHS and spec.input.size_divisibility == 32


class Detectron2Predictor:
    """Runs one model over pictures, as `Predictor` does, but with the library.

    Args:
        model: our network with its weights, which are copied out of it.
        spec: its specification.
        device: where the library's network runs.

    Raises:
        LabelError: detectron2 or its DensePose project cannot be imported, or has no such network.
    """

    def __init__(self, model: DensePoseRCNN, spec: ModelSpec, device: str | torch.device = "cpu") -> None:
        if not supports(spec.network):
            raise LabelError(
                f"detectron2 has no network with the backbone of {spec.name!r} ({spec.network.backbone.kind}): "
                'leave its backend at "engine"'
            )
        config, densepose, engine = (_import(name) for name in ("detectron2.config", "densepose", "detectron2.engine"))
        self._boxes = _import("detectron2.structures").Boxes
        self._converter = _import("densepose.converters").ToChartResultConverterWithConfidences
        cfg = config.get_cfg()
        densepose.add_densepose_config(cfg)
        options = settings(spec.network) | {"MODEL.DEVICE": str(device), "MODEL.WEIGHTS": ""}
        cfg.merge_from_list([item for pair in options.items() for item in pair])
        self.spec = spec
        self._predictor = engine.DefaultPredictor(cfg)
        _load(self._predictor.model, model.state_dict(), spec.name)

    def __call__(
        self,
        images: Sequence[npt.NDArray[np.uint8]],
        score_threshold: float | None = None,
        largest_only: bool = False,
        max_detections: int | None = None,
    ) -> list[tuple[Instance, ...]]:
        """People in each picture, surest first; arguments as of `Predictor`. The library takes one picture at a time.

        Calls that run at once in several threads must agree in their options.
        """
        box_predictor = self._predictor.model.roi_heads.box_predictor
        box_predictor.test_score_thresh = self.spec.score_threshold if score_threshold is None else score_threshold
        limit = self.spec.network.box.max_detections if max_detections is None else max_detections
        box_predictor.test_topk_per_image = limit
        return [self._people(image, largest_only) for image in images]

    def _people(self, image: npt.NDArray[np.uint8], largest_only: bool) -> tuple[Instance, ...]:
        found = self._predictor(image[:, :, ::-1])["instances"]  # the library takes BGR, whatever the network wants
        if not found.has("pred_densepose"):
            return ()
        boxes = found.pred_boxes.tensor
        chosen = range(len(boxes))
        if largest_only and len(boxes):
            first = int(area(boxes).argmax())
            chosen = range(first, first + 1)
        with torch.no_grad():
            return tuple(
                to_instance(
                    boxes[index],
                    float(found.scores[index]),
                    self._converter.convert(found.pred_densepose[index], self._boxes(boxes[index : index + 1])),
                )
                for index in chosen
            )


def to_instance(box: Tensor, score: float, result: Any) -> Instance:
    """A person from what the library's converter returns.

    Args:
        box: float32 [4], XYXY in source pixels.
        result: `labels` integer [h, w], `uv` float32 [2, h, w] of any range, and the confidences float32 [h, w] or None
            (`DensePoseChartResultWithConfidences`).
    """
    x, y, width, height = integer_box(box)
    x0, y0, x1, y1 = (float(value) for value in box)
    coordinates = (result.uv * 255).clamp(0, 255).to(torch.uint8)  # truncated, as the library's own quantisation
    iuv = torch.cat((result.labels.to(torch.uint8)[None], coordinates)).permute(1, 2, 0)
    estimated = {name: getattr(result, name, None) for name in CONFIDENCES}
    return Instance(
        box=(x0, y0, x1, y1),
        score=score,
        iuv_box=(x, y, width, height),
        iuv=iuv.contiguous().cpu().numpy(),
        confidences={
            name: values.to(torch.float16).cpu().numpy() for name, values in estimated.items() if values is not None
        },
    )


def settings(spec: NetworkSpec) -> dict[str, object]:
    """The library's configuration keys that make it build this network and feed it alike."""
    levels = ["p2", "p3", "p4", "p5"]
    stages = ["res2", "res3", "res4", "res5"]
    densepose = spec.densepose
    return {
        "INPUT.FORMAT": spec.input.channel_order,
        "INPUT.MIN_SIZE_TEST": spec.input.min_size,
        "INPUT.MAX_SIZE_TEST": spec.input.max_size,
        "MODEL.PIXEL_MEAN": list(spec.input.pixel_mean),
        "MODEL.PIXEL_STD": list(spec.input.pixel_std),
        "MODEL.META_ARCHITECTURE": "GeneralizedRCNN",
        "MODEL.MASK_ON": False,
        "MODEL.DENSEPOSE_ON": True,
        "MODEL.BACKBONE.NAME": "build_resnet_fpn_backbone",
        "MODEL.RESNETS.DEPTH": DEPTHS[spec.backbone.kind],
        "MODEL.RESNETS.OUT_FEATURES": stages,
        "MODEL.FPN.IN_FEATURES": stages,
        "MODEL.FPN.OUT_CHANNELS": spec.backbone.fpn_channels,
        "MODEL.ANCHOR_GENERATOR.SIZES": [[size] for size in spec.proposals.anchor_sizes],
        "MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS": [list(spec.proposals.anchor_ratios)],
        "MODEL.RPN.IN_FEATURES": [*levels, "p6"],
        "MODEL.RPN.PRE_NMS_TOPK_TEST": spec.proposals.pre_nms_topk,
        "MODEL.RPN.POST_NMS_TOPK_TEST": spec.proposals.post_nms_topk,
        "MODEL.RPN.NMS_THRESH": spec.proposals.nms_threshold,
        "MODEL.ROI_HEADS.NAME": "DensePoseROIHeads",
        "MODEL.ROI_HEADS.IN_FEATURES": levels,
        "MODEL.ROI_HEADS.NUM_CLASSES": 1,
        "MODEL.ROI_HEADS.SCORE_THRESH_TEST": spec.box.score_threshold,
        "MODEL.ROI_HEADS.NMS_THRESH_TEST": spec.box.nms_threshold,
        "TEST.DETECTIONS_PER_IMAGE": spec.box.max_detections,
        "MODEL.ROI_BOX_HEAD.NAME": "FastRCNNConvFCHead",
        "MODEL.ROI_BOX_HEAD.NUM_FC": spec.box.fc_count,
        "MODEL.ROI_BOX_HEAD.FC_DIM": spec.box.fc_dim,
        **_pooler("MODEL.ROI_BOX_HEAD", spec.box.pooler),
        "MODEL.ROI_DENSEPOSE_HEAD.NAME": "DensePoseDeepLabHead" if densepose.head == "deeplab" else _PLAIN_HEAD,
        "MODEL.ROI_DENSEPOSE_HEAD.NUM_STACKED_CONVS": densepose.conv_count,
        "MODEL.ROI_DENSEPOSE_HEAD.CONV_HEAD_DIM": densepose.conv_dim,
        "MODEL.ROI_DENSEPOSE_HEAD.NUM_COARSE_SEGM_CHANNELS": densepose.coarse_channels,
        "MODEL.ROI_DENSEPOSE_HEAD.DECODER_ON": densepose.decoder_channels > 0,
        "MODEL.ROI_DENSEPOSE_HEAD.DECODER_NUM_CLASSES": densepose.decoder_channels or 256,
        "MODEL.ROI_DENSEPOSE_HEAD.DECODER_CONV_DIMS": densepose.decoder_channels or 256,
        "MODEL.ROI_DENSEPOSE_HEAD.UV_CONFIDENCE.ENABLED": densepose.uv_confidence != "none",
        "MODEL.ROI_DENSEPOSE_HEAD.UV_CONFIDENCE.TYPE": (
            "iid_iso" if densepose.uv_confidence == "none" else densepose.uv_confidence
        ),
        "MODEL.ROI_DENSEPOSE_HEAD.SEGM_CONFIDENCE.ENABLED": densepose.segm_confidence,
        **_pooler("MODEL.ROI_DENSEPOSE_HEAD", densepose.pooler),
    }


_PLAIN_HEAD = "DensePoseV1ConvXHead"


def _pooler(head: str, spec: PoolerSpec) -> dict[str, object]:
    return {
        f"{head}.POOLER_RESOLUTION": spec.resolution,
        f"{head}.POOLER_SAMPLING_RATIO": spec.sampling_ratio,
        f"{head}.POOLER_TYPE": "ROIAlignV2" if spec.aligned else "ROIAlign",
    }


def _load(network: Any, state: dict[str, Tensor], name: str) -> None:
    """Weights into the library's network, which must take all of them; older versions also hold constants."""
    missing, unexpected = network.load_state_dict(state, strict=False)
    absent = set(missing) - LEGACY_EXTRAS
    if absent or unexpected:
        example = next(iter([*sorted(absent), *unexpected]))
        raise LabelError(
            f"this version of detectron2 builds another network for {name!r} than its weights are of "
            f"({len(absent)} arrays too few, {len(unexpected)} too many, {example!r} among them): "
            "use one of 2020-04 or later"
        )


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == "detectron2":
            raise LabelError(
                f'backend "detectron2" runs your own installation, and {sys.executable} has no detectron2: compile and '
                "install it there with its projects/DensePose (which needs torchvision, opencv-python-headless, scipy "
                'and pycocotools), or leave the backend at "engine", which needs nothing'
            ) from error
        if error.name == "densepose":
            raise LabelError(
                "detectron2 is installed, but its DensePose project (package `densepose`) is not: install "
                f"projects/DensePose of detectron2's source tree for {sys.executable}, or put it on PYTHONPATH"
            ) from error
        raise LabelError(f"detectron2 lacks a package it needs ({error}): install it for {sys.executable}") from error
    except (ImportError, OSError, RuntimeError) as error:
        raise LabelError(
            f"detectron2 is installed, but {name} does not import ({error}): it and torchvision must be built for "
            f"the torch that is installed, {torch.__version__}"
        ) from error
