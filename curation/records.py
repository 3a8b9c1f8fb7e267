"""The records that stage 2 passes from step to step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from manifests.ledger import Sighting
from manifests.reasons import CopyKind, Gender, ImageReason, View


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One sighting of a picture whose bytes are in the image store.

    Attributes:
        signals: the opt-out signals that came with the bytes; empty for folders.
    """

    image_id: str
    sighting: Sighting
    signals: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[str, str]:
        return self.sighting.image_url, self.sighting.page_url


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a picture's own bytes say; measured after the EXIF orientation is applied.

    Attributes:
        format: a key of `manifests.decoding.SUFFIXES`; None if the bytes are no picture.
        width, height: pixels; None if the header cannot be read.
        size: of the file, in bytes.
        phash: see `curation.phash`; None, like all that follows, if not decoded.
        mirrored: the `phash` that the picture would have if it were mirrored left to right.
        colours: see `curation.colours.colour_grid`.
        sharpness, brightness, dark, light, border, plain: see `curation.measures`.
        reason: undecodable, too_large or animated, or None for a picture that can be used.
        detail: one line on the reason.
    """

    format: str | None = None
    width: int | None = None
    height: int | None = None
    size: int = 0
    phash: int | None = None
    mirrored: int | None = None
    colours: bytes | None = None
    sharpness: float | None = None
    brightness: float | None = None
    dark: float | None = None
    light: float | None = None
    border: float | None = None
    plain: float | None = None
    reason: ImageReason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sightings of one picture say together; see `merge`."""

    source: str
    synthetic: bool
    gender: Gender
    category: str
    view: View
    brand: str
    product_id: str
    colour: str


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One distinct picture on its way to a row of images.parquet.

    Attributes:
        path: relative to the dataset directory.
        sightings: at least one, sorted by (image_url, page_url).
        reason: why it is dropped; None while it is kept.
        duplicate_of, duplicate_kind, duplicate_distance: of a near duplicate, the copy that stays, how it was found to
            be one, and the bits between their hashes.
    """

    image_id: str
    path: str
    sightings: tuple[SourceRecord, ...]
    inspection: Inspection = Inspection()
    group_id: str = ""
    reason: ImageReason | None = None
    duplicate_of: str | None = None
    duplicate_kind: CopyKind | None = None
    duplicate_distance: int | None = None

    @property
    def pixels(self) -> int:
        return (self.inspection.width or 0) * (self.inspection.height or 0)


def merge(sightings: Iterable[SourceRecord]) -> Facts:
    """One set of facts from all pages that show a picture.

    The first sighting by (source, image_url, page_url) names source and product; any other fact comes from the first
    sighting that states it. A picture sold to women and to men is unisex.
    """
    ordered = sorted(sightings, key=lambda record: (record.sighting.source, *record.order))
    facts = [record.sighting for record in ordered]
    first = facts[0]
    genders = {one.gender for one in facts} - {Gender.UNKNOWN}
    return Facts(
        source=first.source,
        synthetic=first.synthetic,
        gender=genders.pop() if len(genders) == 1 else Gender.UNISEX if genders else Gender.UNKNOWN,
        category=next((one.category for one in facts if one.category), ""),
        view=next((one.view for one in facts if one.view is not View.UNKNOWN), View.UNKNOWN),
        brand=next((one.brand for one in facts if one.brand), ""),
        product_id=first.product_id,
        colour=next((one.colour for one in facts if one.colour), ""),
    )
