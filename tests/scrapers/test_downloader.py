"""That pictures keep to every rule on their short way is shown by the tests of the rules; here, how that way ends."""

from __future__ import annotations

import threading

from scrapers.exit_status import ExitStatus
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import IMAGE_HOST, Answer, Gateway, image_url, jpeg, serve_shop

CHALLENGE = b"""<html><head><meta http-equiv="refresh" content="0; URL='/?bm-verify=synthetic'"><title>&nbsp;</title>"""


def test_a_crawl_that_stops_while_a_picture_waits_ends_and_records_what_was_sent(
    crawl: Crawl, gateway: Gateway
) -> None:
    text = crawl.config.read_text("utf-8").replace("max_wait_seconds = 3.0", "max_wait_seconds = 5.0")
    crawl.config.write_text(text, "utf-8")
    crawl.give_up_after(60.0)
    serve_shop(gateway, 2, ("p", "a1", "e1"))
    gateway.answers[f"http://{IMAGE_HOST}/robots.txt"] = Answer(b"User-agent: *\nCrawl-delay: 4\n", "text/plain")
    asked = threading.Event()

    def first() -> Answer:
        asked.set()
        return Answer(jpeg(1), "image/jpeg")

    def challenge() -> Answer:
        asked.wait(60)
        return Answer(CHALLENGE, wait=0.5)  # by then the next picture waits for the delay to be over

    gateway.answers[image_url(2, "p")] = first
    gateway.answers[next(url for url in gateway.answers if "productIds=10&" in url)] = challenge
    done = crawl.run()
    assert done.returncode == ExitStatus.BLOCKED, done.stderr
    asked_of = {url.partition("?")[0] for url in gateway.asked_of(IMAGE_HOST)}
    assert image_url(2, "p") in asked_of and crawl.outcomes() == dict.fromkeys(asked_of, "stored")
