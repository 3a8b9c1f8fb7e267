from __future__ import annotations

import asyncio
import hashlib
import time
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadFailedError
from scrapy.http import Response

from manifests.ledger import Ledger
from scrapers.config import CrawlConfig, ShopConfig
from scrapers.context import CrawlContext
from scrapers.exit_status import ExitStatus
from scrapers.politeness.robots import MAX_BYTES, HostPolicies, HostPolicy, judge
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import IMAGE_HOST, PAGE_HOST, Answer, Gateway, image_url, serve_shop

SHOP = {
    "base_url": "http://x.test",
    "image_hosts": ["x.test"],
    "categories": [{"path": "/c", "gender": "women", "category": "c"}],
}
RULES = b"User-agent: *\nDisallow: /private/\nCrawl-delay: 2\n"


@pytest.mark.parametrize("status", [301, 307, 401, 403, 429, 500, 502, 503, 599])
def test_a_file_that_cannot_be_read_closes_the_host(status: int) -> None:
    policy = judge(status, "text/plain", b"User-agent: *\nAllow: /\n", 60)
    assert policy.closed and not policy.allows("http://x.test/") and str(status) in policy.why


@pytest.mark.parametrize(
    ("media_type", "body"),
    [("text/html; charset=utf-8", RULES), ("text/plain", b"  <!doctype html><title>&nbsp;</title>"), ("", b"<html>")],
)
def test_a_web_page_instead_of_rules_closes_the_host(media_type: str, body: bytes) -> None:
    assert judge(200, media_type, body, 60).closed


@pytest.mark.parametrize("status", [400, 404, 410, 418])
def test_no_file_means_no_rules(status: int) -> None:
    policy = judge(status, "text/html", b"<html>", 60)
    assert policy.allows("http://x.test/anything") and policy.verdict("http://x.test/") == "allowed (no robots.txt)"


def test_rules_are_kept_to() -> None:
    policy = judge(200, "text/plain", RULES, 60)
    assert policy.allows("http://x.test/public") and not policy.allows("http://x.test/private/a")
    assert policy.verdict("http://x.test/private/a") == "barred by robots.txt"
    assert policy.crawl_delay == 2
    assert judge(200, "text/plain", RULES, 1).closed, "longer than we are willing to wait"


def test_rules_for_our_own_name_come_first_and_a_byte_order_mark_is_no_obstacle() -> None:
    text = "\ufeffUser-agent: Vestiary\nDisallow: /\n\nUser-agent: *\nAllow: /\n".encode()
    assert not judge(200, "text/plain", text, 60).allows("http://x.test/a")


def test_what_lies_beyond_the_size_limit_is_not_read() -> None:
    text = b"User-agent: *\n" + b"#" * MAX_BYTES + b"\nDisallow: /\n"
    assert judge(200, "text/plain", text, 60).allows("http://x.test/a")


def test_the_verdict_notes_who_else_is_barred() -> None:
    text = b"User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /\n\nUser-agent: *\nDisallow: /cart\n"
    assert judge(200, "text/plain", text, 60).verdict("http://x.test/a") == "allowed (but not to GPTBot, CCBot)"


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        (PAGE_HOST, Answer(b"User-agent: *\nAllow: /\n", "text/plain", 403)),
        (PAGE_HOST, Answer(b"User-agent: *\nAllow: /\n", "text/plain", wait=9.0)),
        (IMAGE_HOST, Answer(b"User-agent: *\nAllow: /\n", "text/plain", 503)),
        (IMAGE_HOST, Answer(b"<html>sorry</html>", "text/html")),
    ],
    ids=["pages forbidden", "pages unreachable", "pictures unavailable", "pictures answer a page"],
)
def test_a_crawl_does_not_begin_where_a_host_is_closed(
    crawl: Crawl, gateway: Gateway, host: str, answer: Answer
) -> None:
    serve_shop(gateway, 1)
    gateway.answers[f"http://{host}/robots.txt"] = answer
    crawl.give_up_after(4.0)
    done = crawl.run()
    assert done.returncode == ExitStatus.ROBOTS, done.stderr
    assert {url.rpartition("/")[2] for url in gateway.asked} == {"robots.txt"}
    assert f"http://{host}/robots.txt" in crawl.fetches("robots")
    assert crawl.fetches("page") == {}


def test_crawl_delay_is_applied_and_barred_pages_are_recorded(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 2, ("p",))
    rules = b"User-agent: *\nCrawl-delay: 1\nDisallow: /us/en/products-details?productIds=20\n"
    gateway.answers[f"http://{PAGE_HOST}/robots.txt"] = Answer(rules, "text/plain")
    assert crawl.run().returncode == 0
    times = [at for url, at in zip(gateway.asked, gateway.times, strict=True) if f"//{PAGE_HOST}/" in url]
    assert all(later - earlier > 0.9 for earlier, later in pairwise(times[1:]))
    barred = {url for url, fetch in crawl.fetches("page").items() if fetch.outcome == "robots_barred"}
    assert barred == {f"http://{PAGE_HOST}/us/en/products-details?productIds=20&ajax=true"}
    assert crawl.outcomes() == {image_url(1, "p"): "stored"}
    read = crawl.fetches("robots")[f"http://{PAGE_HOST}/robots.txt"]
    assert read.detail == f"sha256 {hashlib.sha256(rules).hexdigest()}"


def test_the_file_is_read_anew_after_a_day_and_closes_the_host_if_it_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, clock = "http://x.test/a", [0.0]
    answers = [Response("http://x.test/robots.txt", body=b"User-agent: *\nDisallow: /b\n"), None]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    async def download_async(request: Request) -> Response:
        answer = answers.pop(0)
        if answer is None:
            raise DownloadFailedError("connection reset")
        return answer

    async def ask() -> list[HostPolicy]:
        found = []
        for clock[0] in (1.0, 86_400.0, 86_402.0):
            found.append(await policies.of(url))
        return found

    with Ledger(tmp_path / "crawl.sqlite") as ledger:
        crawler = SimpleNamespace(engine=SimpleNamespace(download_async=download_async))
        context = CrawlContext(crawler, "x", CrawlConfig(), ShopConfig.model_validate(SHOP), tmp_path, ledger)  # type: ignore[arg-type]
        policies = HostPolicies(context)
        first, cached, later = asyncio.run(ask())
        rows = ledger.fetches(kind="robots")
    assert first is cached and first.allows(url) and not first.allows("http://x.test/b")
    assert later.closed and "connection reset" in later.why
    assert [row.outcome for row in rows] == ["http_error"]
