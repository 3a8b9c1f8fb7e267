"""Scores of the embedded model on labelled pictures, through the predictor that everybody uses.

`python -m tools.train.evaluate FOLDER [--weights FILE] [--min-size PIXELS]` prints them as JSON; with `--zoo FILE` and
`--model NAME` those of another model of ours.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from densepose_labeler import checkpoints, zoo
from densepose_labeler.metrics.pixels import foreground_iou, mean_part_iou, part_ious
from densepose_labeler.predictor import Predictor
from manifests.instances import Instance, flatten
from manifests.parts import COARSE_OF_FINE, PART_NAMES
from tools.train.shards import Sample, ShardPool
from tools.train.targets import scene


@dataclass
class Scores:
    """Counts over pictures, and the figures that follow from them.

    people, found: people, and those whose box a detection meets with IoU 0.5 or more. extra: detections that meet
    nobody, or one who was met already, in pictures of somebody. pictures, missed_pictures: pictures of somebody, and
    those whose surest detection meets nobody. empty_pictures, empty_with_people: pictures of nobody, and those with
    a detection. confusion: int64 [25, 25], pixels by true and predicted part. u_error, v_error: summed over the pixels
    whose part is right.
    """

    people: int = 0
    found: int = 0
    pictures: int = 0
    missed_pictures: int = 0
    empty_pictures: int = 0
    empty_with_people: int = 0
    extra: int = 0
    confusion: NDArray[np.int64] = field(default_factory=lambda: np.zeros((25, 25), np.int64))
    u_error: float = 0.0
    v_error: float = 0.0

    def add(self, sample: Sample, people: tuple[Instance, ...]) -> None:
        """Count one picture and what was predicted for it (surest first, already above the score threshold)."""
        boxes = scene(sample).boxes.numpy()
        matched = np.zeros(len(boxes), bool)
        for person in people:
            overlap = box_overlaps(np.asarray(person.box, np.float32), boxes)
            if len(overlap) and overlap.max() >= 0.5 and not matched[overlap.argmax()]:
                matched[overlap.argmax()] = True
            elif len(boxes):
                self.extra += 1
        self.people += len(boxes)
        self.found += int(matched.sum())
        if len(boxes):
            self.pictures += 1
            hit = bool(people) and box_overlaps(np.asarray(people[0].box, np.float32), boxes).max() >= 0.5
            self.missed_pictures += not hit
        elif not sample.instance.any():
            self.empty_pictures += 1
            self.empty_with_people += bool(people)
        height, width = sample.instance.shape
        predicted, truth = flatten(people, height, width), sample.iuv
        pairs = truth[..., 0].astype(np.int64) * 25 + predicted[..., 0]
        self.confusion += np.bincount(pairs.ravel(), minlength=625).reshape(25, 25)
        same = (truth[..., 0] == predicted[..., 0]) & (truth[..., 0] > 0)
        error = np.abs(truth[same].astype(np.float64) - predicted[same])
        self.u_error += float(error[:, 1].sum()) / 255
        self.v_error += float(error[:, 2].sum()) / 255

    @property
    def part_iou(self) -> NDArray[np.float64]:
        """IoU over the whole set of background and the 24 parts [25]; NaN for a part that occurs nowhere."""
        return part_ious(self.confusion)

    def figures(self) -> dict[str, object]:
        """Everything as plain numbers."""
        table = self.confusion
        body, right = table[1:].sum(), np.trace(table[1:, 1:])
        coarse = np.zeros((15, 15), np.int64)
        np.add.at(coarse, np.ix_(COARSE_OF_FINE, COARSE_OF_FINE), table)
        return {
            "pictures": self.pictures,
            "pictures_person_found": _share(self.pictures - self.missed_pictures, self.pictures),
            "people": self.people,
            "people_found": _share(self.found, self.people),
            "extra_detections": self.extra,
            "empty_pictures": self.empty_pictures,
            "empty_pictures_with_detections": self.empty_with_people,
            "foreground_iou": _figure(foreground_iou(table)),
            "mean_part_iou": _figure(mean_part_iou(table)),
            "mean_coarse_iou": _figure(mean_part_iou(coarse)),
            "part_accuracy": _share(right, body),
            "part_accuracy_on_common_foreground": _share(right, table[1:, 1:].sum()),
            "u_error": _round(self.u_error / max(right, 1)),
            "v_error": _round(self.v_error / max(right, 1)),
            "part_iou": {PART_NAMES[part]: _round(self.part_iou[part]) for part in range(1, 25)},
        }


def box_overlaps(box: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of one box with each of `boxes` [K, 4] (XYXY)."""
    size = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    shared = np.prod(np.maximum(size, 0), axis=1)
    return np.asarray(shared / (np.prod(box[2:] - box[:2]) + np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) - shared))


def evaluate(
    predictor: Predictor, pool: ShardPool, indices: Iterable[int] | None = None
) -> tuple[Scores, dict[str, Scores]]:
    """Scores of `predictor`, at its own score threshold, over a pool: of all, and of each framing and view."""
    everything, groups = Scores(), {}
    for index in range(len(pool)) if indices is None else indices:
        sample = pool[int(index)]
        people = predictor([np.ascontiguousarray(sample.image)])[0]
        everything.add(sample, people)
        for name in group_names(pool.notes(int(index))):
            groups.setdefault(name, Scores()).add(sample, people)
    return everything, dict(sorted(groups.items()))


def group_names(notes: Mapping[str, Any]) -> list[str]:
    """Groups that a picture's notes put it in: its framing, and the side the person turns to the camera."""
    if not notes:
        return []
    if not notes["persons"]:
        return ["nobody"]
    names = [f"framing: {notes['framing']}"]
    if len(notes["persons"]) > 1:
        return [*names, "several people"]
    turned = abs((notes["yaw"] + np.pi) % (2 * np.pi) - np.pi)  # 0: towards the camera
    return [*names, "view: " + ("front" if turned < np.pi / 4 else "back" if turned > 3 * np.pi / 4 else "side")]


def _figure(value: NDArray[np.float64]) -> float:
    """0 where there is nothing to be measured."""
    return _round(float(np.nan_to_num(value)))


def _share(count: float, of: float) -> float:
    return _round(count / max(of, 1))


def _round(value: float) -> float:
    return round(float(value), 4)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of *.npz with image, iuv and instance")
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--zoo", type=Path, help="TOML that declares the model, where it is not shipped")
    parser.add_argument("--weights", type=Path, help="safetensors file; the shipped one when left out")
    parser.add_argument("--min-size", type=int, help="short side of the network's input in pixels")
    parser.add_argument("--limit", type=int, help="look at so many pictures only, evenly spread")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    spec = zoo.get(options.model, options.zoo).resized(options.min_size)
    predictor = Predictor(checkpoints.load(spec, options.weights), spec)
    pool = ShardPool(options.folder, pattern="*.npz")
    chosen = np.unique(np.linspace(0, len(pool) - 1, min(options.limit or len(pool), len(pool))).astype(int))
    everything, groups = evaluate(predictor, pool, chosen)
    short = ("pictures_person_found", "foreground_iou", "mean_part_iou", "part_accuracy")
    figures = {}
    for name, group in groups.items():
        everywhere = group.figures()
        figures[name] = {
            "pictures": group.pictures + group.empty_pictures,
            **{key: everywhere[key] for key in (short if group.pictures else ("empty_pictures_with_detections",))},
        }
    print(json.dumps({**everything.figures(), "groups": figures}, indent=1))


if __name__ == "__main__":
    main()
