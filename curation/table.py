"""Records as images.parquet, and what made a table, noted in the table itself."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.records import ImageRecord, SourceRecord, merge
from manifests import atomic
from manifests.reasons import ImageStatus
from manifests.schema import IMAGES

MADE_FROM = b"vestiary.curation"
"""Key in the table's schema metadata: JSON with the fingerprints of what the table was made from."""

SCREENED = ("persons", "person_share", "person_height", "regions", "facing", "head_cut", "feet_cut")
"""The columns that `curation.screen` fills; null before."""

_BATCH = 4096  # rows held as Python objects at once, which take many times the room of Arrow's


def to_table(images: Iterable[ImageRecord]) -> pa.Table:
    """The records as rows of images.parquet, in the order they come."""
    rows = iter(images)
    batches = []
    while batch := [_row(image) for image in islice(rows, _BATCH)]:
        batches.append(pa.Table.from_pylist(batch, schema=IMAGES))
    return pa.concat_tables(batches) if batches else IMAGES.empty_table()


def write(path: Path, table: pa.Table, made_from: dict[str, str]) -> None:
    """Write the table whole or not at all, with the fingerprints of what it was made from."""
    note = {MADE_FROM: json.dumps(made_from, sort_keys=True).encode()}
    atomic.write_table(path, table.replace_schema_metadata({**IMAGES.metadata, **note}))


def made_from(path: Path) -> dict[str, str]:
    """The fingerprints noted in a table; none if there is no such file or note."""
    if not path.exists():
        return {}
    metadata = pq.read_schema(path).metadata or {}
    note: dict[str, str] = json.loads(metadata.get(MADE_FROM, b"{}"))
    return note


def _row(image: ImageRecord) -> dict[str, Any]:
    facts, inspection = merge(image.sightings), image.inspection
    return {
        "image_id": image.image_id,
        "path": image.path,
        "width": inspection.width,
        "height": inspection.height,
        "format": inspection.format,
        "bytes": inspection.size,
        "phash": inspection.phash,
        "sharpness": inspection.sharpness,
        "brightness": inspection.brightness,
        "dark_share": inspection.dark,
        "light_share": inspection.light,
        "border_share": inspection.border,
        "plain_share": inspection.plain,
        "source": facts.source,
        "synthetic": facts.synthetic,
        "gender": facts.gender.value,
        "category": facts.category,
        "view": facts.view.value,
        "brand": facts.brand,
        "product_id": facts.product_id,
        "colour": facts.colour,
        "sightings": [_sighting(record) for record in image.sightings],
        "group_id": image.group_id,
        **dict.fromkeys(SCREENED),
        "status": (ImageStatus.KEPT if image.reason is None else ImageStatus.DROPPED).value,
        "reason": None if image.reason is None else image.reason.value,
        "duplicate_of": image.duplicate_of,
        "duplicate_kind": None if image.duplicate_kind is None else image.duplicate_kind.value,
        "duplicate_distance": image.duplicate_distance,
    }


def _sighting(record: SourceRecord) -> dict[str, Any]:
    one = record.sighting
    return {
        "page_url": one.page_url,
        "image_url": one.image_url,
        "source": one.source,
        "image_key": one.image_key,
        "product_id": one.product_id,
        "style_id": one.style_id,
        "position": one.position,
        "robots": one.robots,
        "signals": list(record.signals),
    }
