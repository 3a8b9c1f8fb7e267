"""The ledger of a crawl: every fetch with its outcome, every sighting of a picture on a page.

One SQLite file in WAL mode with `synchronous=FULL`: a row that was recorded survives SIGKILL and power loss, several
processes may write at once, and an image's row is written only after its file is in place.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from manifests.reasons import FetchReason, Gender, View

FetchKind = Literal["page", "image", "robots", "sitemap"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS fetches (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL, kind TEXT NOT NULL, source TEXT NOT NULL, outcome TEXT NOT NULL,
    http_status INTEGER, image_id TEXT, bytes INTEGER, media_type TEXT, signals TEXT NOT NULL, detail TEXT NOT NULL,
    fetched_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS fetches_by_url ON fetches (url, id);
CREATE TABLE IF NOT EXISTS sightings (
    page_url TEXT NOT NULL, image_url TEXT NOT NULL, source TEXT NOT NULL, image_key TEXT NOT NULL,
    position INTEGER NOT NULL, product_id TEXT NOT NULL, style_id TEXT NOT NULL, view TEXT NOT NULL,
    gender TEXT NOT NULL, category TEXT NOT NULL, brand TEXT NOT NULL, colour TEXT NOT NULL, title TEXT NOT NULL,
    robots TEXT NOT NULL, synthetic INTEGER NOT NULL, PRIMARY KEY (page_url, image_url)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pages (
    url TEXT PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL, read_at REAL NOT NULL,
    gone_at REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, fingerprint TEXT NOT NULL, started_at REAL NOT NULL,
    finished_at REAL, reason TEXT, summary TEXT);
"""


@dataclass(frozen=True, slots=True)
class Fetch:
    """One attempt at a URL.

    Attributes:
        source: the shop (spider) that asked.
        outcome: "stored" (an image's bytes are in the store), "ok" (a page was read), or a `FetchReason`.
        http_status: None where no answer came or no request was sent.
        image_id: sha256 of the stored bytes.
        signals: the opt-out signals the answer carried, as "header: value".
        detail: one line for a person.
        fetched_at: seconds since 1970, UTC.
    """

    url: str
    kind: FetchKind
    source: str
    outcome: str
    http_status: int | None = None
    image_id: str | None = None
    bytes: int | None = None
    media_type: str | None = None
    signals: tuple[str, ...] = ()
    detail: str = ""
    fetched_at: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        if self.outcome not in ("stored", "ok"):
            FetchReason(self.outcome)  # raises ValueError for anything outside the closed list

    @property
    def is_settled(self) -> bool:
        """True if asking again would be no use: the bytes are here, or the refusal is for good."""
        return self.outcome in ("stored", "ok") or not FetchReason(self.outcome).is_passing


@dataclass(frozen=True, slots=True)
class Sighting:
    """A picture as a product page shows it, with what the page says of it; absent facts are "".

    Attributes:
        image_key: the shop's own identity of the picture (asset id, hash, image id), the same at every size.
        position: place in the gallery, from 0.
        product_id: the product in one colour.
        style_id: joins the colours of one product.
        robots: the verdict on `image_url` and where it comes from, such as "allowed".
        synthetic: True for the demo shops.
    """

    source: str
    page_url: str
    image_url: str
    image_key: str
    position: int
    product_id: str
    style_id: str = ""
    view: View = View.UNKNOWN
    gender: Gender = Gender.UNKNOWN
    category: str = ""
    brand: str = ""
    colour: str = ""
    title: str = ""
    robots: str = ""
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class KnownPage:
    """What a page said when it was read, kept so that it need not be asked for again.

    Attributes:
        url: as requested.
        kind: "product" or "listing".
        content: JSON of the kind's own making.
        read_at: seconds since 1970, UTC.
        gone_at: when the shop answered that it is gone; None while it is there.
    """

    url: str
    source: str
    kind: str
    content: str
    read_at: float = field(default_factory=time.time)
    gone_at: float | None = None


