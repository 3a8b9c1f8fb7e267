"""A real Chromium on pages of the gateway: what is painted is seen, and nothing is loaded that was not wanted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from scrapy.http import HtmlResponse

from manifests.ledger import Ledger
from scrapers.browser import CHROMIUM_VARIABLE, PAGES_PER_CONTEXT, Browser, find_chromium
from scrapers.exit_status import ExitStatus
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import Answer, Gateway, jpeg

ROOT, IMAGES = "http://www.zalando.test", "http://img01.zalando.test"
LISTING = f"{ROOT}/mens-clothing-shirts/"
CONFIG = """
[dataset]
path = "{dataset}"
[crawl]
gateway = "{gateway}"
delay_seconds = 0.0
timeout_seconds = 20.0
browser = "{browser}"
[crawl.shops.zalando]
base_url = "http://www.zalando.test"
image_hosts = ["img01.zalando.test"]
synthetic = true
categories = [{{ path = "/mens-clothing-shirts/", gender = "men", category = "shirts" }}]
"""
CATEGORY = '{"id":"q","variables":{"id":"ern:collection:cat:categ:mens-clothing-shirts"}}'
needs_chromium = pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")


def _path(number: int) -> str:
    return f"/nobody-invented-shirt-zz122o0a{number}-q11.html"


def _serve(gateway: Gateway, extra: str = "") -> None:
    """A listing of three products: one in the page, one painted by its script, one by data that the script asks for."""
    collection = {
        "id": "ern:collection:cat:categ:mens-clothing-shirts",
        "entities": {"totalCount": 3, "edges": [{"node": {"uri": ROOT + _path(1)}}]},
    }
    state = {"graphqlCache": {CATEGORY: {"data": {"collection": collection}}}}
    listing = f"""<!DOCTYPE html><!-- synthetic --><title>Shirts</title><link rel="stylesheet" href="/style.css">
<img src="{IMAGES}/tile.jpg"><script src="http://tracker.elsewhere.test/t.js"></script>
<article><a href="{_path(1)}">1</a></article>
<script>
function tile(path) {{
  const article = document.createElement("article");
  article.innerHTML = '<a href="' + path + '"><img src="{IMAGES}/painted.jpg"></a>';
  document.body.append(article);
}}
setTimeout(() => tile("{_path(2)}"), 50);
fetch("/api/tiles").then(answer => answer.json()).then(paths => paths.forEach(tile));
fetch("/private/tiles");
</script><script>window.__hydrationDataConsume({json.dumps(state)})</script>{extra}"""
    answers = gateway.answers
    answers[f"{ROOT}/robots.txt"] = Answer(b"User-agent: *\nDisallow: /private/\n", "text/plain")
    answers[LISTING] = Answer(listing.encode())
    answers[f"{ROOT}/api/tiles"] = Answer(json.dumps([_path(3)]).encode(), "application/json")
    for number in (1, 2, 3):
        _serve_product(gateway, number)


def _serve_product(gateway: Gateway, number: int) -> None:
    folder, name = f"{number:032x}", f"{number + 100:032x}"
    image = f"{IMAGES}/article/spp-media-p1/{folder}/{name}.jpg"
    linked = {"@type": "Product", "name": f"Shirt {number}", "image": [f"{image}?imwidth=762"]}
    page = f'<!-- synthetic --><script type="application/ld+json">{json.dumps(linked)}</script>'
    gateway.answers[ROOT + _path(number)] = Answer(page.encode())
    gateway.answers[image] = Answer(jpeg(number), "image/jpeg")


@pytest.fixture
def zalando(root: Path, tmp_path: Path, gateway: Gateway) -> Crawl:
    config = tmp_path / "crawl.toml"
    config.write_text(CONFIG.format(dataset=tmp_path / "data", gateway=gateway.url, browser="auto"), "utf-8")
    return Crawl(root, config, tmp_path / "data")


@needs_chromium
def test_painted_tiles_are_found_and_nothing_else_is_loaded(zalando: Crawl, gateway: Gateway) -> None:
    _serve(gateway)
    done = zalando.run("zalando")
    assert done.returncode == 0, done.stderr
    assert len(zalando.fetches("image")) == 3
    asked = {url.partition("?")[0] for url in gateway.asked}
    assert f"{ROOT}/api/tiles" in asked
    for unwanted in (f"{ROOT}/style.css", f"{IMAGES}/tile.jpg", f"{IMAGES}/painted.jpg", f"{ROOT}/private/tiles"):
        assert unwanted not in asked
    assert not [url for url in asked if "elsewhere" in url or "google" in url]
    assert gateway.asked.count(LISTING) == 1
    assert all(agent.startswith("Vestiary/") for agent in gateway.agents)
    assert "missed" not in done.stderr


@needs_chromium
def test_a_challenge_never_reaches_the_browser(zalando: Crawl, gateway: Gateway) -> None:
    _serve(gateway)
    challenge = """<html><head><meta http-equiv="refresh" content="0; URL='/mens-clothing-shirts/?bm-verify=synthetic'">
