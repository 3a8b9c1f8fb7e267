"""Where the network's time goes: seconds of each stage, for a model, an input size and a precision.

    python benchmarks/engine_stages.py --model R_50_FPN_s1x --threads 1

Weights are random (speed does not depend on them) and the largest person is taken to fill `--person` of the picture's
sides, one person a picture. Processor seconds are what to compare on a busy machine; wall seconds on an idle one.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch

from densepose_labeler import zoo
from densepose_labeler.chart_result import chart_result
from densepose_labeler.engine.box_head import select_detections
from densepose_labeler.engine.rcnn import DensePoseRCNN
from densepose_labeler.engine.roi_align import pool_levels
from densepose_labeler.precision import PRECISIONS
from densepose_labeler.predictor import Predictor
from densepose_labeler.preprocessing import resize, to_batch

T = TypeVar("T")


class Stopwatch:
    """Seconds of named stages, over several rounds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.seconds: dict[str, list[float]] = {}

    def __call__(self, stage: str, work: Callable[[], T]) -> T:
        begun = self._clock()
        result = work()
        self.seconds.setdefault(stage, []).append(self._clock() - begun)
        return result


@torch.inference_mode()
def one_round(predictor: Predictor, image: np.ndarray, person: float, watch: Stopwatch) -> None:
    """One picture, stage by stage as `Predictor` runs them."""
    network, spec = predictor.model, predictor.spec.network
    resized = watch("resize", lambda: resize(image, spec.input))
    size = (resized.shape[0], resized.shape[1])
    batch = watch("to batch", lambda: to_batch([resized], spec.input, torch.device("cpu")))
    features = watch("backbone and pyramid", lambda: network.features(batch))
    outputs = watch("RPN", lambda: network.rpn(features))
    proposals = watch("proposals", lambda: network.proposal_generator.select(*outputs, [size]))[0].boxes
    pooled = watch("box pooling", lambda: pool_levels(features, [proposals], spec.box.pooler))
    heads = network.roi_heads
    logits, deltas = watch("box head", lambda: heads.box_predictor(heads.box_head(pooled)))
    watch("detections", lambda: select_detections(proposals, logits, deltas, size, spec.box, 0.0, 1))
    margin = (1 - person) / 2
    boxes = [torch.tensor([[margin * size[1], margin * size[0], (1 - margin) * size[1], (1 - margin) * size[0]]])]
    decoded = watch("decoder", lambda: network.decode(features, boxes))
    pooled = watch("DensePose pooling", lambda: network.pool_densepose(features, boxes, decoded))
    head = watch("DensePose head", lambda: heads.densepose_head(pooled))
    maps = watch("chart maps", lambda: heads.densepose_predictor(head))
    height, width = int(person * image.shape[0]), int(person * image.shape[1])
    watch("parts, U and V", lambda: chart_result(maps, height, width))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="R_50_FPN_s1x", choices=sorted(zoo.load()))
    parser.add_argument("--height", type=int, default=1024)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--person", type=float, default=0.7, help="the person's box in parts of the picture's sides")
    parser.add_argument("--precision", default="float32", choices=PRECISIONS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clock", default="processor", choices=("processor", "wall"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    spec = zoo.get(options.model)
    predictor = Predictor(DensePoseRCNN(spec.network), spec, precision=options.precision)
    image = np.random.default_rng(0).integers(0, 256, (options.height, options.width, 3), np.uint8)
    watch = Stopwatch(time.process_time if options.clock == "processor" else time.perf_counter)
    one_round(predictor, image, options.person, Stopwatch(time.process_time))  # compiles and touches memory
    for _ in range(options.rounds):
        one_round(predictor, image, options.person, watch)
    medians = {stage: statistics.median(values) for stage, values in watch.seconds.items()}
    print(f"{options.model}, {options.width}x{options.height}, {options.precision}, {options.threads} threads,")
    print(f"median {options.clock} seconds of {options.rounds} rounds")
    for stage, seconds in medians.items():
        print(f"  {stage:22s} {seconds:7.3f}")
    print(f"  {'all':22s} {sum(medians.values()):7.3f}")


if __name__ == "__main__":
    main()
