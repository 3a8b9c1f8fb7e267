"""Judgments in SQLite: each is on the disk before the expert sees the next question.

Nothing is ever deleted: what an expert takes back is marked as undone and leaves every count.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any


class Outcome(StrEnum):
    """What an expert says of two maps."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    BOTH_BAD = "both_bad"


class Grade(StrEnum):
    """What an expert says of one map."""

    GOOD = "good"
    USABLE = "usable"
    BAD = "bad"


SAME_MAPS = "(same maps)"
"""The rater of ties that nobody looked at, because the two maps are the same to the eye."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS judgment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    question TEXT NOT NULL UNIQUE,
    rater TEXT NOT NULL,
    image_id TEXT NOT NULL,
    model_left TEXT NOT NULL,
    model_right TEXT NOT NULL,
    outcome TEXT NOT NULL,
    repeat_of INTEGER REFERENCES judgment(id),
    pair_probability REAL NOT NULL,
    seconds REAL NOT NULL,
    judged_at REAL NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS rating (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    question TEXT NOT NULL UNIQUE,
    rater TEXT NOT NULL,
    image_id TEXT NOT NULL,
    model TEXT NOT NULL,
    grade TEXT NOT NULL,
    wrong_parts TEXT NOT NULL,
    seconds REAL NOT NULL,
    judged_at REAL NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0
);
"""


@dataclass(frozen=True, slots=True)
class Judgment:
    """A verdict on two models' maps of one image.

    Attributes:
        question: identifier of the question, so that an answer that is sent twice counts once.
        rater: who judged, any text; `SAME_MAPS` for a tie that nobody looked at.
        model_left, model_right: label sets, as they were shown.
        repeat_of: id of the judgment whose question this repeats with the sides swapped.
        pair_probability: with which this pair of models was drawn, 0..1; 0 for a repeat.
        seconds: from the moment the maps were on the screen to the verdict.
        judged_at: seconds since the epoch.
        id: position in the store; None until it is kept.
    """

    question: str
    rater: str
    image_id: str
    model_left: str
    model_right: str
    outcome: Outcome
    repeat_of: int | None = None
    pair_probability: float = 0.0
    seconds: float = 0.0
    judged_at: float = 0.0
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    """A grade for one model's map of one image, and the parts that are wrong (1-24); the rest as in `Judgment`."""

    question: str
    rater: str
    image_id: str
    model: str
    grade: Grade
    wrong_parts: tuple[int, ...] = ()
    seconds: float = 0.0
    judged_at: float = 0.0
    id: int | None = None


class JudgmentStore:
    """The judgments of one dataset. Threads may share it.

    Args:
        path: the SQLite file, made when missing.

    Raises:
        sqlite3.DatabaseError: the file is not a database.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        self._database.close()

    def add(self, one: Judgment | Rating) -> int:
        """Keep it, durably; its id. One whose question was answered before is not kept again."""
        values: dict[str, Any] = asdict(one)
        values.pop("id")
        values["judged_at"] = one.judged_at or time.time()
        if isinstance(one, Rating):
            values["wrong_parts"] = json.dumps(list(one.wrong_parts))
        table, names = _table(type(one)), ", ".join(values)
        holes = ", ".join(f":{name}" for name in values)
        with self._transaction() as database:
            database.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({holes})", values)
            row = database.execute(f"SELECT id FROM {table} WHERE question = ?", (one.question,)).fetchone()
        return int(row["id"])

    def undo(self, kind: type[Judgment] | type[Rating], rater: str) -> int | None:
        """Mark the rater's latest as undone; its id, or None if there is none left."""
        table = _table(kind)
        with self._transaction() as database:
            last = database.execute(
                f"SELECT max(id) AS id FROM {table} WHERE rater = ? AND NOT undone", (rater,)
            ).fetchone()["id"]
            if last is not None:
                database.execute(f"UPDATE {table} SET undone = 1 WHERE id = ?", (last,))
        return None if last is None else int(last)

    def judgments(self) -> list[Judgment]:
        """All that stand, oldest first."""
        return [Judgment(**{**row, "outcome": Outcome(row["outcome"])}) for row in self._standing(Judgment)]

    def ratings(self) -> list[Rating]:
        """All that stand, oldest first."""
        return [
            Rating(**{**row, "grade": Grade(row["grade"]), "wrong_parts": tuple(json.loads(row["wrong_parts"]))})
            for row in self._standing(Rating)
        ]

    def _standing(self, kind: type[Judgment] | type[Rating]) -> list[dict[str, Any]]:
        names = ", ".join(field.name for field in fields(kind))
        with self._lock:
            rows: Sequence[sqlite3.Row] = self._database.execute(
                f"SELECT {names} FROM {_table(kind)} WHERE NOT undone ORDER BY id"
            ).fetchall()
        return [dict(row) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")


def _table(kind: type[Judgment] | type[Rating]) -> str:
    return "judgment" if kind is Judgment else "rating"
