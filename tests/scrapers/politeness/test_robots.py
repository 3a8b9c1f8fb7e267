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
from scrapers.politeness import robots
from scrapers.politeness.host_policies import HostPolicies, HostPolicy
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import IMAGE_HOST, PAGE_HOST, Answer, Gateway, image_url, serve_shop

SHOP = {
    "base_url": "http://x.test",
    "image_hosts": ["x.test"],
    "categories": [{"path": "/c", "gender": "women", "category": "c"}],
}


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
        policies = HostPolicies(lambda origin: robots.ask(context, origin))
        shop = ShopConfig.model_validate(SHOP)
        context = CrawlContext(crawler, "x", CrawlConfig(), shop, tmp_path, ledger, policies)  # type: ignore[arg-type]
        first, cached, later = asyncio.run(ask())
        rows = ledger.fetches(kind="robots")
    assert first is cached and first.allows(url) and not first.allows("http://x.test/b")
    assert later.closed and "connection reset" in later.why
    assert [row.outcome for row in rows] == ["http_error"]
