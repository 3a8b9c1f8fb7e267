"""The commands about shops: `permissions`, `savepage`, `pages`, against the demo shops."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import demo
from manifests.ledger import Ledger

Run = Callable[..., subprocess.CompletedProcess[str]]
CATEGORY = "http://www.zara.test/us/en/woman-dresses-l1066.html?v1=2420896"
BARRED = "http://www.zara.test/us/en/woman-special-prices-l1314.html?v1=2411600"
CONFIG = """
[dataset]
path = "{dataset}"
[crawl]
gateway = "{gateway}"
delay_seconds = 0.0
[crawl.shops.zara]
base_url = "http://www.zara.test"
market = "us/en"
image_hosts = ["static.zara.test"]
synthetic = true
categories = [
  {{ path = "/us/en/woman-dresses-l1066.html?v1=2420896", gender = "women", category = "dresses" }},
  {{ path = "/us/en/woman-special-prices-l1314.html?v1=2411600", gender = "women", category = "special" }},
]
[crawl.shops.farfetch]
base_url = "https://www.farfetch.com"
image_hosts = ["cdn-images.farfetch-contents.com"]
categories = [{{ path = "/shopping/women/dresses-1/items.aspx", gender = "women", category = "dresses" }}]
"""


@pytest.fixture(scope="module")
def gateway_url() -> Iterator[str]:
    with demo.running() as url:
        yield url


@pytest.fixture
def config(tmp_path: Path, gateway_url: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(dataset=tmp_path / "data", gateway=gateway_url), "utf-8")
    return path


@pytest.fixture
def run(root: Path) -> Run:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VESTIARY_")}

    def vestiary(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "vestiary", *map(str, arguments)]
        return subprocess.run(
            command,
            cwd=root,
            env=environment | {"COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return vestiary


def test_a_page_is_saved_as_it_came_and_checked_from_then_on(run: Run, config: Path, tmp_path: Path) -> None:
    saved = run("savepage", CATEGORY, tmp_path / "pages", "--config", config)
    assert saved.returncode == 0, saved.stderr
    assert "listing: " in saved.stdout
    description, page = sorted((tmp_path / "pages").iterdir(), key=lambda path: path.name, reverse=True)
    if not description.name.endswith(".meta.json"):
        description, page = page, description
    about = json.loads(description.read_text("utf-8"))
    assert (about["shop"], about["url"], about["expected"]["kind"]) == ("zara", CATEGORY, "listing")
    assert b"window.zara.viewPayload" in page.read_bytes()
    with Ledger(tmp_path / "data/crawl.sqlite") as ledger:
        assert {fetch.url: fetch.outcome for fetch in ledger.fetches(kind="page")} == {CATEGORY: "ok"}
        assert ledger.last_run("zara") is None, "no crawl, and nothing that a crawl is compared with"
    whole = run("pages", tmp_path / "pages")
    assert whole.returncode == 0 and page.name in whole.stdout
    page.write_text(page.read_text("utf-8").replace("viewPayload", "payload"), "utf-8")
    changed = run("pages", tmp_path / "pages")
    assert changed.returncode == 1 and "listing before, now nothing" in changed.stdout


@pytest.mark.parametrize(
    ("url", "status", "words"),
    [
        (BARRED, 1, "robots_barred"),
        ("https://www.farfetch.com/shopping/women/x-item-1.aspx", 1, "is a live shop"),
        ("http://www.other.test/", 1, "is at no shop of"),
        ("http://www.zara.test/us/en/nothing-here.html", 1, "status 404"),
    ],
)
def test_what_a_crawl_may_not_ask_for_is_not_saved(
    run: Run, config: Path, tmp_path: Path, url: str, status: int, words: str
) -> None:
    done = run("savepage", url, tmp_path / "pages", "--config", config)
    assert (done.returncode, words in done.stderr) == (status, True), done.stderr
    assert not (tmp_path / "pages").exists() and "Traceback" not in done.stderr


def test_permissions_say_by_which_document_what_is_allowed(run: Run, config: Path, tmp_path: Path) -> None:
    before = run("permissions", "--config", config)
    assert before.returncode == 0 and before.stdout.count("not asked for yet") == 8
    assert "farfetch: no permission stated" in before.stdout and "[crawl.shops.farfetch.permission]" in before.stdout
    assert not (tmp_path / "data").exists(), "looking makes no ledger"
    asked = run("permissions", "--config", config, "--ask")
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.count("sha256 ") == 2 and asked.stdout.count("none there, so nothing is reserved") == 2
    assert asked.stdout.count("not asked for yet") == 4, "nothing is asked of a live shop without a permission"
    rows = {line.split("│")[1].strip(): line for line in asked.stdout.splitlines() if line.count("│") == 3}
    assert "barred by robots.txt" in rows[BARRED] and "allowed" in rows[CATEGORY]
    with Ledger(tmp_path / "data/crawl.sqlite") as ledger:
        assert {fetch.kind for fetch in ledger.fetches()} == {"robots"}


def test_each_command_has_an_example(run: Run) -> None:
    for command in ("permissions", "savepage", "pages"):
        done = run(command, "--help")
        assert done.returncode == 0 and "Example:" in done.stdout and f"vestiary {command}" in done.stdout
