"""That pictures keep to every rule on their short way is shown by the tests of the rules; here, how that way ends."""

from __future__ import annotations

from manifests.ledger import Ledger
from scrapers.exit_status import ExitStatus
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import IMAGE_HOST, PAGE_HOST, Answer, Gateway, serve_shop

STOPPING = ("-s", "DOWNLOADER=tests.scrapers.stopping_downloader.StoppingDownloader")


def test_a_picture_that_waits_when_the_crawl_stops_is_not_sent_and_nobody_waits_for_it(
    crawl: Crawl, gateway: Gateway
) -> None:
    serve_shop(gateway, 1, ("p", "a1"))
    rules = b"User-agent: *\nCrawl-delay: 3\nDisallow: /.well-known/\n"
    gateway.answers[f"http://{IMAGE_HOST}/robots.txt"] = Answer(rules, "text/plain")

    of_a_page = crawl.run("zara", *STOPPING)
    assert of_a_page.returncode == ExitStatus.UNAVAILABLE, of_a_page.stderr
    assert gateway.asked_of(IMAGE_HOST) == [] and crawl.outcomes() == {}

    pages = gateway.asked_of(PAGE_HOST)
    of_the_ledger = crawl.run("zara", *STOPPING)  # no request is under way for whose sake Scrapy would wait
    assert of_the_ledger.returncode == ExitStatus.UNAVAILABLE, of_the_ledger.stderr
    assert gateway.asked_of(IMAGE_HOST) == [] and crawl.outcomes() == {}
    assert gateway.asked_of(PAGE_HOST) == pages
    with Ledger(crawl.dataset / "crawl.sqlite") as ledger:
        assert [run["reason"] for run in ledger.runs("zara")] == ["unavailable"] * 2
