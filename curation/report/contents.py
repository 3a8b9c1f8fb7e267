"""What the report shows, picked from images.parquet and the splits. Nothing here knows of HTML."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation import proof, split_files
from curation.proof import Proof
from curation.screen import REGIONS
from curation.split import SPLITS, keyed_hash
from curation.split_files import Settings
from curation.strata import strata
from manifests.reasons import CopyKind, ImageStatus

CLUSTERS, CLUSTER_SIZE, DROPPED_EACH, EVAL_EACH, CLOSEST = 48, 6, 18, 60, 12
"""The most that is shown: clusters, copies in each, images a reason, images a stratum, closest pairs."""

_FACTS = ["image_id", "path", "width", "height", "bytes", "source", "gender", "category", "view", "status", "reason",
          "persons", "person_height", "regions", "facing", "duplicate_of",
          "duplicate_kind", "duplicate_distance", "sightings"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture with what is to be said of it."""

    row: Mapping[str, Any]
    label: str
    note: str = ""
    good: bool = True


@dataclass(frozen=True, slots=True)
class Sheet:
    """Pictures under one heading, of `total` that there are."""

    title: str
    tiles: tuple[Tile, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything on the page.

    Attributes:
        counts: images by (source, reason); the reason "" is for those that are kept.
        strata: kept images by (source, gender, view).
        facing: kept images by the side they show.
        splits: images by split and source.
        proof, settings: None before the dataset is split.
        distances: how many eval images have their closest image of another split so many bits away; 65 counts.
        clusters: duplicates beside the copy that stays.
        duplicates: how many there are of all clusters and of the copies in them.
        dropped: a sheet a reason.
        evaluation: a sheet a stratum.
        closest: pairs of an eval image and its closest one of another split.
    """

    counts: Mapping[tuple[str, str], int]
    strata: Sequence[tuple[str, str, str, int]]
    facing: Mapping[str, int]
    splits: Mapping[str, Mapping[str, int]]
    proof: Proof | None
    settings: Settings | None
    distances: Sequence[int]
    clusters: Sequence[Sheet]
    duplicates: tuple[int, int]
    dropped: Sequence[Sheet]
    evaluation: Sequence[Sheet]
    closest: Sequence[Sheet]


def gather(dataset: Path) -> Contents:
    """Pick what is shown; the same dataset gives the same choice.

    Raises:
        FileNotFoundError: there is no images.parquet.
    """
    images = pq.read_table(dataset / "images.parquet")
    rows = _Rows(images)
    counts = Counter(
        zip(images["source"].to_pylist(), (one or "" for one in images["reason"].to_pylist()), strict=True)
    )
    kept = images.filter(pc.equal(images["status"], ImageStatus.KEPT.value))
    names = ("source", "gender", "view")
    by_stratum = Counter(zip(*(kept[name].to_pylist() for name in names), strict=True))
    splits, proved, settings = _splits(dataset / "splits", images)
    distances = [0] * 65
    for one in proved.closest if proved else ():
        distances[one.distance] += 1
    clusters = _clusters(images)
    return Contents(
        counts=dict(sorted(counts.items())),
        strata=[(*key, count) for key, count in sorted(by_stratum.items())],
        facing=dict(Counter(one or "nobody seen" for one in kept["facing"].to_pylist()).most_common()),
        splits={
            name: dict(sorted(Counter(rows.value("source", one) for one in ids if one in rows).items()))
            for name, ids in splits.items()
        },
        proof=proved,
        settings=settings,
        distances=distances,
        clusters=[_cluster(rows, stays, copies) for stays, copies in clusters[:CLUSTERS]],
        duplicates=(len(clusters), sum(len(copies) for _, copies in clusters)),
        dropped=list(_dropped(images, rows)),
        evaluation=list(_evaluation(images, rows, settings, splits.get("eval", []))) if settings else [],
        closest=list(_closest(rows, proved)) if proved else [],
    )


class _Rows:
    """Rows by image id; the wide columns are read for those alone that are shown."""

    def __init__(self, images: pa.Table) -> None:
        self._images = images
        self._index = {image_id: index for index, image_id in enumerate(images["image_id"].to_pylist())}

    def __contains__(self, image_id: str) -> bool:
        return image_id in self._index

    def __getitem__(self, image_id: str) -> dict[str, Any]:
        at = self._index[image_id]
        return {name: self._images[name][at].as_py() for name in _FACTS}

    def value(self, column: str, image_id: str) -> Any:
        return self._images[column][self._index[image_id]].as_py()


def _splits(directory: Path, images: pa.Table) -> tuple[dict[str, list[str]], Proof | None, Settings | None]:
    try:
        settings, _ = split_files.read_settings(directory)
        splits = {name: (directory / f"{name}.txt").read_text().split() for name in SPLITS}
    except FileNotFoundError:
        return {}, None, None
    return splits, proof.prove(splits, images, settings.quotas, settings.hamming_radius), settings


def _clusters(images: pa.Table) -> list[tuple[str, list[str]]]:
    """The copy that stays and those that went, the largest clusters first."""
    copies: dict[str, list[str]] = defaultdict(list)
    pairs = zip(images["image_id"].to_pylist(), images["duplicate_of"].to_pylist(), strict=True)
    for image_id, original in pairs:
        if original is not None:
            copies[original].append(image_id)
    return sorted(copies.items(), key=lambda item: (-len(item[1]), item[0]))


def _cluster(rows: _Rows, stays: str, copies: Sequence[str]) -> Sheet:
    first = rows[stays]
    tiles = [Tile(first, "stays", _size(first))]
    for image_id in copies[: CLUSTER_SIZE - 1]:
        row = rows[image_id]
        kind = "mirrored, " if row["duplicate_kind"] == CopyKind.MIRRORED else ""
        tiles.append(Tile(row, f"dropped: {kind}{row['duplicate_distance']} of 64 bits", _size(row), good=False))
    return Sheet(f"{len(copies)} {'copy' if len(copies) == 1 else 'copies'}", tuple(tiles), len(copies) + 1)


def _dropped(images: pa.Table, rows: _Rows) -> Iterator[Sheet]:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for image_id, reason in zip(images["image_id"].to_pylist(), images["reason"].to_pylist(), strict=True):
        if reason is not None:
            by_reason[reason].append(image_id)
    for reason, ids in sorted(by_reason.items()):
        tiles = tuple(Tile(row, reason, _seen(row), good=False) for row in map(rows.__getitem__, _some(ids)))
        yield Sheet(reason, tiles, len(ids))


def _some(ids: Sequence[str]) -> list[str]:
    """A fair few of them, always the same."""
    return sorted(ids, key=lambda image_id: keyed_hash(image_id, 0, b"vestiary report"))[:DROPPED_EACH]


def _evaluation(images: pa.Table, rows: _Rows, settings: Settings, ids: Sequence[str]) -> Iterator[Sheet]:
    stratum = dict(zip(images["image_id"].to_pylist(), strata(images, settings.split.eval), strict=True))
    for index, quota in enumerate(settings.split.eval):
        inside = [one for one in ids if stratum.get(one) == index]
        tiles = tuple(
            Tile(row, row["category"] or row["view"], _seen(row)) for row in map(rows.__getitem__, inside[:EVAL_EACH])
        )
        yield Sheet(quota.name, tiles, len(inside))


def _closest(rows: _Rows, proved: Proof) -> Iterator[Sheet]:
    shown = [pair for pair in proved.closest if pair.image_id in rows and pair.other_id in rows][:CLOSEST]
    for one in shown:
        here, there = rows[one.image_id], rows[one.other_id]
        yield Sheet(f"{one.distance} of 64 bits", (Tile(here, "eval"), Tile(there, "of another split")), 2)


def _size(row: Mapping[str, Any]) -> str:
    width, height = row["width"], row["height"]
    pixels = f"{width} × {height}, " if width and height else ""
    return f"{pixels}{row['bytes'] / 1000:,.0f} kB"


def _seen(row: Mapping[str, Any]) -> str:
    """What screening saw, in words."""
    if row["persons"] is None:
        return _size(row)
    if not row["persons"]:
        return "nobody seen"
    people = "" if row["persons"] == 1 else f"{row['persons']} people, "
    hidden = [name for name in REGIONS if name not in row["regions"]]
    lacks = f", no {' or '.join(hidden)}" if hidden else ""
    return f"{people}{row['facing']}, {row['person_height']:.0%} of the height{lacks}"
