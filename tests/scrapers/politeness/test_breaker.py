from __future__ import annotations

import pytest

from scrapers.exit_status import ExitStatus
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import IMAGE_HOST, Answer, Gateway, image_url, serve_shop

CODES = ("p", "a1", "a2", "a3", "a4", "a5", "a6", "e1")


@pytest.mark.parametrize(
    ("answer", "limit", "status"),
    [
        (Answer(b"no", "text/plain", 403), 3, ExitStatus.BLOCKED),
        (Answer(b"<html><title>soon</title></html>", "image/jpeg"), 5, ExitStatus.BLOCKED),
        (Answer(b"", "text/plain", 503), 5, ExitStatus.UNAVAILABLE),
    ],
    ids=["403", "web pages", "503"],
)
def test_failures_in_a_row_stop_the_crawl_and_single_ones_do_not(
    crawl: Crawl, gateway: Gateway, answer: Answer, limit: int, status: ExitStatus
) -> None:
    serve_shop(gateway, 1, CODES)
    for code in CODES[: limit - 1]:
        gateway.answers[image_url(1, code)] = answer
    assert crawl.run().returncode == 0
    assert sum(outcome == "stored" for outcome in crawl.outcomes().values()) == len(CODES) - limit + 1
    serve_shop(gateway, 2, CODES)
    for code in CODES:
        gateway.answers[image_url(2, code)] = answer
    gateway.asked.clear()
    done = crawl.run()
    assert done.returncode == status and "in a row" in done.stderr, done.stderr
    assert len([url for url in gateway.asked_of(IMAGE_HOST) if "00000002800" in url]) == limit
