"""SIGKILL at twenty random moments of a crawl of 500 pictures: in the end, what a crawl in peace leaves."""

from __future__ import annotations

import random
import re
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from manifests.image_store import ImageStore
from scrapers.exit_status import ExitStatus
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import Answer, Gateway, serve_shop

PRODUCTS, KILLS = 25, 20
CODES = tuple(f"a{number}" for number in range(20))


class Tap:
    """Lets so many requests through and holds the rest, so that a crawl is where the test wants it to be."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._left = 0
        self._era = 0
        self.held = 0

    def open(self, requests: int) -> None:
        with self._changed:
            self._left += requests
            self._changed.notify_all()

    def cut(self) -> None:
        """Release who waits (their client is dead), and forget what was let through."""
        with self._changed:
            self._left, self._era = 0, self._era + 1
            self._changed.notify_all()

    def wait_until_held(self, process_is_running: Callable[[], bool]) -> None:
        with self._changed:
            while not self.held and process_is_running():
                self._changed.wait(0.5)

    def behind(self, answer: Answer) -> Callable[[], Answer]:
        def give() -> Answer:
            with self._changed:
                era = self._era
                self.held += self._left == 0
                was_held = self._left == 0
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._left > 0 or self._era != era)
                self.held -= was_held
                if self._era == era:
                    self._left -= 1
                return answer

        return give


def _content(dataset: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the ledger but times, runs and how often something was tried."""
    with sqlite3.connect(dataset / "crawl.sqlite") as database:
        return {
            "fetches": database.execute(
                "SELECT url, kind, source, outcome, http_status, image_id, bytes, media_type, signals, detail"
                " FROM fetches WHERE id IN (SELECT MAX(id) FROM fetches GROUP BY url) ORDER BY url"
            ).fetchall(),
            "sightings": database.execute("SELECT * FROM sightings ORDER BY page_url, image_url").fetchall(),
            "pages": database.execute("SELECT url, source, kind, content FROM pages ORDER BY url").fetchall(),
        }


def _files(dataset: Path) -> dict[str, bytes]:
    return {path.relative_to(dataset).as_posix(): path.read_bytes() for path in (dataset / "images").rglob("*.*")}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_twenty_kills_leave_what_a_crawl_in_peace_leaves(crawl: Crawl, gateway: Gateway, tmp_path: Path) -> None:
    serve_shop(gateway, PRODUCTS, CODES)
    in_peace = replace(crawl, config=tmp_path / "peace.toml", dataset=tmp_path / "peace")
    text = crawl.config.read_text("utf-8").replace("[crawl]\n", "[crawl]\nconcurrency = 4\n", 1)
    text = re.sub("timeout_seconds = .*", "timeout_seconds = 300.0", text)
    crawl.config.write_text(text, "utf-8")
    in_peace.config.write_text(text.replace(str(crawl.dataset), str(in_peace.dataset)), "utf-8")
    assert in_peace.run().returncode == ExitStatus.DONE

    tap, chance = Tap(), random.Random(20261122)
    for url, answer in gateway.answers.items():
        if isinstance(answer, Answer) and ("/assets/" in url or "products-details" in url):
            gateway.answers[url] = tap.behind(answer)
    asked_again: set[str] = set()
    for _ in range(KILLS):
        succeeded = _succeeded(crawl)
        gateway.asked.clear()
        process = crawl.start()
        tap.open(chance.randint(0, 40))
        tap.wait_until_held(lambda process=process: process.poll() is None)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.03))  # anywhere between an answer and its row
        assert process.poll() is None, "there is still something to kill"
        process.send_signal(signal.SIGKILL)
        process.communicate()
        tap.cut()
        asked_again |= succeeded & set(gateway.asked)
    succeeded = _succeeded(crawl)
    assert 0 < len(succeeded) < 525
    gateway.asked.clear()
    tap.open(10_000)
    done = crawl.run()
    assert done.returncode == ExitStatus.DONE, done.stderr
    asked_again |= succeeded & set(gateway.asked)
    assert asked_again == set()
    assert _content(crawl.dataset) == _content(in_peace.dataset)
    assert _files(crawl.dataset) == _files(in_peace.dataset) and len(_files(crawl.dataset)) == 500
    assert len(list(ImageStore(crawl.dataset / "images"))) == 500


def _succeeded(crawl: Crawl) -> set[str]:
    """The URLs whose rows say that they came; what a host allows is asked in every run."""
    if not (crawl.dataset / "crawl.sqlite").exists():
        return set()
    fetches = crawl.fetches().values()
    return {fetch.url for fetch in fetches if fetch.outcome in ("stored", "ok") and fetch.kind != "robots"} - {
        fetch.url for fetch in fetches if urlsplit(fetch.url).path == "/robots.txt"
    }
