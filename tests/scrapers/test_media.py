from __future__ import annotations

from pathlib import Path

import pytest

from manifests.image_store import ImageStore
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import IMAGE_HOST, Answer, Gateway, image_url, jpeg, serve_shop


def test_every_picture_ends_with_its_own_outcome_and_original_bytes(crawl: Crawl, gateway: Gateway) -> None:
    codes = ("p", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "e1")
    serve_shop(gateway, 2, codes)
    gateway.answers[f"http://{IMAGE_HOST}/robots.txt"] = Answer(b"User-agent: *\nDisallow: /*-a7.jpg\n", "text/plain")
    answers = gateway.answers
    answers[image_url(1, "a1")] = Answer(b"<html><body>in preparation</body></html>", "image/jpeg")
    answers[image_url(1, "a2")] = Answer(jpeg(5)[:-100], "image/jpeg")
    answers[image_url(1, "a3")] = Answer(jpeg(6), "image/jpeg", length=len(jpeg(6)) + 500)
    answers[image_url(1, "a4")] = Answer(jpeg(7, (2000, 2000)), "image/jpeg")
    answers[image_url(1, "a5")] = Answer(b"gone", "text/plain", 404)
    answers[image_url(1, "a6")] = Answer(jpeg(8), "image/jpeg", headers={"X-Robots-Tag": "noai, noimageai"})
    answers[image_url(1, "e1")] = Answer(bytes(30_000), "image/jpeg")
    answers[image_url(2, "a1")] = Answer(b"", "text/plain", 500)
    answers[image_url(2, "a2")] = Answer(jpeg(9), "image/jpeg", wait=20.0)
    answers[image_url(2, "a3")] = Answer(jpeg(10), "application/octet-stream", headers={"X-Robots-Tag": "noarchive"})

    crawl.give_up_after(8.0)
    done = crawl.run()
    assert done.returncode == 0, done.stderr
    outcomes = crawl.outcomes()
    expected = {
        (1, "p"): "stored",
        (1, "a1"): "not_image",
        (1, "a2"): "stored",
        (1, "a3"): "truncated",
        (1, "a4"): "too_large",
        (1, "a5"): "gone",
        (1, "a6"): "opted_out",
        (1, "a7"): "robots_barred",
        (1, "e1"): "too_large",
        (2, "a1"): "http_error",
        (2, "a2"): "timeout",
        (2, "a3"): "stored",
    }
    assert {key: outcomes[image_url(*key)] for key in expected} == expected

    sightings = crawl.sightings()
    assert len(sightings) == 2 * len(codes), "a refused picture is seen too"
    by_url = {sighting.image_url.partition("?")[0]: sighting for sighting in sightings}
    assert by_url[image_url(1, "a7")].robots == "barred by robots.txt"
    assert by_url[image_url(1, "p")].robots == "allowed"
    assert [by_url[image_url(1, code)].position for code in codes] == list(range(len(codes)))
    assert not [url for url in gateway.asked if "-a7.jpg" in url]

    fetches = {url.partition("?")[0]: fetch for url, fetch in crawl.fetches("image").items()}
    store = ImageStore(crawl.dataset / "images")
    assert store.read(str(fetches[image_url(1, "a2")].image_id)) == jpeg(5)[:-100]
    assert fetches[image_url(1, "a6")].signals == ("X-Robots-Tag: noai, noimageai",)
    assert fetches[image_url(2, "a3")].signals == ("X-Robots-Tag: noarchive",)
    assert not list(Path(crawl.dataset).rglob("*.part*"))
    assert "too_large" in done.stderr and "pictures stored" in done.stderr


def test_a_picture_on_another_host_is_recorded_and_not_asked_for(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 1, ("p",))
    url = next(url for url in gateway.answers if "products-details" in url)
    answer = gateway.answers[url]
    assert isinstance(answer, Answer)
    answer.body = answer.body.replace(IMAGE_HOST.encode(), b"tracker.elsewhere.test")
    done = crawl.run()
    [fetch] = crawl.fetches("image").values()
    assert fetch.outcome == "http_error" and "image_hosts" in fetch.detail
    assert not [asked for asked in gateway.asked if "elsewhere" in asked]
    assert done.returncode == 0


@pytest.mark.parametrize("path", ["images", "crawl.sqlite"])
def test_nothing_is_left_behind_but_the_ledger_and_the_pictures(crawl: Crawl, gateway: Gateway, path: str) -> None:
    serve_shop(gateway, 1, ("p",))
    assert crawl.run().returncode == 0
    assert {item.name.partition("-")[0] for item in crawl.dataset.iterdir()} == {"images", "crawl.sqlite"}
    assert (crawl.dataset / path).exists()
