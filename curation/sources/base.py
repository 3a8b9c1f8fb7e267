"""What a source is, and how files of a folder enter the image store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from curation.cache import WorkCache
from curation.records import SourceRecord
from manifests.decoding import SUFFIXES, sniff
from manifests.image_store import ImageStore

PICTURE_SUFFIXES = frozenset({*SUFFIXES.values(), ".jpeg", ".jfif", ".tiff"})
"""Endings of the files that an importer looks at, in lower case; what such a file holds, its bytes decide."""

Tick = Callable[[int, int], None]
"""Called with how many files are done and how many there are."""


class Source(Protocol):
    """Somewhere images come from."""

    def records(self, tick: Tick) -> Iterator[SourceRecord]:
        """Every sighting whose bytes are, after this, in the image store."""


def picture_files(folder: Path) -> list[Path]:
    """The picture files anywhere under `folder`, sorted by their path relative to it; hidden ones are left out."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    inside = ((path.relative_to(folder), path) for path in found)
    return [
        path
        for relative, path in sorted(inside, key=lambda pair: pair[0].as_posix())
        if not any(part.startswith(".") for part in relative.parts) and path.is_file()
    ]


class Importer:
    """Copies files into the image store; a file that has not changed since the last time is not read again."""

    def __init__(self, store: ImageStore, cache: WorkCache) -> None:
        self._store = store
        self._cache = cache

    def add(self, path: Path) -> str:
        """Store the file's bytes and return their image id."""
        state = path.stat()
        known = self._cache.file(path.resolve(), state.st_size, state.st_mtime_ns)
        if known is not None and known in self._store:
            return known
        data = path.read_bytes()
        # Bytes that are no picture get a row too, and a file ending that promises nothing.
        suffix = SUFFIXES.get(sniff(data[:16]) or "", ".bin")
        image_id = self._store.add(data, suffix).image_id
        self._cache.remember_file(path.resolve(), state.st_size, state.st_mtime_ns, image_id)
        return image_id