<title>&nbsp;</title></head><body><script>fetch("/_sec/verify?provider=interstitial")</script></body></html>"""
    gateway.answers[LISTING] = Answer(challenge.encode())
    done = zalando.run("zalando")
    assert done.returncode == ExitStatus.BLOCKED, done.stderr
    assert gateway.asked_of("www.zalando.test") == [LISTING]
    assert zalando.fetches("page")[LISTING].outcome == "blocked"


@needs_chromium
def test_a_page_that_moves_on_by_itself_is_not_followed(zalando: Crawl, gateway: Gateway) -> None:
    moves = """<meta http-equiv="refresh" content="0; URL='/elsewhere/'"><iframe src="/frame/"></iframe>
<script>setTimeout(() => { location.href = "/elsewhere/"; }, 100)</script>"""
    _serve(gateway, moves)
    done = zalando.run("zalando")
    assert done.returncode == 0, done.stderr
    assert len(zalando.fetches("image")) >= 1, "what was served stands"
    assert not [url for url in gateway.asked if "elsewhere" in url or "frame" in url]


def _children(pid: int, word: bytes) -> dict[int, int]:
    """Resident bytes of every process under `pid` whose command line holds `word`, by process id."""
    parents, found = {}, {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            fields = (entry / "stat").read_text("utf-8").rpartition(")")[2].split()
            parents[int(entry.name)] = int(fields[1])
            if word in (entry / "cmdline").read_bytes():
                found[int(entry.name)] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")

    def is_under(process: int) -> bool:
        while process in parents and process != pid:
            process = parents[process]
        return process == pid

    return {process: size for process, size in found.items() if is_under(process)}


@needs_chromium
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_renderer_that_dies_at_any_moment_is_replaced_and_nothing_is_left_running(
    zalando: Crawl, gateway: Gateway
) -> None:
    """A listing for each moment, with a product that only its script shows: it is found once painting succeeds."""
    moments = {
        "created": "",
        "prepared": "",
        "loading": '<script src="/early.js"></script>',  # the page is not loaded before it has been answered
        "scrolling": '<script>addEventListener("wheel", () => fetch("/api/scrolled"), {once: true})</script>',
        "painted": "",
    }
    browsers: dict[int, int] = {}
    killed: dict[str, list[int]] = {}

    def kill_once(moment: str) -> Answer:
        browsers.update(_children(process.pid, b"chrom"))
        if moment not in killed:
            killed[moment] = list(_children(process.pid, b"--type=renderer"))
            for renderer in killed[moment]:
                os.kill(renderer, signal.SIGKILL)
        return Answer(b"", "text/javascript")

    _serve(gateway)
    listing = gateway.answers[LISTING]
    assert isinstance(listing, Answer)
    gateway.answers[f"{ROOT}/early.js"] = lambda: kill_once("loading")
    gateway.answers[f"{ROOT}/api/scrolled"] = lambda: kill_once("scrolling")
    following = ""
    for number, (moment, script) in reversed(list(enumerate(moments.items(), start=10))):
        _serve_product(gateway, number)
        head = f"</title>{following}{script}".encode()
        tile = f'<script>tile("{_path(number)}")</script>'.encode()
        address = f"{LISTING}?dies={moment}"
        gateway.answers[address] = Answer(listing.body.replace(b"</title>", head) + tile)
        following = f'<link rel="next" href="{address}">'
    zalando.config.write_text(zalando.config.read_text("utf-8").replace('shirts/"', 'shirts/?dies=created"'), "utf-8")
    process = zalando.start("zalando", module="tests.scrapers.dying_pages")
    _, text = process.communicate(timeout=300)
    assert process.returncode == 0, text
    assert set(killed) == {"loading", "scrolling"} and all(killed.values()), text
    assert text.count("; once more") == len(moments), text
    assert len(zalando.fetches("image")) == 3 + len(moments), "what is painted was found after all"
    deadline = time.monotonic() + 60
    while (left := [pid for pid in browsers if Path(f"/proc/{pid}/exe").exists()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left


def test_a_context_paints_so_many_pages_and_a_new_one_after_a_failure() -> None:
    browser = Browser("/usr/bin/chromium", "article", None)  # type: ignore[arg-type]
    browser._context = SimpleNamespace(config=SimpleNamespace(user_agent="Vestiary/0"))  # type: ignore[assignment]
    response = HtmlResponse(LISTING, body=b"")
    names = [browser.meta(response)["playwright_context"] for _ in range(2 * PAGES_PER_CONTEXT)]
    assert sorted(set(names)) == ["painting-0", "painting-1", "painting-2"]
    assert max(names.count(name) for name in names) <= PAGES_PER_CONTEXT
    meta = {"depth": 2, "playwright_context": names[-1]}
    assert browser.renewed(meta) == {"depth": 2, "playwright_context": "painting-3"}
    assert browser.meta(response)["playwright_context"] == "painting-3"


@needs_chromium
@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_memory_does_not_grow_with_the_pages_that_are_painted(zalando: Crawl, gateway: Gateway) -> None:
    """VESTIARY_PAINTED_PAGES sets how many (default 120, that is two changes of context)."""
    pages = int(os.environ.get("VESTIARY_PAINTED_PAGES", "120"))
    _serve(gateway)
    config = zalando.config.read_text("utf-8")
    zalando.config.write_text(config.replace("synthetic", f"max_pages = {pages}\nsynthetic"), "utf-8")
    sizes: list[int] = []
    process: list[subprocess.Popen[str]] = []

    def tiles() -> Answer:
        sizes.append(sum(_children(process[0].pid, b"chrom").values()))
        return Answer(json.dumps([_path(10 + len(sizes))]).encode(), "application/json")

    def listing(number: int) -> Answer:
        first = gateway.answers[LISTING]
        assert isinstance(first, Answer)
        link = f'<link rel="next" href="/mens-clothing-shirts/?p={number + 1}">'.encode()
        return Answer(first.body.replace(b"</title>", b"</title>" + link))

    gateway.answers |= {f"{LISTING}?p={number}": listing(number) for number in range(1, pages + 1)}
    gateway.answers[LISTING] = listing(1)
    gateway.answers[f"{ROOT}/api/tiles"] = tiles
    process.append(zalando.start("zalando", "-a", "limit=1000000"))
    process[0].communicate(timeout=60 + 20 * pages)
    assert len(sizes) == pages
    early, late = max(sizes[10:40]), max(sizes[-30:])
    print(f"{pages} pages: {early / 1e6:.0f} MB among the first 40, {late / 1e6:.0f} MB among the last 30")
    assert late < 1.3 * early


def test_without_a_browser_the_crawl_goes_on_and_says_what_it_misses(zalando: Crawl, gateway: Gateway) -> None:
    _serve(gateway)
    text = zalando.config.read_text("utf-8").replace('"auto"', '"never"')
    zalando.config.write_text(text, "utf-8")
    done = zalando.run("zalando")
    assert done.returncode == 0, done.stderr
    assert len(zalando.fetches("image")) == 1
    assert "2 of 3 products are on no page" in done.stderr
    with Ledger(zalando.dataset / "crawl.sqlite") as ledger:
        run = ledger.last_run("zalando")
    assert run is not None and run["summary"]["counts"]["products:missed"] == 2


def test_a_browser_that_does_not_start_is_done_without(
    zalando: Crawl, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _serve(gateway)
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv(CHROMIUM_VARIABLE, str(broken))
    done = zalando.run("zalando")
    assert done.returncode == 0, done.stderr
    assert len(zalando.fetches("image")) == 1
    assert "the browser failed" in done.stderr


def test_always_means_always(zalando: Crawl, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _serve(gateway)
    monkeypatch.setenv(CHROMIUM_VARIABLE, str(tmp_path / "nothing"))
    assert zalando.run("zalando").returncode == 0
    zalando.config.write_text(zalando.config.read_text("utf-8").replace('"auto"', '"always"'), "utf-8")
    done = zalando.run("zalando")
    assert done.returncode == ExitStatus.FAILED and CHROMIUM_VARIABLE in done.stderr


def test_the_named_browser_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    browser = tmp_path / "my-chromium"
    browser.touch(0o755)
    monkeypatch.setenv(CHROMIUM_VARIABLE, str(browser))
    assert find_chromium() == str(browser)
    browser.chmod(0o644)
    assert find_chromium() is None
    monkeypatch.delenv(CHROMIUM_VARIABLE)
    (tmp_path / "chromium").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_chromium() == str(tmp_path / "chromium")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "ms"))
    assert find_chromium() is None
