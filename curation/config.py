"""Configuration of stage 2: where images come from, what makes one usable, how they are split.

Everything has a default that suits real shops, so a configuration names only what differs::

    [curation]
    min_size = 256              # shorter side in pixels, after EXIF orientation
    max_pixels = 24_000_000     # width x height; no more than this default, for labels and loader take none larger
    hamming_radius = 8          # of 64 bits of perceptual hash: within it, pictures look alike (docs/duplicates.md)
    colour_distance = 4.0       # CIELAB units: up to it, pictures that look alike are duplicates
    workers = 0                 # processes that decode; 0 takes every core

    [curation.sources]
    ledger = true               # what the spiders stored in this dataset

    [[curation.sources.hr_viton]]
    path = "/data/zalando-hd-resized"
    cloth = false               # the garment pictures beside the photographs of people
    part_maps = false           # read image-densepose back into the label set hr-viton-densepose

    [[curation.sources.folders]]
    path = "photos/studio"
    source = "studio"           # the name in the column `source`
    gender = "women"            # what the folder's owner knows and the pixels do not say
    view = "model"
    csv = "photos/studio.csv"   # row by row: file, and any of product_id, style_id, view, gender, category, brand,
                                # colour, title, page_url

    [curation.screen]
    model = "embedded"          # the label set that answers: is there a clothed person?
    min_score = 0.5
    min_person_height = 0.25    # of the image's height
    min_head_share = 0.03       # of the body's pixels, where the frame does not cut the person's top off
    min_regions = 3             # of head, torso, upper and lower arms, upper and lower legs, hands, feet
    edge = 0.02                 # a box that comes so close to the picture's edge, as a share of its height, is cut
    facing_share = 0.75         # of the torso's pixels, for a person to face the camera or to turn the back on it

    [curation.split]
    seed = 0
    validation = 0.1            # share of the groups outside eval; the others are for training
    allow_short = false
    eval = [                    # exact counts of disjoint strata: any of source, gender, category, view, brand, colour,
        { source = "hr-viton", count = 100 },                  # synthetic, persons, facing, head_cut, feet_cut
        { source = "zalando", gender = "men", count = 60 },
    ]

Relative paths are taken from the directory the command is run in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from manifests.decoding import MAX_PIXELS
from manifests.reasons import Facing, Gender, View
from manifests.settings import Settings

SourceName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]


class HrVitonConfig(Settings):
    """A folder in HR-VITON's layout, `train/` and `test/`; see `curation.sources.hr_viton`.

    With `part_maps`, its `image-densepose` becomes the label set `<source>-densepose`; see `curation.part_maps`.
    """

    path: Path
    source: SourceName = "hr-viton"
    gender: Gender = Gender.WOMEN  # the published set shows women only
    cloth: bool = False
    part_maps: bool = False

    @property
    def label_set(self) -> str:
        return f"{self.source}-densepose"


class FolderConfig(Settings):
    """Any folder of images, searched to the bottom; what a row of `csv` states goes before what stands here."""

    path: Path
    source: SourceName
    gender: Gender = Gender.UNKNOWN
    view: View = View.UNKNOWN
    synthetic: bool = False
    csv: Path | None = None


class SourcesConfig(Settings):
    """Where images come from."""

    ledger: bool = True
    hr_viton: tuple[HrVitonConfig, ...] = ()
    folders: tuple[FolderConfig, ...] = ()


class ScreenConfig(Settings):
    """When the screening model's answer makes an image usable.

    `min_score` is the detection score in 0..1 from which a person counts. `min_person_height` is the tallest
    person's box as a share of the image's height. `min_regions` is how many of the eight body regions that
    person must show; a region counts when it holds `min_region_share` of the person's body pixels. `min_head_share`
    is the share of the body's pixels that a head must have where the picture's edge does not cut the person: on 191 of
    192 such rendered people it was 0.052 or more, on two garments that a model took for people 0.017 and 0. `edge` is
    how near, as a share of the image's height, a box comes to an edge that cuts the person. `facing_share` is the share
    of the torso's pixels that are its front, for a person seen from the front, or its back; less is a side view.
    """

    model: str = "embedded"
    min_score: float = Field(default=0.5, ge=0, le=1)
    min_person_height: float = Field(default=0.25, ge=0, le=1)
    min_regions: int = Field(default=3, ge=0, le=8)
    min_head_share: float = Field(default=0.03, ge=0, le=1)
    min_region_share: float = Field(default=0.01, ge=0, le=1)
    edge: float = Field(default=0.02, ge=0, lt=0.5)
    facing_share: float = Field(default=0.75, gt=0.5, le=1)


class EvalQuota(Settings):
    """How many images of one stratum the evaluation split takes.

    A stratum is what its columns of images.parquet say; a column that is not stated may hold anything.
    """

    count: int = Field(ge=1)
    source: SourceName | None = None
    gender: Gender | None = None
    category: str | None = None
    view: View | None = None
    brand: str | None = None
    colour: str | None = None
    synthetic: bool | None = None
    persons: int | None = Field(default=None, ge=1)
    facing: Facing | None = None
    head_cut: bool | None = None
    feet_cut: bool | None = None

    @property
    def stratum(self) -> dict[str, str | int | bool]:
        """The stated columns with their values, as images.parquet has them."""
        return self.model_dump(mode="json", exclude={"count"}, exclude_none=True)

    @property
    def name(self) -> str:
        return stratum_name(self.stratum)

    def overlaps(self, other: EvalQuota) -> bool:
        """True unless some column tells the two strata apart."""
        mine, theirs = self.stratum, other.stratum
        return all(mine[column] == theirs[column] for column in mine.keys() & theirs.keys())


def stratum_name(stratum: Mapping[str, object]) -> str:
    """A stratum for people to read, such as `zara men` or `zara facing=back`."""
    plain = ("source", "gender", "category", "view")
    return " ".join(str(v) if k in plain else f"{k}={v}" for k, v in stratum.items()) or "any image"


FOUNDING_EVAL = (
    EvalQuota(source="hr-viton", count=100),
    EvalQuota(source="zalando", gender=Gender.MEN, count=60),
    EvalQuota(source="zara", gender=Gender.MEN, count=20),
    EvalQuota(source="farfetch", gender=Gender.MEN, count=20),
    EvalQuota(source="farfetch", gender=Gender.WOMEN, count=20),
)


class SplitConfig(Settings):
    """The draw: `seed` keys it, `eval` are exact quotas, `validation` is a share of the groups that remain."""

    seed: int = 0
    eval: tuple[EvalQuota, ...] = FOUNDING_EVAL
    validation: float = Field(default=0.1, ge=0, le=1)
    allow_short: bool = False

    @model_validator(mode="after")
    def _strata_are_distinct(self) -> Self:
        for one, other in combinations(self.eval, 2):
            if one.overlaps(other):
                raise ValueError(
                    f"the eval quotas {one.name!r} and {other.name!r} overlap, so an image could count for either: "
                    "give both a column in which they differ, or make them one"
                )
        return self


class CurationConfig(Settings):
    """All of `[curation]`. Sizes are pixels after EXIF orientation."""

    sources: SourcesConfig = SourcesConfig()
    min_size: int = Field(default=256, ge=1)
    max_pixels: int = Field(default=MAX_PIXELS, ge=1, le=MAX_PIXELS)
    hamming_radius: int = Field(default=8, ge=0, le=16)
    colour_distance: float = Field(default=4.0, ge=0)
    workers: int = Field(default=0, ge=0)
    screen: ScreenConfig = ScreenConfig()
    split: SplitConfig = SplitConfig()

    @model_validator(mode="after")
    def _source_names_are_distinct(self) -> Self:
        names = Counter(
            [folder.source for folder in self.sources.hr_viton] + [folder.source for folder in self.sources.folders]
        )
        for name, count in names.items():
            if count > 1:
                raise ValueError(f"{count} folders share the source name {name!r}: give each its own `source`")
        return self
