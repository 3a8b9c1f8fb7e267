"""Stage 2's memory: what was measured of which picture, which look alike, which file became which.

One SQLite file, `curation/cache.sqlite`. It holds nothing that cannot be measured again, so it may be deleted; it is
what lets a killed run go on where it stopped. A measurement is filed under the picture's id and under `key`, the
fingerprint of everything that determines it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from curation.alike import Alike
from curation.records import Inspection
from manifests.reasons import ImageReason

_ALIKE_VERSION = 1
"""Raised when `curation.alike` would find other pairs among the same signatures."""

_NAMES = [item.name for item in fields(Inspection)]
_HASHES = ("phash", "mirrored")  # stored as bytes: SQLite's integers are signed
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS inspections (
    key TEXT NOT NULL, image_id TEXT NOT NULL, {", ".join(_NAMES)}, PRIMARY KEY (key, image_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alike (
    radius INTEGER PRIMARY KEY, version INTEGER NOT NULL, signatures BLOB NOT NULL, pairs BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, image_id TEXT NOT NULL) WITHOUT ROWID;
"""


class WorkCache:
    """The cache at `path`, made if absent; a context manager."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=60, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")  # a power cut may cost measurements, never their consistency
        measured = [row[1] for row in self._db.execute("PRAGMA table_info(inspections)")]
        if measured and measured[2:] != _NAMES:  # by a version that measured other things
            self._db.execute("DROP TABLE inspections")
        self._db.executescript(_SCHEMA)

    def inspections(self, key: str) -> dict[str, Inspection]:
        """What was measured under `key`, by image id."""
        rows = self._db.execute(f"SELECT image_id, {', '.join(_NAMES)} FROM inspections WHERE key = ?", (key,))
        return {row[0]: _from_row(row[1:]) for row in rows}

    def remember_inspections(self, key: str, measured: Iterable[tuple[str, Inspection]]) -> None:
        """File measurements, all or none."""
        marks = ", ".join("?" * (len(_NAMES) + 2))
        rows = [(key, image_id, *_to_row(one)) for image_id, one in measured]
        with self._transaction():
            self._db.executemany(f"INSERT OR REPLACE INTO inspections VALUES ({marks})", rows)

    def alike(self, radius: int) -> Alike | None:
        """What was last found alike within this radius."""
        row = self._db.execute(
            "SELECT signatures, pairs FROM alike WHERE radius = ? AND version = ?", (radius, _ALIKE_VERSION)
        ).fetchone()
        if row is None:
            return None
        signatures, pairs = np.frombuffer(row[0], "<u8"), np.frombuffer(row[1], "<i8")
        return Alike(signatures.reshape(-1, 2).astype(np.uint64), pairs.reshape(-1, 4).astype(np.int64))

    def remember_alike(self, radius: int, found: Alike) -> None:
        """Keep it in place of what was found before."""
        blobs = found.signatures.astype("<u8").tobytes(), found.pairs.astype("<i8").tobytes()
        with self._transaction():
            self._db.execute("DELETE FROM alike")
            self._db.execute("INSERT INTO alike VALUES (?, ?, ?, ?)", (radius, _ALIKE_VERSION, *blobs))

    def file(self, path: Path, size: int, modified_ns: int) -> str | None:
        """The image id of a file that still has this size and time of change."""
        row = self._db.execute(
            "SELECT image_id FROM files WHERE path = ? AND size = ? AND modified_ns = ?", (str(path), size, modified_ns)
        ).fetchone()
        return row[0] if row else None

    def remember_file(self, path: Path, size: int, modified_ns: int, image_id: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", (str(path), size, modified_ns, image_id))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _to_row(one: Inspection) -> tuple[Any, ...]:
    values = {name: getattr(one, name) for name in _NAMES}
    for name in _HASHES:
        values[name] = None if values[name] is None else values[name].to_bytes(8, "big")
    return tuple(values.values())


def _from_row(row: tuple[Any, ...]) -> Inspection:
    values = dict(zip(_NAMES, row, strict=True))
    for name in _HASHES:
        values[name] = None if values[name] is None else int.from_bytes(values[name], "big")
    values["reason"] = None if values["reason"] is None else ImageReason(values["reason"])
    return Inspection(**values)
