"""Is there a clothed person, large and whole enough? The label set of the screening model answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.config import ScreenConfig
from curation.errors import CurationError
from manifests.labels import LabelSet
from manifests.parts import COARSE_OF_FINE, HEAD
from manifests.reasons import ImageReason, ImageStatus, LabelStatus, View

_REGIONS = {"torso": (1,), "hands": (2, 3), "feet": (4, 5), "upper legs": (6, 7), "lower legs": (8, 9),
            "upper arms": (10, 11), "lower arms": (12, 13), "head": (14,)}  # fmt: skip
"""The eight body regions by coarse part number (`manifests.parts.COARSE_OF_FINE`)."""

_TOP_EDGE = 0.02
"""A box that begins this close to the picture's top edge, as a share of its height, may be cut there."""

_COLUMNS = ["image_id", "status", "error", "height",
            *(f"instances.list.element.{name}" for name in ("box", "score", "part_pixels"))]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """What screening needs of one labelled person.

    Attributes:
        score: 0..1.
        height: of the box, as a share of the image's height.
        top: of the box, as a share of the image's height from its top edge.
        part_pixels: 25 counts; 0 is background.
    """

    score: float
    height: float
    top: float
    part_pixels: tuple[int, ...]

    @property
    def body_pixels(self) -> int:
        return sum(self.part_pixels[1:])

    @property
    def head_share(self) -> float:
        """The head's share of the body pixels; on whole people it is 0.05 and more."""
        return sum(self.part_pixels[part] for part in HEAD) / max(1, self.body_pixels)

    def regions(self, min_share: float) -> list[str]:
        """The body regions that hold at least `min_share` of the person's body pixels."""
        coarse = [0] * (max(COARSE_OF_FINE) + 1)
        for part, pixels in enumerate(self.part_pixels):
            coarse[COARSE_OF_FINE[part]] += pixels
        least = max(1.0, min_share * self.body_pixels)
        return [name for name, parts in _REGIONS.items() if sum(coarse[part] for part in parts) >= least]


def judge(view: View, people: Sequence[Person], config: ScreenConfig) -> tuple[View, ImageReason | None]:
    """The view and, if the image is not usable, the reason.

    The shop's word on the view stands. Where it says nothing, a whole enough person makes it `model` and a part of one
    `detail`; without a person it stays unknown, as a packshot is not the only picture without one. A body that ends
    below the picture's top edge and has no head is a garment that the model took for a person: nobody ends at the
    collar or the waist unless the frame cuts them there.

    Returns:
        view; None, or: `packshot` (the shop says so, or a body without a head), `no_person`, `too_small` (the person
        is), `cropped`.
    """
    if view is View.PACKSHOT:
        return view, ImageReason.PACKSHOT
    counted = [person for person in people if person.score >= config.min_score and person.body_pixels]
    if not counted:
        return view, ImageReason.NO_PERSON
    main = max(counted, key=lambda person: person.body_pixels)
    whole = len(main.regions(config.min_region_share)) >= config.min_regions
    if view is View.UNKNOWN:
        if main.top > _TOP_EDGE and main.head_share < config.min_head_share:
            return View.PACKSHOT, ImageReason.PACKSHOT
        view = View.MODEL if whole else View.DETAIL
    if main.height < config.min_person_height:
        return view, ImageReason.TOO_SMALL
    return view, None if whole else ImageReason.CROPPED


def screen(candidates: pa.Table, people: Mapping[str, Sequence[Person]], config: ScreenConfig) -> pa.Table:
    """Judge the rows that are still kept.

    Args:
        candidates: images.parquet as `curate` left it.
        people: by image id, for every kept row.

    Returns:
        The same rows with `view`, `status` and `reason` final.
    """
    columns = {name: candidates[name].to_pylist() for name in ("image_id", "view", "status", "reason")}
    for row, image_id in enumerate(columns["image_id"]):
        if columns["status"][row] == ImageStatus.KEPT:
            view, reason = judge(View(columns["view"][row]), people[image_id], config)
            columns["view"][row] = view.value
            if reason is not None:
                columns["status"][row], columns["reason"][row] = ImageStatus.DROPPED.value, reason.value
    for name in ("view", "status", "reason"):
        field = candidates.schema.field(name)
        candidates = candidates.set_column(
            candidates.schema.get_field_index(name), field, pa.array(columns[name], field.type)
        )
    return candidates


def read_people(labels: LabelSet, wanted: set[str]) -> dict[str, tuple[Person, ...]]:
    """The labelled people of the wanted images.

    Raises:
        CurationError: an image is not labelled, or its label is an error.
    """
    missing = wanted - labels.ids()
    if missing:
        raise CurationError(
            f"{len(missing)} of {len(wanted)} images have no labels by the screening model {labels.name!r}: "
            f"label them, then screen again"
        )
    people: dict[str, tuple[Person, ...]] = {}
    errors: list[str] = []
    for row in _rows(labels):
        if row["image_id"] not in wanted:
            continue
        if row["status"] == LabelStatus.ERROR:
            errors.append(f"{row['image_id']}: {row['error']}")
            continue
        people[row["image_id"]] = tuple(_person(instance, row["height"]) for instance in row["instances"])
    if errors:
        raise CurationError(
            f"the screening model {labels.name!r} failed on {len(errors)} images; label them again. "
            f"The first is {min(errors)}"
        )
    return people


def _rows(labels: LabelSet) -> Iterator[dict[str, Any]]:
    """The label rows without the maps, which are nearly all of the bytes."""
    for _, path in labels.parts():
        with pq.ParquetFile(path) as file:
            yield from file.read(columns=_COLUMNS).to_pylist()


def _person(instance: dict[str, Any], image_height: int) -> Person:
    _, y0, _, y1 = instance["box"]
    return Person(instance["score"], (y1 - y0) / image_height, y0 / image_height, tuple(instance["part_pixels"]))
