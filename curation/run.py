"""Stage 2 as its two commands.

`curate` makes images.parquet from what was collected; `screen_and_split` makes it final once the screening model has
labelled it, and draws the splits. Beside the dataset's own files the stage keeps two for itself, in `curation/`: what
it measured (`cache.sqlite`) and images.parquet as it was before screening (`candidates.parquet`), so that screening can
begin again with other thresholds. Both may be deleted; `curate` makes them again.

Every table notes the fingerprints of what it was made from. A step whose table is there, with the fingerprint it would
get, does nothing. The steps may be killed at any moment and run again.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from curation import freeze, inspect, table
from curation.cache import WorkCache
from curation.config import CurationConfig
from curation.duplicates import mark_duplicates
from curation.errors import CurationError
from curation.groups import mark_groups
from curation.ingest import collect, read_sources
from curation.neighbours import Neighbours
from curation.part_maps import Published, read_back
from curation.progress import Progress, silent
from curation.records import ImageRecord, SourceRecord
from curation.screen import read_people, screen
from curation.sources.base import Importer
from curation.sources.hr_viton import HrVitonSource
from curation.split_files import (
    Settings,
    SplitReport,
    are_current,
    read_report,
    remove_splits,
    split_fingerprint,
    write_splits,
)
from manifests import atomic
from manifests.image_store import ImageStore
from manifests.labels import LabelSet
from manifests.reasons import ImageReason, ImageStatus
from manifests.settings import fingerprint

_VERSION = 2
"""Raised when the same inputs would give other tables, so that old ones are made again."""


@dataclass(frozen=True, slots=True)
class CurationResult:
    """What a step left in images.parquet.

    Attributes:
        images: rows.
        kept: rows that are kept.
        dropped: the others, by reason.
        groups: groups with at least one kept image.
        missing: ids that a source names and the image store no longer has; they have no row.
        splits: what was drawn; None before screening.
        changed: False if everything was there already.
    """

    images: int
    kept: int
    dropped: Mapping[str, int]
    groups: int
    missing: tuple[str, ...] = ()
    splits: SplitReport | None = None
    changed: bool = True


def curate(dataset: Path, config: CurationConfig, progress: Progress = silent) -> CurationResult:
    """Ingest, inspect, deduplicate and group: images.parquet with all that can be told before the images are labelled.

    Args:
        dataset: the dataset directory.

    Raises:
        CurationError: a configured folder is not there.
        OSError: a file cannot be read or written.
    """
    store, published = ImageStore(dataset / "images"), _published(dataset)
    with WorkCache(dataset / "curation" / "cache.sqlite") as cache:
        sightings = read_sources(dataset, config.sources, store, cache, progress)
        images, missing = collect(sightings, store)
        made_from = {"inputs": _inputs(images, config, published)}
        candidates = _candidates(dataset)
        changed = table.made_from(candidates) != made_from
        if changed:
            atomic.sweep(dataset)
            measured = inspect.inspect_images(images, dataset, cache, config.max_pixels, config.workers, progress)
            images = list(drop_small(measured, config.min_size, published))
            progress("deduplicate", 0, len(images))
            neighbours = Neighbours(images, config.hamming_radius, config.colour_distance, cache)
            images = list(mark_duplicates(images, neighbours, published))
            images = list(mark_groups(images, neighbours))
            progress("deduplicate", len(images), len(images))
            table.write(candidates, table.to_table(images), made_from)
        changed |= _read_part_maps(dataset, config, cache, progress) > 0
    final = dataset / "images.parquet"
    if table.made_from(final).get("inputs") != made_from["inputs"]:
        atomic.sweep(dataset)
        remove_splits(dataset / "splits")
        table.write(final, pq.read_table(candidates), made_from)
        changed = True
    return _result(pq.read_table(final), missing=tuple(missing), changed=changed)


def screen_and_split(dataset: Path, config: CurationConfig, progress: Progress = silent) -> CurationResult:
    """Judge the images that `curate` kept by the labels of the screening model, make images.parquet final, and split.

    Raises:
        CurationError: `curate` has not run, or an image that it kept is not labelled.
        ShortageError: an eval quota cannot be filled; images.parquet is final then, and there are no splits.
        OSError: a file cannot be read or written.
    """
    rows = _read_candidates(dataset)
    wanted, published = _kept(rows), _published(dataset)
    labels = LabelSet(dataset / "labels" / config.screen.model)
    made_from = {
        **table.made_from(_candidates(dataset)),
        "screened": fingerprint(
            [_VERSION, config.screen.model_dump(mode="json"), _label_state(labels, wanted), sorted(published)]
        ),
    }
    final, splits = dataset / "images.parquet", dataset / "splits"
    changed = table.made_from(final) != made_from
    if changed:
        atomic.sweep(dataset)
        progress("screen", 0, len(wanted))
        rows = screen(rows, read_people(labels, wanted), config.screen, published)
        remove_splits(splits)  # they are of the old table
        table.write(final, rows, made_from)
        progress("screen", len(wanted), len(wanted))
    else:
        rows = pq.read_table(final)
    settings = Settings.of(config, freeze.read(splits))
    drawn_from = split_fingerprint(made_from, settings)
    if are_current(splits, drawn_from):
        return _result(rows, splits=read_report(splits), changed=changed)
    atomic.sweep(splits)
    progress("split", 0, len(rows))
    report = write_splits(splits, rows, settings, drawn_from)
    progress("split", len(rows), len(rows))
    return _result(rows, splits=report)


def _read_part_maps(dataset: Path, config: CurationConfig, cache: WorkCache, progress: Progress) -> int:
    """Read the part maps that came with the sources into label sets; returns how many were due."""
    done = 0
    for source in (one for one in config.sources.hr_viton if one.part_maps):
        rows = pq.read_table(_candidates(dataset), columns=["image_id", "width", "height", "sightings"])
        folder = HrVitonSource(source, Importer(ImageStore(dataset / "images"), cache))
        published = [
            Published(row["image_id"], folder.part_map(key), (row["width"], row["height"]) if row["width"] else None)
            for row in rows.to_pylist()
            if (key := _photograph(row["sightings"], source.source))
        ]
        done += read_back(LabelSet(dataset / "labels" / source.label_set), published, cache, config.workers, progress)
    return done


def _photograph(sightings: Iterable[Mapping[str, str]], source: str) -> str:
    """The key of a person's picture among the sightings; empty if the source has none, or only a garment."""
    keys = (one["image_key"] for one in sightings if one["source"] == source)
    return next((key for key in keys if "/image/" in key), "")


