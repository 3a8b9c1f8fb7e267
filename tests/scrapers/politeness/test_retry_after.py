from __future__ import annotations

import pytest

from scrapers.exit_status import ExitStatus
from scrapers.politeness.retry_after import retry_after_seconds
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import Answer, Gateway, image_url, jpeg, serve_shop


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sun, 22 Nov 2026 10:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 09:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_seconds(value, 1795341600.0) == seconds  # 2026-11-22 10:00:00 UTC


def test_a_host_gets_the_time_it_asks_for(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 1, ("p",))
    answers = [Answer(b"busy", "text/plain", 503, {"Retry-After": "1"}), Answer(jpeg(1), "image/jpeg")]
    gateway.answers[image_url(1, "p")] = lambda: answers.pop(0)
    assert crawl.run().returncode == 0
    times = [at for url, at in zip(gateway.asked, gateway.times, strict=True) if "-p.jpg" in url]
    assert len(times) == 2 and times[1] - times[0] >= 1.0
    assert crawl.outcomes() == {image_url(1, "p"): "stored"}


def test_a_host_that_asks_for_too_much_time_is_left_alone(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 2, ("p",))
    gateway.answers[image_url(1, "p")] = Answer(b"busy", "text/plain", 503, {"Retry-After": "3600"})
    done = crawl.run()
    assert done.returncode == ExitStatus.BUSY and "3600" in done.stderr
    assert crawl.outcomes()[image_url(1, "p")] == "http_error"
