from __future__ import annotations

import signal
import time

from manifests.image_store import ImageStore
from manifests.ledger import Ledger
from scrapers.config import load
from scrapers.exit_status import ExitStatus
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import IMAGE_HOST, Answer, Gateway, image_url, jpeg, serve_shop


def test_a_second_run_fetches_no_picture_and_keeps_the_sightings(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 3)
    gateway.answers[image_url(2, "a1")] = Answer(b"gone", "text/plain", 410)
    first = crawl.run()
    assert first.returncode == 0, first.stderr
    assert len(gateway.asked_of(IMAGE_HOST)) == 9
    sightings = crawl.sightings()
    gateway.asked.clear()
    assert crawl.run().returncode == 0
    assert gateway.asked_of(IMAGE_HOST) == []
    assert crawl.sightings() == sightings
    with Ledger(crawl.dataset / "crawl.sqlite") as ledger:
        config, _ = load(crawl.config)
        assert ledger.finished("zara", config.fingerprint_of("zara"))
        assert ledger.last_run("zara")["summary"]["counts"]["image:known:stored"] == 8  # type: ignore[index]


def test_only_passing_failures_are_tried_again(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 1, ("p", "a1", "a2", "e1"))
    gateway.answers[image_url(1, "a1")] = Answer(b"", "text/plain", 500)
    gateway.answers[image_url(1, "a2")] = Answer(b"<html>", "image/jpeg")
    gateway.answers[image_url(1, "e1")] = Answer(jpeg(1), "image/jpeg", headers={"X-Robots-Tag": "noai"})
    assert crawl.run().returncode == 0
    gateway.asked.clear()
    for code in ("a1", "a2", "e1"):
        gateway.answers[image_url(1, code)] = Answer(jpeg(2), "image/jpeg")
    assert crawl.run().returncode == 0
    assert [url.partition("?")[0] for url in gateway.asked_of(IMAGE_HOST)] == [image_url(1, "a1")]
    assert crawl.outcomes() == {
        image_url(1, "p"): "stored",
        image_url(1, "a1"): "stored",
        image_url(1, "a2"): "not_image",
        image_url(1, "e1"): "opted_out",
    }


def test_a_picture_missing_from_the_store_is_fetched_again(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 1, ("p", "a1"))
    assert crawl.run().returncode == 0
    fetch = next(fetch for url, fetch in crawl.fetches("image").items() if "-p.jpg" in url)
    path = ImageStore(crawl.dataset / "images").path(str(fetch.image_id))
    assert path is not None
    path.unlink()
    gateway.asked.clear()
    assert crawl.run().returncode == 0
    assert [url.partition("?")[0] for url in gateway.asked_of(IMAGE_HOST)] == [image_url(1, "p")]
    assert path.is_file()


def test_killed_at_any_moment_the_next_run_fetches_only_what_is_missing(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 6)
    for url, answer in gateway.answers.items():
        if IMAGE_HOST in url and isinstance(answer, Answer):
            answer.wait = 0.05
    process = crawl.start()
    deadline = time.monotonic() + 60
    while len(gateway.asked_of(IMAGE_HOST)) < 7 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    stored = {url for url, outcome in crawl.outcomes().items() if outcome == "stored"}
    assert 6 <= len(stored) < 18
    store = ImageStore(crawl.dataset / "images")
    assert all(str(fetch.image_id) in store for fetch in crawl.fetches("image").values())
    gateway.asked.clear()
    done = crawl.run()
    assert done.returncode == 0, done.stderr
    again = {url.partition("?")[0] for url in gateway.asked_of(IMAGE_HOST)}
    assert again.isdisjoint(stored) and len(again) == 18 - len(stored)
    assert len(crawl.outcomes()) == 18 and set(crawl.outcomes().values()) == {"stored"}


def test_an_interrupted_crawl_says_so_and_how_to_go_on(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 6)
    for url, answer in gateway.answers.items():
        if IMAGE_HOST in url and isinstance(answer, Answer):
            answer.wait = 0.1
    process = crawl.start()
    deadline = time.monotonic() + 60
    while len(gateway.asked_of(IMAGE_HOST)) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, text = process.communicate(timeout=60)
    assert process.returncode == ExitStatus.INTERRUPTED, text
    assert "the same command again goes on" in text
    with Ledger(crawl.dataset / "crawl.sqlite") as ledger:
        config, _ = load(crawl.config)
        assert not ledger.finished("zara", config.fingerprint_of("zara"))
