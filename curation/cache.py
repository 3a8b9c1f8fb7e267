"""Stage 2's memory: what was measured of which picture, and which file became which picture.

One SQLite file, `curation/cache.sqlite`. It holds nothing that cannot be measured again, so it may be deleted; it is
what lets a killed run go on where it stopped. A measurement is filed under the picture's id and under `key`, the
fingerprint of everything that determines it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from curation.records import Inspection
from manifests.reasons import ImageReason

_NAMES = [item.name for item in fields(Inspection)]
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS inspections (
    key TEXT NOT NULL, image_id TEXT NOT NULL, {", ".join(_NAMES)}, PRIMARY KEY (key, image_id)) WITHOUT ROWID;
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
        self._db.executescript(_SCHEMA)

    def inspections(self, key: str) -> dict[str, Inspection]:
        """What was measured under `key`, by image id."""
        rows = self._db.execute(f"SELECT image_id, {', '.join(_NAMES)} FROM inspections WHERE key = ?", (key,))
        return {row[0]: _from_row(row[1:]) for row in rows}

    def remember_inspections(self, key: str, measured: Iterable[tuple[str, Inspection]]) -> None:
        """File measurements, all or none."""
        marks = ", ".join("?" * (len(_NAMES) + 2))
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(
            f"INSERT OR REPLACE INTO inspections VALUES ({marks})",
            [(key, image_id, *_to_row(one)) for image_id, one in measured],
        )
        self._db.execute("COMMIT")

    def file(self, path: Path, size: int, modified_ns: int) -> str | None:
        """The image id of a file that still has this size and time of change."""
        row = self._db.execute(
            "SELECT image_id FROM files WHERE path = ? AND size = ? AND modified_ns = ?", (str(path), size, modified_ns)
        ).fetchone()
        return row[0] if row else None

    def remember_file(self, path: Path, size: int, modified_ns: int, image_id: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", (str(path), size, modified_ns, image_id))

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
    values["phash"] = None if one.phash is None else one.phash.to_bytes(8, "big")  # SQLite's integers are signed
    return tuple(values.values())


def _from_row(row: tuple[Any, ...]) -> Inspection:
    values = dict(zip(_NAMES, row, strict=True))
    values["phash"] = None if values["phash"] is None else int.from_bytes(values["phash"], "big")
    values["reason"] = None if values["reason"] is None else ImageReason(values["reason"])
    return Inspection(**values)
