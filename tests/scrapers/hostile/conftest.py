"""A crawl of a hostile shop as a process, with its end, its time and its memory."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from manifests.ledger import Fetch, Ledger
from tests.scrapers.conftest import CONFIG
from tests.scrapers.gateway import IMAGE_HOST, PAGE_HOST
from tests.scrapers.hostile.server import Hostile, running

MAX_SECONDS = 500.0
MAX_MEGABYTES = 400.0
"""A crawl of a shop that behaves takes about 130 MB, most of it libraries."""


@dataclass(frozen=True)
class Ended:
    """How a crawl ended.

    Attributes:
        fetches: the newest row of every URL.
    """

    status: int
    text: str
    seconds: float
    megabytes: float
    fetches: dict[str, Fetch]

    def outcome(self, url: str) -> str:
        """Outcome of a URL, whatever its query."""
        return self.fetch(url).outcome

    def fetch(self, url: str) -> Fetch:
        return next(fetch for key, fetch in self.fetches.items() if url in (key, key.partition("?")[0]))


@pytest.fixture
def crawled(root: Path, tmp_path: Path) -> Callable[..., Ended]:
    """Crawl a hostile shop, within bounded time and memory."""

    def crawl(hostile: Hostile, name: str = "zara", config: str = CONFIG, **replaced: str) -> Ended:
        with running(hostile):
            text = config.format(
                dataset=tmp_path / "data", gateway=hostile.url, page_host=PAGE_HOST, image_host=IMAGE_HOST
            )
            # long enough for a loaded machine to answer well, short enough to wait for those that never do
            for key, value in ({"timeout_seconds": "10.0"} | replaced).items():
                text = re.sub(rf"^{key} = .*\n", "", text, flags=re.MULTILINE)
                text = text.replace("[crawl]\n", f"[crawl]\n{key} = {value}\n", 1)
            path = tmp_path / "crawl.toml"
            path.write_text(text, "utf-8")
            began = time.monotonic()
            command = [sys.executable, "-m", "scrapy", "crawl", name, "-a", f"config={path}"]
            with (tmp_path / "log").open("w+", encoding="utf-8") as log:
                process = subprocess.Popen(command, cwd=root, stderr=log)
                usage = _wait(process, began + MAX_SECONDS)
                log.seek(0)
                said = log.read()
        with Ledger(tmp_path / "data" / "crawl.sqlite") as ledger:
            fetches = {fetch.url: fetch for fetch in ledger.fetches()}
        assert usage is not None, f"the crawl hangs:\n{said}"
        assert usage < MAX_MEGABYTES, f"{usage:.0f} MB:\n{said}"
        assert not list((tmp_path / "data").rglob("*.part"))
        assert "Traceback" not in said, said
        return Ended(process.returncode, said, time.monotonic() - began, usage, fetches)

    return crawl


def _wait(process: subprocess.Popen[bytes], deadline: float) -> float | None:
    """The greatest memory in megabytes that a process had; None if it had to be killed.

    Not by `wait4`: its figure includes what this process holds, which the other begins as a copy of.
    """
    most = 0.0
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{process.pid}/status").read_text()
            most = max([most, *(int(line.split()[1]) / 1024 for line in status.splitlines() if line[:6] == "VmHWM:")])
        if process.poll() is not None:
            return most
        time.sleep(0.02)
    process.kill()
    process.wait()
    return None
