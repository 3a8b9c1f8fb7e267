"""What a source is, and how files of a folder enter the image store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Protocol

from curation.cache import WorkCache
from curation.records import SourceRecord
from manifests.decoding import SUFFIXES, sniff
from manifests.image_store import ImageStore

PICTURE_SUFFIXES = frozenset({*SUFFIXES.values(), ".jpeg", ".jfif", ".tiff"})
"""Endings of the files that an importer looks at, in lower case; what such a file holds, its bytes decide."""

_WRITERS = 8
_BATCH = 64

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

    def add(self, paths: Iterable[Path]) -> Iterator[str]:
        """Store the files' bytes and yield their image ids, in order.

        Several files are written at once: most of the time goes into waiting until one is safely on the disk.
        """
        files = iter(paths)
        with ThreadPoolExecutor(_WRITERS) as pool:
            while batch := list(islice(files, _BATCH)):
                states = [_state(path) for path in batch]
                known = [self._known(state) for state in states]
                added = pool.map(
                    self._store_file, (path for path, one in zip(batch, known, strict=True) if one is None)
                )
                for state, image_id in zip(states, known, strict=True):
                    if image_id is None:
                        image_id = next(added)
                        self._cache.remember_file(*state, image_id)
                    yield image_id

    def _known(self, state: tuple[Path, int, int]) -> str | None:
        image_id = self._cache.file(*state)
        return image_id if image_id is not None and image_id in self._store else None

    def _store_file(self, path: Path) -> str:
        data = path.read_bytes()
        # Bytes that are no picture get a row too, and a file ending that promises nothing.
        return self._store.add(data, SUFFIXES.get(sniff(data[:16]) or "", ".bin")).image_id


def _state(path: Path) -> tuple[Path, int, int]:
    """What changes when a file does."""
    seen = path.stat()
    return path.resolve(), seen.st_size, seen.st_mtime_ns
