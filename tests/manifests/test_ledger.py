from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from manifests.ledger import Fetch, Ledger, Sighting
from manifests.reasons import Gender, View

STORED = Fetch("http://h/a.jpg", "image", "zara", "stored", 200, "ab" * 32, 10, "image/jpeg", ("x-robots-tag: all",))
SEEN = Sighting(
    "zara", "http://h/p.html", "http://h/a.jpg", "k1", 0, "p1", "s1", View.MODEL, Gender.WOMEN, synthetic=True
)


def test_rows_come_back_as_they_went_in(tmp_path: Path) -> None:
    with Ledger(tmp_path / "crawl.sqlite") as ledger:
        ledger.record_fetch(STORED)
        ledger.record_sighting(SEEN)
    with Ledger(tmp_path / "crawl.sqlite") as ledger:
        assert ledger.last_fetch(STORED.url) == STORED
        assert ledger.last_fetch("http://h/other") is None
        assert list(ledger.sightings()) == [(SEEN, STORED)]


def test_the_newest_attempt_counts_and_the_older_ones_stay(tmp_path: Path) -> None:
    with Ledger(tmp_path / "crawl.sqlite") as ledger:
        failed = Fetch("http://h/a.jpg", "image", "zara", "timeout")
        ledger.record_fetch(failed)
        assert ledger.fetches() == [failed] and not failed.is_settled
        ledger.record_fetch(STORED)
        assert ledger.fetches(source="zara", kind="image") == [STORED] and STORED.is_settled
        assert ledger.fetches(source="zalando") == []
        assert ledger._db.execute("SELECT COUNT(*) FROM fetches").fetchone() == (2,)


def test_a_later_look_at_a_page_replaces_its_sighting(tmp_path: Path) -> None:
    with Ledger(tmp_path / "crawl.sqlite") as ledger:
        ledger.record_sighting(SEEN)
        ledger.record_sighting(replace(SEEN, position=3))
        assert [sighting.position for sighting, _ in ledger.sightings()] == [3]


def test_sightings_are_sorted_whatever_the_order_of_the_crawl(tmp_path: Path) -> None:
    rows = [replace(SEEN, image_url=f"http://h/{i}.jpg", page_url=f"http://h/{p}") for i in range(3) for p in range(3)]
    with Ledger(tmp_path / "crawl.sqlite") as ledger:
        for row in reversed(rows):
            ledger.record_sighting(row)
        assert [sighting for sighting, _ in ledger.sightings()] == rows


def test_an_outcome_outside_the_closed_list_is_refused() -> None:
    with pytest.raises(ValueError, match="fell_over"):
        Fetch("http://h/a.jpg", "image", "zara", "fell_over")


def test_only_a_run_that_went_through_counts_as_finished(tmp_path: Path) -> None:
    with Ledger(tmp_path / "crawl.sqlite") as ledger:
        run = ledger.start_run("zara", "f1")
        assert not ledger.finished("zara", "f1")
        ledger.finish_run(run, "blocked", {})
        assert not ledger.finished("zara", "f1")
        ledger.finish_run(ledger.start_run("zara", "f1"), "finished", {"images": 3})
        assert ledger.finished("zara", "f1")
        assert not ledger.finished("zara", "f2") and not ledger.finished("zalando", "f1")
        last = ledger.last_run("zara")
        assert last is not None and last["summary"] == {"images": 3}
        assert ledger.last_run("farfetch") is None


def test_recorded_rows_survive_sigkill(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from manifests.ledger import Fetch, Ledger\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "for n in range(100_000):\n"
        "    ledger.record_fetch(Fetch(f'http://h/{n:06}', 'page', 'zara', 'ok')); print(n, flush=True)"
    )
    path = tmp_path / "crawl.sqlite"
    process = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(25)]
    os.kill(process.pid, signal.SIGKILL)
    said += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    with Ledger(path) as ledger:
        there = {fetch.url for fetch in ledger.fetches()}
    assert {f"http://h/{int(line):06}" for line in said if line.strip()} <= there
    assert len(there) <= len(said) + 1


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from manifests.ledger import Fetch, Ledger\n"
        "with Ledger(Path(sys.argv[1])) as ledger:\n"
        "    for n in range(200): ledger.record_fetch(Fetch(f'http://{sys.argv[2]}/{n}', 'page', sys.argv[2], 'ok'))"
    )
    path = tmp_path / "crawl.sqlite"
    both = [subprocess.Popen([sys.executable, "-c", script, str(path), name]) for name in ("zara", "zalando")]
    assert [process.wait() for process in both] == [0, 0]
    with Ledger(path) as ledger:
        assert len(ledger.fetches()) == 400
