from __future__ import annotations

import itertools
import signal
import subprocess
import threading
import time
from collections.abc import Callable

from manifests.image_store import ImageStore
from manifests.ledger import Ledger
from scrapers.config import load
from scrapers.exit_status import ExitStatus
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import IMAGE_HOST, PAGE_HOST, Answer, Gateway, image_url, jpeg, serve_shop

CATEGORY = f"http://{PAGE_HOST}/us/en/category/1/products?ajax=true"


PATIENCE = 240.0
"""Seconds; a busy machine takes half a minute to start Python."""


def _until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait while `process` runs."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline, process.poll()
        time.sleep(0.01)


def _details(number: int) -> str:
    return f"http://{PAGE_HOST}/us/en/products-details?productIds={number * 10}&ajax=true"


def _aged(crawl: Crawl, seconds: float) -> None:
    """Everything in the ledger happened so much earlier."""
    with Ledger(crawl.dataset / "crawl.sqlite") as ledger:
        ledger._db.execute("UPDATE pages SET read_at = read_at - ?", (seconds,))
        ledger._db.execute("UPDATE fetches SET fetched_at = fetched_at - ?", (seconds,))


def _hold(gateway: Gateway, after: int) -> threading.Event:
    """Have so many pictures answered at once, and the others when the event that is returned is set."""
    released, turns = threading.Event(), itertools.count()

    def held(answer: Answer) -> Callable[[], Answer]:
        def give() -> Answer:
            if next(turns) >= after:
                released.wait(120)
            return answer

        return give

    for url, answer in gateway.answers.items():
        if IMAGE_HOST in url and isinstance(answer, Answer):
            gateway.answers[url] = held(answer)
    return released


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
    released = _hold(gateway, after=9)
    process = crawl.start()
    _until(lambda: len(gateway.asked_of(IMAGE_HOST)) >= 10, process)
    _until(lambda: list(crawl.outcomes().values()).count("stored") >= 6, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    released.set()
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
    released = _hold(gateway, after=2)
    process = crawl.start()
    _until(lambda: len(gateway.asked_of(IMAGE_HOST)) >= 3, process)
    process.send_signal(signal.SIGINT)
    released.set()
    _, text = process.communicate(timeout=PATIENCE)
    assert process.returncode == ExitStatus.INTERRUPTED, text
    assert "the same command again goes on" in text
    with Ledger(crawl.dataset / "crawl.sqlite") as ledger:
        config, _ = load(crawl.config)
        assert not ledger.finished("zara", config.fingerprint_of("zara"))


def test_a_product_page_that_was_read_is_not_asked_for_again_until_it_is_old(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 3, ("p", "a1"))
    assert crawl.run().returncode == 0
    first = crawl.sightings()
    gateway.asked.clear()
    done = crawl.run("zara", "-a", "refresh=7d")
    assert done.returncode == 0, done.stderr
    assert gateway.asked_of(PAGE_HOST) == [CATEGORY], "a listing says what the shop has today"
    assert crawl.sightings() == first and "pages known" in done.stderr
    _aged(crawl, 8 * 24 * 3600)
    gateway.asked.clear()
    assert crawl.run("zara", "-a", "refresh=7d").returncode == 0
    assert sorted(set(gateway.asked_of(PAGE_HOST))) == sorted([CATEGORY, *map(_details, (1, 2, 3))])
    assert gateway.asked_of(IMAGE_HOST) == []


def test_a_product_that_the_shop_took_away_is_gone_and_not_asked_for_again(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 3, ("p",))
    assert crawl.run().returncode == 0
    gateway.answers[_details(2)] = Answer(b"gone", "text/plain", 410)
    done = crawl.run("zara", "-a", "refresh=0s")
    assert done.returncode == 0 and "products gone since" in done.stderr
    with Ledger(crawl.dataset / "crawl.sqlite") as ledger:
        gone = {page.url: page.gone_at is not None for page in ledger.known_pages("zara", "product")}
    assert gone == {_details(1): False, _details(2): True, _details(3): False}
    assert len(crawl.sightings()) == 3, "its pictures were seen"
    gateway.asked.clear()
    assert crawl.run("zara", "-a", "refresh=0s").returncode == 0
    assert _details(2) not in gateway.asked and _details(1) in gateway.asked


def test_a_page_that_fails_on_is_tried_less_and_less_often(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 2, ("p",))
    gateway.answers[_details(2)] = Answer(b"{}", "application/json")

    def asked() -> bool:
        gateway.asked.clear()
        assert crawl.run().returncode == 0
        return _details(2) in gateway.asked

    assert asked() and asked() and not asked(), "at once by the next run, then after an hour"
    _aged(crawl, 3601)
    assert asked()


def test_a_crawl_that_was_killed_asks_for_no_page_twice(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 4, ("p", "a1"))
    process: list[subprocess.Popen[str]] = []

    def kill() -> Answer:
        process[0].send_signal(signal.SIGKILL)
        return Answer(jpeg(1), "image/jpeg")

    good = gateway.answers[image_url(3, "p")]
    gateway.answers[image_url(3, "p")] = kill
    process.append(crawl.start())
    process[0].communicate(timeout=PATIENCE)
    read = {url for url, fetch in crawl.fetches("page").items() if fetch.outcome == "ok"}
    assert CATEGORY in read and _details(3) in read
    gateway.answers[image_url(3, "p")] = good
    gateway.asked.clear()
    done = crawl.run()
    assert done.returncode == 0, done.stderr
    assert read.isdisjoint(gateway.asked)
    assert set(crawl.outcomes().values()) == {"stored"} and len(crawl.outcomes()) == 8


def test_a_shop_that_gives_less_than_last_time_fails_with_the_list(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 12, ("p", "a1"))
    assert crawl.run().returncode == 0
    serve_shop(gateway, 12, ("p",))
    for number in range(1, 13):
        answer = gateway.answers[_details(number)]
        assert isinstance(answer, Answer)
        answer.body = answer.body.replace(b'"familyName"', b'"family"')
    done = crawl.run("zara", "-a", "refresh=0s")
    assert done.returncode == ExitStatus.MARKUP
    for words in (
        "1.0 pictures per product, 2.0 in the last good run",
        "0% of products have garment, 100% in the last",
    ):
        assert words in " ".join(done.stderr.split())
    with Ledger(crawl.dataset / "crawl.sqlite") as ledger:
        assert ledger.last_run("zara")["reason"] == "markup"  # type: ignore[index]
