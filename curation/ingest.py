"""The first step: every source's sightings, and from them one record for each distinct picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from curation.cache import WorkCache
from curation.config import SourcesConfig
from curation.progress import Progress
from curation.records import ImageRecord, SourceRecord
from curation.sources.base import Importer, Source
from curation.sources.folder import FolderSource
from curation.sources.hr_viton import HrVitonSource
from curation.sources.ledger import LedgerSource
from manifests.image_store import ImageStore


def read_sources(
    dataset: Path, config: SourcesConfig, store: ImageStore, cache: WorkCache, progress: Progress
) -> Iterator[SourceRecord]:
    """The sightings of all configured sources, one source after the other."""
    importer = Importer(store, cache)
    sources: list[tuple[str, Source]] = [("ledger", LedgerSource(dataset / "crawl.sqlite"))] if config.ledger else []
    sources += [(one.source, HrVitonSource(one, importer)) for one in config.hr_viton]
    sources += [(one.source, FolderSource(one, importer)) for one in config.folders]
    for name, source in sources:
        yield from source.records(lambda done, total, name=name: progress(f"ingest {name}", done, total))  # type: ignore[misc]


def collect(records: Iterable[SourceRecord], store: ImageStore) -> tuple[list[ImageRecord], list[str]]:
    """Join the sightings of the same bytes.

    Returns:
        One record a picture, sorted by id, and the ids whose file is no longer in the store.
    """
    sightings: dict[str, list[SourceRecord]] = defaultdict(list)
    for record in records:
        sightings[record.image_id].append(record)
    images, missing = [], []
    for image_id in sorted(sightings):
        path = store.path(image_id)
        if path is None:
            missing.append(image_id)
            continue
        seen = sorted(sightings[image_id], key=lambda record: record.order)
        images.append(ImageRecord(image_id, store.relative(path), tuple(seen)))
    return images, missing