def candidates(dataset: Path) -> list[str]:
    """The images that the screening model has to label: kept before screening; sorted ids.

    They stay the same when screening drops some of them from images.parquet.

    Raises:
        CurationError: `curate` has not run.
    """
    return sorted(_kept(_read_candidates(dataset, ["image_id", "status"])))


def drop_small(
    images: Iterable[ImageRecord], min_size: int, published: Collection[str] = frozenset()
) -> Iterator[ImageRecord]:
    """Drop what has a side below `min_size` pixels and is not `published` (ids)."""
    for image in images:
        small = min(image.inspection.width or 0, image.inspection.height or 0) < min_size
        is_free = image.reason is None and image.image_id not in published
        yield replace(image, reason=ImageReason.TOO_SMALL) if small and is_free else image


def _published(dataset: Path) -> frozenset[str]:
    """The images of a frozen evaluation split: whatever can be decoded of them is kept."""
    frozen = freeze.read(dataset / "splits")
    return frozenset(frozen.image_ids if frozen else ())


def _inputs(images: Iterable[ImageRecord], config: CurationConfig, published: Collection[str]) -> str:
    """The fingerprint of all that determines the table of candidates."""
    digest = hashlib.sha256()
    for image in images:
        for record in image.sightings:
            digest.update(json.dumps([image.path, *_plain(record)], sort_keys=True, ensure_ascii=False).encode())
    options = config.model_dump(mode="json", include={"min_size", "max_pixels", "hamming_radius", "colour_distance"})
    return fingerprint({
        "version": [_VERSION, inspect.VERSION],
        "options": options,
        "sightings": digest.hexdigest(),
        "published": sorted(published),
    })  # fmt: skip


def _plain(record: SourceRecord) -> list[object]:
    return [asdict(record.sighting), list(record.signals)]


def _candidates(dataset: Path) -> Path:
    return dataset / "curation" / "candidates.parquet"


def _read_candidates(dataset: Path, columns: list[str] | None = None) -> pa.Table:
    path = _candidates(dataset)
    if not path.exists():
        raise CurationError(f"{path} is not there: curate the dataset first")
    return pq.read_table(path, columns=columns)


def _kept(rows: pa.Table) -> set[str]:
    pairs = zip(rows["image_id"].to_pylist(), rows["status"].to_pylist(), strict=True)
    return {image_id for image_id, status in pairs if status == ImageStatus.KEPT}


def _label_state(labels: LabelSet, wanted: set[str]) -> str:
    """Changes whenever a wanted image is labelled, or labelled anew."""
    columns = labels.summary(["image_id", "fingerprint", "status"])
    states = zip(*(columns[name].to_pylist() for name in columns.column_names), strict=True)
    return fingerprint(sorted(state for state in states if state[0] in wanted))


def _result(
    rows: pa.Table, *, missing: tuple[str, ...] = (), splits: SplitReport | None = None, changed: bool = True
) -> CurationResult:
    reasons = Counter(reason for reason in rows["reason"].to_pylist() if reason is not None)
    states = zip(rows["group_id"].to_pylist(), rows["status"].to_pylist(), strict=True)
    return CurationResult(
        images=len(rows),
        kept=len(rows) - reasons.total(),
        dropped=dict(sorted(reasons.items())),
        groups=len({group for group, status in states if status == ImageStatus.KEPT}),
        missing=missing,
        splits=splits,
        changed=changed,
    )
