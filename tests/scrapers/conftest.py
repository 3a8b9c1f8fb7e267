"""Fixtures for the crawls: a gateway with a synthetic shop, `scrapy crawl` as a process, saved and recorded pages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from manifests.ledger import Fetch, Ledger, Sighting
from scrapers.pages.saved import SavedPage
from tests.scrapers.gateway import IMAGE_HOST, PAGE_HOST, Gateway, running_gateway

CONFIG = """
[dataset]
path = "{dataset}"

[crawl]
gateway = "{gateway}"
delay_seconds = 0.0
timeout_seconds = 30.0
max_image_bytes = 20000
max_image_pixels = 1000000
max_wait_seconds = 3.0
browser = "never"

[crawl.shops.zara]
base_url = "http://{page_host}"
market = "us/en"
image_hosts = ["{image_host}"]
synthetic = true
categories = [{{ path = "/us/en/category/1/products?ajax=true", gender = "women", category = "shirts" }}]
"""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with running_gateway() as found:
        yield found


@dataclass
class Crawl:
    """`scrapy crawl` against a gateway, and what it left in its dataset."""

    root: Path
    config: Path
    dataset: Path

    def command(self, shop: str = "zara", *arguments: str, module: str = "scrapy") -> list[str]:
        return [sys.executable, "-m", module, "crawl", shop, "-a", f"config={self.config}", *arguments]

    def start(self, shop: str = "zara", *arguments: str, module: str = "scrapy") -> subprocess.Popen[str]:
        command = self.command(shop, *arguments, module=module)
        return subprocess.Popen(command, cwd=self.root, stderr=subprocess.PIPE, text=True, env=self.environment())

    def run(self, shop: str = "zara", *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(shop, *arguments),
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=240,
            env=self.environment(),
            check=False,
        )

    def give_up_after(self, seconds: float) -> None:
        """Wait for no answer longer than this. By default a busy machine has ample time to answer well."""
        text = self.config.read_text("utf-8")
        self.config.write_text(re.sub(r"timeout_seconds = .*", f"timeout_seconds = {seconds}", text), "utf-8")

    def environment(self) -> dict[str, str]:
        hidden = ("VESTIARY_CONFIG", "VESTIARY_GATEWAY")
        return {name: value for name, value in os.environ.items() if name not in hidden}

    def fetches(self, kind: str | None = None) -> dict[str, Fetch]:
        with Ledger(self.dataset / "crawl.sqlite") as ledger:
            return {fetch.url: fetch for fetch in ledger.fetches() if kind in (None, fetch.kind)}

    def outcomes(self) -> dict[str, str]:
        """Outcome of every image by its URL without query."""
        return {url.partition("?")[0]: fetch.outcome for url, fetch in self.fetches("image").items()}

    def sightings(self) -> list[Sighting]:
        with Ledger(self.dataset / "crawl.sqlite") as ledger:
            return [sighting for sighting, _ in ledger.sightings()]


@pytest.fixture
def crawl(root: Path, tmp_path: Path, gateway: Gateway) -> Crawl:
    dataset, config = tmp_path / "data", tmp_path / "crawl.toml"
    text = CONFIG.format(dataset=dataset, gateway=gateway.url, page_host=PAGE_HOST, image_host=IMAGE_HOST)
    config.write_text(text, "utf-8")
    return Crawl(root, config, dataset)


@pytest.fixture(scope="session")
def saved(root: Path) -> Callable[[str, str], SavedPage]:
    """A synthetic saved page under tests/data/pages, as the answer of a URL."""

    def read(name: str, url: str) -> SavedPage:
        return SavedPage(url, (root / "tests/data/pages" / name).read_text("utf-8"))

    return read


@pytest.fixture(scope="session")
def recording(root: Path) -> Callable[[str], str]:
    """The text of a recorded response; the test is skipped where the recordings are not at hand."""

    def read(name: str) -> str:
        path = root.parent / "shared/sites" / name
        if not path.is_file():
            pytest.skip("recorded responses are not at hand")
        return path.read_text("utf-8")

    return read
