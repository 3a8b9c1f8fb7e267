"""The way from a category to its products, against a gateway: what spiders do when a shop does the unexpected."""

from __future__ import annotations

import json

import pytest

from manifests.ledger import Ledger
from manifests.reasons import Gender, View
from scrapers.config import load
from scrapers.exit_status import ExitStatus
from scrapers.spiders.asking import same_page
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import IMAGE_HOST, PAGE_HOST, Answer, Gateway, product_json, serve_shop

CATEGORY = f"http://{PAGE_HOST}/us/en/category/1/products?ajax=true"


def _details(number: int) -> str:
    return f"http://{PAGE_HOST}/us/en/products-details?productIds={number * 10}&ajax=true"


def test_a_crawl_leaves_what_the_shop_says(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 2)
    assert crawl.run().returncode == 0
    first = crawl.sightings()[0]
    assert (first.source, first.product_id, first.style_id) == ("zara", "10", "00000001-I2026")
    assert (first.gender, first.category, first.brand, first.colour) == (Gender.WOMEN, "SHIRT", "Zara", "Black")
    assert first.page_url == f"http://{PAGE_HOST}/us/en/synthetic-shirt-p00000001.html?v1=10"
    assert first.synthetic
    assert sorted({(sighting.position, sighting.view) for sighting in crawl.sightings()}) == [
        (0, View.MODEL),
        (1, View.MODEL),
        (2, View.PACKSHOT),
    ]
    assert {url.rpartition("/")[2] for url in gateway.asked if IMAGE_HOST in url} >= {"robots.txt"}
    assert all("w=2048" in url for url in gateway.asked if "/assets/" in url)
    assert gateway.agents == {agent for agent in gateway.agents if agent.startswith("Vestiary/")}


def test_a_limit_is_kept_and_does_not_count_as_the_whole_crawl(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 5, ("p",))
    assert crawl.run("zara", "-a", "limit=2").returncode == 0
    assert len(crawl.outcomes()) == 2
    with Ledger(crawl.dataset / "crawl.sqlite") as ledger:
        assert not ledger.finished("zara", load(crawl.config)[0].fingerprint_of("zara"))


def test_a_category_that_leads_elsewhere_is_dropped(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 2)
    elsewhere = f"http://{PAGE_HOST}/us/en/category/2/products?ajax=true"
    gateway.answers[elsewhere] = gateway.answers[CATEGORY]
    gateway.answers[CATEGORY] = Answer(b"", "text/plain", 301, {"Location": elsewhere})
    done = crawl.run()
    assert done.returncode == ExitStatus.MARKUP, "nothing was found, so the gates fail"
    assert crawl.fetches("page")[CATEGORY].outcome == "http_error"
    assert "redirected" in crawl.fetches("page")[CATEGORY].detail
    assert crawl.sightings() == []


def test_an_empty_category_is_an_error_and_not_the_end_of_a_list(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 1)
    gateway.answers[CATEGORY] = Answer(json.dumps({"productGroups": []}).encode(), "application/json")
    assert crawl.run().returncode == ExitStatus.MARKUP
    assert "no product" in crawl.fetches("page")[CATEGORY].detail


@pytest.mark.parametrize("body", [b"{}", b"<html><title>Welcome</title></html>"])
def test_three_pages_without_data_in_a_row_stop_the_crawl(crawl: Crawl, gateway: Gateway, body: bytes) -> None:
    serve_shop(gateway, 9, ("p",))
    for number in range(3, 10):
        gateway.answers[_details(number)] = Answer(body, "application/json")
    done = crawl.run()
    assert done.returncode == ExitStatus.MARKUP, done.stderr
    empty = [url for url, fetch in crawl.fetches("page").items() if fetch.outcome == "http_error"]
    assert 3 <= len(empty) <= 4
    assert "without product data" in done.stderr


def test_one_bad_product_does_not_stop_the_others(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 4, ("p",))
    gateway.answers[_details(1)] = Answer(b"", "text/plain", 404)
    gateway.answers[_details(2)] = Answer(b"[]", "application/json")
    gateway.answers[_details(3)] = Answer(json.dumps([product_json(9, ("p",))]).encode(), "application/json")
    done = crawl.run()
    assert done.returncode == 0, done.stderr
    outcomes = {url: fetch.outcome for url, fetch in crawl.fetches("page").items()}
    assert outcomes[_details(1)] == "gone"
    assert outcomes[_details(2)] == outcomes[_details(3)] == "http_error", "another colour than the one asked for"
    assert len(crawl.sightings()) == 1


@pytest.mark.parametrize(
    ("asked", "came", "same"),
    [
        ("http://a.test/x/", "http://a.test/x", True),
        ("http://a.test//x?p=1", "http://a.test/x?q=2", True),
        ("http://a.test/x", "http://a.test/y", False),
        ("http://a.test/us/x", "http://a.test/de/x", False),
        ("http://a.test/x", "http://b.test/x", False),
    ],
)
def test_same_page(asked: str, came: str, same: bool) -> None:
    assert same_page(asked, came) is same
