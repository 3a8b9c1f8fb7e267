"""Is there a clothed person, large and whole enough? The label set of the screening model answers.

What was seen stays in columns of images.parquet, whatever the verdict, so that another choice can be made from them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.config import ScreenConfig
from curation.errors import CurationError
from curation.table import SCREENED
from manifests.labels import LabelSet
from manifests.parts import BACK_TORSO, COARSE_OF_FINE, FRONT_TORSO, HEAD
from manifests.reasons import Facing, ImageReason, ImageStatus, LabelStatus, View

REGIONS = {"torso": (1,), "hands": (2, 3), "feet": (4, 5), "upper legs": (6, 7), "lower legs": (8, 9),
            "upper arms": (10, 11), "lower arms": (12, 13), "head": (14,)}  # fmt: skip
"""The eight body regions by coarse part number (`manifests.parts.COARSE_OF_FINE`)."""

_COLUMNS = ["image_id", "status", "error", "width", "height",
            *(f"instances.list.element.{name}" for name in ("box", "score", "part_pixels"))]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """What screening needs of one labelled person.

    Attributes:
        score: 0..1.
        top, bottom: of the box, as shares of the image's height from its top edge.
        pixels: of the whole image.
        part_pixels: 25 counts; 0 is background.
    """

    score: float
    top: float
    bottom: float
    pixels: int
    part_pixels: tuple[int, ...]

    @property
    def height(self) -> float:
        """Of the box, as a share of the image's height."""
        return self.bottom - self.top

    @property
    def body_pixels(self) -> int:
        return sum(self.part_pixels[1:])

    @property
    def share(self) -> float:
        """Of the image's pixels, those that are body."""
        return self.body_pixels / self.pixels

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
        return [name for name, parts in REGIONS.items() if sum(coarse[part] for part in parts) >= least]

    def facing(self, min_share: float) -> Facing:
        """The side that holds at least `min_share` of the torso's pixels; `side` if neither does."""
        front, back = self.part_pixels[FRONT_TORSO], self.part_pixels[BACK_TORSO]
        if not front + back:
            return Facing.UNKNOWN
        if max(front, back) < min_share * (front + back):
            return Facing.SIDE
        return Facing.FRONT if front > back else Facing.BACK


@dataclass(frozen=True, slots=True)
class Verdict:
    """What screening says of one image; the fields are columns of images.parquet.

    All but `persons`, `view` and `reason` are of the largest person, and None where nobody is.

    Attributes:
        persons: how many reach `min_score`.
        person_share: body pixels as a share of the image's.
        person_height: of the box, as a share of the image's height.
        regions: the body regions that are seen.
        head_cut, feet_cut: whether the frame cuts them off.
        reason: None for an image that can be used.
    """

    view: View
    reason: ImageReason | None
    persons: int = 0
    person_share: float | None = None
    person_height: float | None = None
    regions: tuple[str, ...] | None = None
    facing: Facing | None = None
    head_cut: bool | None = None
    feet_cut: bool | None = None


def judge(view: View, people: Sequence[Person], config: ScreenConfig) -> Verdict:
    """Describe the image's largest person, settle its view and say why it cannot be used, if so.

    The shop's word on the view stands. Where it says nothing, a whole enough person makes it `model` and a part of one
    `detail`; without a person it stays unknown, as a packshot is not the only picture without one. A body that ends
    below the picture's top edge and has no head is a garment that the model took for a person: nobody ends at the
    collar or the waist unless the frame cuts them there.

    Returns:
        `reason` is one of `packshot` (the shop says so, or a body without a head), `no_person`, `too_small` (the person
        is), `cropped`.
    """
    counted = [person for person in people if person.score >= config.min_score and person.body_pixels]
    if not counted:
        return Verdict(view, ImageReason.PACKSHOT if view is View.PACKSHOT else ImageReason.NO_PERSON)
    main = max(counted, key=lambda person: person.body_pixels)
    regions = main.regions(config.min_region_share)
    view, reason = _settle(view, main, len(regions) >= config.min_regions, config)
    headless = main.head_share < config.min_head_share
    return Verdict(
        view=view,
        reason=reason,
        persons=len(counted),
        person_share=main.share,
        person_height=main.height,
        regions=tuple(regions),
        facing=main.facing(config.facing_share),
        head_cut=headless and main.top <= config.edge,
        feet_cut="feet" not in regions and main.bottom >= 1 - config.edge,
    )


def _settle(view: View, main: Person, is_whole: bool, config: ScreenConfig) -> tuple[View, ImageReason | None]:
    if view is View.PACKSHOT:
        return view, ImageReason.PACKSHOT
    if view is View.UNKNOWN:
        if main.top > config.edge and main.head_share < config.min_head_share:
            return View.PACKSHOT, ImageReason.PACKSHOT
        view = View.MODEL if is_whole else View.DETAIL
    if main.height < config.min_person_height:
        return view, ImageReason.TOO_SMALL
    return view, None if is_whole else ImageReason.CROPPED


def screen(
    candidates: pa.Table,
    people: Mapping[str, Sequence[Person]],
    config: ScreenConfig,
    published: Collection[str] = frozenset(),
) -> pa.Table:
    """Judge the rows that are still kept.

    Args:
        candidates: images.parquet as `curate` left it.
        people: by image id, for every kept row.
        published: ids that stay whatever the verdict.

    Returns:
        The same rows with `view`, `status`, `reason` and the columns of `curation.table.SCREENED` final.
    """
    names = ("view", "status", "reason", *SCREENED)
    columns = {name: candidates[name].to_pylist() for name in names}
    for row, image_id in enumerate(candidates["image_id"].to_pylist()):
        if columns["status"][row] != ImageStatus.KEPT:
            continue
        verdict = judge(View(columns["view"][row]), people[image_id], config)
        for name in ("view", "reason", *SCREENED):
            columns[name][row] = getattr(verdict, name)
        if image_id in published:
            columns["reason"][row] = None
        elif verdict.reason is not None:
            columns["status"][row] = ImageStatus.DROPPED.value
    for name in names:
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
        size = row["width"], row["height"]
        people[row["image_id"]] = tuple(_person(instance, *size) for instance in row["instances"])
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


def _person(instance: dict[str, Any], width: int, height: int) -> Person:
    _, y0, _, y1 = instance["box"]
    return Person(instance["score"], y0 / height, y1 / height, width * height, tuple(instance["part_pixels"]))
