"""detectron2's side of `benchmarks/label.py`: what `apply_net.py dump` does, in detectron2's own Python."""

import sys
from pathlib import Path

import densepose
import numpy as np
import torch
from densepose.structures import quantize_densepose_chart_result
from densepose.vis.extractor import DensePoseResultExtractor
from detectron2.config import get_cfg
from detectron2.data.detection_utils import read_image
from detectron2.engine import DefaultPredictor
from worker import Stages, measured, serve

CONFIGS = Path(densepose.__file__).parents[1] / "configs"

state = {}


def load(model, weights, threads, persons):
    torch.set_num_threads(threads)
    files = [CONFIGS / f"densepose_rcnn_{model}.yaml", CONFIGS / "evolution" / f"densepose_{model}.yaml"]
    found = [file for file in files if file.is_file()]
    if not found:
        sys.exit(f"no configuration of {model} under {CONFIGS}: install the DensePose project from its source tree")
    cfg = get_cfg()
    densepose.add_densepose_config(cfg)
    cfg.merge_from_file(str(found[0]))
    cfg.MODEL.WEIGHTS = weights
    cfg.MODEL.DEVICE = "cpu"
    cfg.MODEL.ROI_HEADS.SCORE_THRESH_TEST = 0.0
    cfg.TEST.DETECTIONS_PER_IMAGE = persons

    def work():
        state["predictor"] = DefaultPredictor(cfg)
        return {"torch": torch.__version__}

    answer = measured(work)
    stages = state["stages"] = Stages()
    network = state["predictor"].model
    stages.wrap(network, "forward", "rest of the network")
    for owner, name, stage in (
        (network, "preprocess_image", "resize, normalise"),
        (network.backbone, "forward", "backbone, pyramid"),
        (network.proposal_generator, "forward", "proposals"),
        (network.roi_heads, "_forward_box", "boxes"),
        (network.roi_heads, "_forward_densepose", "DensePose head"),
    ):
        stages.wrap(owner, name, stage)
    if hasattr(network.roi_heads, "decoder"):
        stages.wrap(network.roi_heads.decoder, "forward", "decoder")
    return answer


def run(images, out):
    """JPEG files in; boxes, scores, part index, U and V of every person out, as one pickle."""
    stages, extractor = state["stages"], DensePoseResultExtractor()
    stages.seconds.clear()

    def work():
        results = []
        for file in images:
            with stages("read JPEG"):
                image = read_image(file, format="BGR")
            with torch.no_grad(), stages("resize, normalise"):
                found = state["predictor"](image)["instances"]
            with stages("chart result"):
                result = {
                    "file_name": file,
                    "scores": found.scores.cpu(),
                    "pred_boxes_XYXY": found.pred_boxes.tensor.cpu(),
                }
                if found.has("pred_densepose"):
                    result["pred_densepose"] = extractor(found)[0]
            results.append(result)
        with stages("write"), open(out, "wb") as file:
            torch.save(results, file)
        return {"persons": sum(len(result["scores"]) for result in results)}

    return measured(work) | {"stages": dict(stages.seconds)}


def dump(image, out):
    """One picture's results as plain arrays."""
    with torch.no_grad():
        found = state["predictor"](read_image(image, format="BGR"))["instances"]
        results = DensePoseResultExtractor()(found)[0]
    maps = {f"iuv{n}": quantize_densepose_chart_result(one).labels_uv_uint8.numpy() for n, one in enumerate(results)}
    np.savez(out, boxes=found.pred_boxes.tensor.numpy(), scores=found.scores.numpy(), **maps)
    return {}


serve({"load": load, "run": run, "dump": dump})
