"""Holds the engine's labels against another backend's, picture by picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from densepose_labeler.config import Backend, LabelConfig
from densepose_labeler.decoding_ahead import decode_ahead
from densepose_labeler.engine.boxes import pairwise_iou
from densepose_labeler.job import wanted_images
from densepose_labeler.label_sets import choose_device, resolve
from densepose_labeler.planning import LabelError
from manifests.instances import Instance

BOX = 0.05
"""Most that a box's edge may differ, source pixels."""

AGREEMENT = 0.999
"""Least share of an image's foreground pixels with the same part."""

COORDINATES = 1
"""Most that U and V may differ where the part is the same, in steps of 1/255."""

SAME_PERSON = 0.5
"""Least intersection over union of the boxes of one person."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two label rows of one image.

    Attributes:
        image_id: the image.
        persons: how many each side found.
        matched: how many of them are the same.
        regridded: matched persons whose boxes agree but lie on both sides of a whole pixel. Their maps are resampled to
            different whole pixels, so the remaining figures leave them out.
        box: largest difference of an edge among the matched, source pixels.
        foreground: pixels of the matched persons that either side calls a part.
        agreeing: how many of them have the same part on both sides.
        coordinates: largest difference of U or V on those, in steps of 1/255.
    """

    image_id: str
    persons: tuple[int, int]
    matched: int
    regridded: int
    box: float
    foreground: int
    agreeing: int
    coordinates: int

    @property
    def agreement(self) -> float:
        """Share of the foreground with the same part, 0..1; 1 where there is none."""
        return self.agreeing / self.foreground if self.foreground else 1.0

    @property
    def within_tolerances(self) -> bool:
        return (
            self.persons == (self.matched, self.matched)
            and self.box <= BOX
            and self.agreement >= AGREEMENT
            and self.coordinates <= COORDINATES
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of a label set, image by image."""

    images: tuple[Comparison, ...]

    @property
    def within_tolerances(self) -> bool:
        """Whether every image is, and not more persons than chance puts there lie on other whole pixels."""
        matched, regridded = (sum(getattr(one, name) for one in self.images) for name in ("matched", "regridded"))
        return all(one.within_tolerances for one in self.images) and regridded <= max(1, matched // 50)


def compare(image_id: str, ours: Sequence[Instance], theirs: Sequence[Instance]) -> Comparison:
    """Match the people of one image by their boxes and compare each pair."""
    pairs = list(_matches(ours, theirs))
    box, regridded, foreground, agreeing, coordinates = 0.0, 0, 0, 0, 0
    for first, second in pairs:
        box = max(box, float(np.abs(np.subtract(first.box, second.box)).max()))
        if first.iuv_box != second.iuv_box:
            regridded += 1
            continue
        part, other = first.iuv[..., 0], second.iuv[..., 0]
        same = (part == other) & (part > 0)
        foreground += int(((part > 0) | (other > 0)).sum())
        agreeing += int(same.sum())
        difference = np.abs(first.iuv[..., 1:].astype(np.int16) - second.iuv[..., 1:])
        coordinates = max(coordinates, int(difference[same].max(initial=0)))
    persons = (len(ours), len(theirs))
    return Comparison(image_id, persons, len(pairs), regridded, box, foreground, agreeing, coordinates)


def verify(
    dataset_path: Path,
    name: str,
    config: LabelConfig,
    count: int = 20,
    against: Backend = "detectron2",
    split: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Verification:
    """Label the first `count` images, in id order, that decode, with the engine and with `against`; nothing is written.

    Args:
        dataset_path: the dataset directory.
        name: of the label set.
        config: the same options hold on both sides, but the precision: `against` computes in float32.
        split: only images of this split.
        progress: called with ("verify <name>", done, count).

    Raises:
        LabelError: there is no such name, split, image or backend, or nobody is found on any image.
        checkpoints.WeightsMissing, checkpoints.CheckpointError: as in `label`.
    """
    report = progress or (lambda stage, done, total: None)
    (one,) = resolve([name], config)
    device = choose_device(config.device)
    wanted = wanted_images(Path(dataset_path), split, None)
    total = min(count, len(wanted))
    reference = replace(one, backend=against, options=replace(one.options, precision="float32"))
    ours, theirs = (side.load(device) for side in (replace(one, backend="engine"), reference))
    compared: list[Comparison] = []
    with closing(decode_ahead(wanted.values(), workers=1)) as stream:
        pictures = ((one.image_id, one.image) for one in stream if one.image is not None)
        for image_id, picture in islice(pictures, count):
            report(f"verify {name}", len(compared), total)
            compared.append(compare(image_id, ours([picture])[0], theirs([picture])[0]))
    report(f"verify {name}", total, total)
    if not any(sum(image.persons) for image in compared):
        raise LabelError(f"{name} finds nobody on {len(compared)} images of {dataset_path}, so nothing is verified")
    return Verification(tuple(compared))


def _matches(ours: Sequence[Instance], theirs: Sequence[Instance]) -> Iterator[tuple[Instance, Instance]]:
    """Each of our people, surest first, with the one of theirs, not yet taken, whose box overlaps most."""
    if not ours or not theirs:
        return
    overlaps = pairwise_iou(torch.tensor([one.box for one in ours]), torch.tensor([one.box for one in theirs]))
    for row, one in enumerate(ours):
        column = int(overlaps[row].argmax())
        if overlaps[row, column] >= SAME_PERSON:
            overlaps[:, column] = 0
            yield one, theirs[column]