class Ledger:
    """The ledger at `path`, made if absent. Use it as a context manager, or `close` it.

    Raises:
        sqlite3.DatabaseError: the file is not a ledger.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Everything recorded inside is there as a whole or not at all, whenever the process is killed."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def record_fetch(self, fetch: Fetch) -> None:
        """Append an attempt; earlier attempts at the same URL stay."""
        self._insert("fetches", _values(fetch) | {"signals": json.dumps(fetch.signals)})

    def last_fetch(self, url: str) -> Fetch | None:
        """The newest attempt at `url`."""
        row = self._db.execute(
            f"SELECT {_columns(Fetch)} FROM fetches WHERE url = ? ORDER BY id DESC LIMIT 1", (url,)
        ).fetchone()
        return _fetch(row) if row else None

    def failures(self, url: str) -> tuple[int, float]:
        """How many attempts at `url` have failed in passing since the last that did not, and when the newest was made.

        Returns:
            (0, 0.0) if the newest attempt is settled, or there is none.
        """
        rows = self._db.execute(f"SELECT {_columns(Fetch)} FROM fetches WHERE url = ? ORDER BY id DESC", (url,))
        failed = list(itertools.takewhile(lambda fetch: not fetch.is_settled, map(_fetch, rows)))
        return (len(failed), failed[0].fetched_at) if failed else (0, 0.0)

    def fetches(self, source: str | None = None, kind: FetchKind | None = None) -> list[Fetch]:
        """The newest attempt at every URL, sorted by URL."""
        wanted = [("source = ?", source), ("kind = ?", kind)]
        where = "".join(f" AND {clause}" for clause, value in wanted if value is not None)
        rows = self._db.execute(
            f"SELECT {_columns(Fetch)} FROM fetches"
            f" WHERE id IN (SELECT MAX(id) FROM fetches GROUP BY url){where} ORDER BY url",
            [value for _, value in wanted if value is not None],
        )
        return [_fetch(row) for row in rows]

    def record_sighting(self, sighting: Sighting) -> None:
        """Record what a page says of a picture; a later look at the same page replaces it."""
        self._insert("sightings", _values(sighting), replace=True)

    def sightings(self) -> Iterator[tuple[Sighting, Fetch | None]]:
        """All sightings with the newest fetch of their picture, sorted by (image_url, page_url)."""
        latest = {fetch.url: fetch for fetch in self.fetches(kind="image")}
        rows = self._db.execute(f"SELECT {_columns(Sighting)} FROM sightings ORDER BY image_url, page_url")
        for row in rows:
            sighting = _sighting(row)
            yield sighting, latest.get(sighting.image_url)

    def sighting_count(self) -> int:
        """How many `sightings` has."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM sightings").fetchone()
        return int(count)

    def remember(self, page: KnownPage) -> None:
        """Keep what a page said; a later reading replaces it."""
        self._insert("pages", _values(page), replace=True)

    def recall(self, url: str) -> KnownPage | None:
        """What the page at `url` said when it was last read."""
        row = self._db.execute(f"SELECT {_columns(KnownPage)} FROM pages WHERE url = ?", (url,)).fetchone()
        return KnownPage(*row) if row else None

    def known_pages(self, source: str, kind: str) -> Iterator[KnownPage]:
        """All pages of a kind, sorted by URL."""
        for row in self._db.execute(
            f"SELECT {_columns(KnownPage)} FROM pages WHERE source = ? AND kind = ? ORDER BY url", (source, kind)
        ):
            yield KnownPage(*row)

    def mark_gone(self, url: str) -> bool:
        """Note that a page which was known is gone from the shop; False if it was not known."""
        changed = self._db.execute("UPDATE pages SET gone_at = ? WHERE url = ?", (time.time(), url))
        return changed.rowcount > 0

    def start_run(self, source: str, fingerprint: str) -> int:
        """Note that a crawl begins; returns the run's number for `finish_run`."""
        cursor = self._db.execute(
            "INSERT INTO runs (source, fingerprint, started_at) VALUES (?, ?, ?)", (source, fingerprint, time.time())
        )
        return int(cursor.lastrowid or 0)

    def finish_run(self, run_id: int, reason: str, summary: dict[str, Any]) -> None:
        """Note how a crawl ended. `reason` "finished" means it went through to its end."""
        self._db.execute(
            "UPDATE runs SET finished_at = ?, reason = ?, summary = ? WHERE id = ?",
            (time.time(), reason, json.dumps(summary, sort_keys=True), run_id),
        )

    def finished(self, source: str, fingerprint: str) -> bool:
        """True if the last run of `source` with this configuration went through to its end."""
        row = self._db.execute(
            "SELECT reason FROM runs WHERE source = ? AND fingerprint = ? ORDER BY id DESC LIMIT 1",
            (source, fingerprint),
        ).fetchone()
        return row is not None and row[0] == "finished"

    def last_run(self, source: str) -> dict[str, Any] | None:
        """The newest run of `source`: fingerprint, started_at, finished_at, reason, summary."""
        return next(self.runs(source), None)

    def runs(self, source: str) -> Iterator[dict[str, Any]]:
        """All runs of `source`, newest first, as `last_run` gives them; `reason` is None for one that was killed."""
        names = ("fingerprint", "started_at", "finished_at", "reason")
        for row in self._db.execute(
            f"SELECT {', '.join(names)}, summary FROM runs WHERE source = ? ORDER BY id DESC", (source,)
        ):
            yield dict(zip(names, row, strict=False)) | {"summary": json.loads(row[4]) if row[4] else {}}

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _insert(self, table: str, values: dict[str, Any], *, replace: bool = False) -> None:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        verb = "INSERT OR REPLACE" if replace else "INSERT"
        self._db.execute(f"{verb} INTO {table} ({names}) VALUES ({marks})", list(values.values()))


def _values(record: Fetch | Sighting | KnownPage) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}  # asdict copies deeply, which costs more than SQL


def _columns(record: type[Fetch] | type[Sighting] | type[KnownPage]) -> str:
    return ", ".join(item.name for item in fields(record))


def _fetch(row: tuple[Any, ...]) -> Fetch:
    values = dict(zip((item.name for item in fields(Fetch)), row, strict=True))
    return Fetch(**values | {"signals": tuple(json.loads(values["signals"]))})


def _sighting(row: tuple[Any, ...]) -> Sighting:
    values = dict(zip((item.name for item in fields(Sighting)), row, strict=True))
    return Sighting(
        **values
        | {"view": View(values["view"]), "gender": Gender(values["gender"]), "synthetic": bool(values["synthetic"])}
    )
