from __future__ import annotations

from itertools import pairwise

import pytest

from scrapers.politeness.pacing import next_delay
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import IMAGE_HOST, Answer, Gateway, image_url, serve_shop


@pytest.mark.parametrize(
    ("delay", "latency", "well", "expected"),
    [
        (1.0, 0.1, True, 1.0),  # never below the least
        (1.0, 5.0, True, 3.0),  # towards the time that an answer takes
        (8.0, 0.1, True, 4.5),  # and back
        (1.0, 0.1, False, 2.0),
        (8.0, 0.1, False, 10.0),  # never above the most
        (1.0, 60.0, True, 10.0),
    ],
)
def test_the_delay_follows_the_host_within_its_limits(
    delay: float, latency: float, well: bool, expected: float
) -> None:
    assert next_delay(delay, 1.0, 10.0, latency, well=well) == expected


def test_a_crawl_delay_above_the_most_is_kept() -> None:
    assert next_delay(20.0, 20.0, 10.0, 0.1, well=False) == 20.0


def test_a_host_that_fails_is_asked_more_slowly(crawl: Crawl, gateway: Gateway) -> None:
    text = crawl.config.read_text("utf-8").replace("delay_seconds = 0.0", "delay_seconds = 2.0")
    text = text.replace("max_wait_seconds = 3.0", "max_wait_seconds = 30.0")
    crawl.config.write_text(text, "utf-8")
    serve_shop(gateway, 1, ("p", "a1", "e1"))
    gateway.answers[image_url(1, "p")] = Answer(b"", "text/plain", 503)
    assert crawl.run().returncode == 0
    times = [at for url, at in zip(gateway.asked, gateway.times, strict=True) if f"//{IMAGE_HOST}/assets" in url]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(gaps) == 2, gaps
    # twice the delay and the delay itself; long ones, so that a server that looks late at its clock changes little
    assert gaps[0] >= 4 * 0.92 and gaps[1] >= 2 * 0.94, gaps
