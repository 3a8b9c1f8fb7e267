from __future__ import annotations

import json

import pytest
from scrapy.http import HtmlResponse, Response

from scrapers.politeness.optout import directives, reservation, signals_of
from scrapers.politeness.usage import parse_usage, reserves
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import IMAGE_HOST, PAGE_HOST, Answer, Gateway, image_url, serve_shop


@pytest.mark.parametrize(
    ("name", "value", "away"),
    [
        ("X-Robots-Tag", "noai", True),
        ("X-Robots-Tag", "NOINDEX, nofollow", True),
        ("X-Robots-Tag", "noimageai", True),
        ("X-Robots-Tag", "noimageindex", True),
        ("X-Robots-Tag", "none", True),
        ("X-Robots-Tag", "vestiary: noindex", True),
        ("X-Robots-Tag", "googlebot: noindex", False),
        ("X-Robots-Tag", "googlebot: noindex, nofollow, vestiary: noai", True),
        ("X-Robots-Tag", "noarchive, max-image-preview: large", False),
        ("X-Robots-Tag", "unavailable_after: 25 Jun 2030 15:00:00 PST", False),
        ("TDM-Reservation", "1", True),
        ("TDM-Reservation", "0", False),
        ("TDM-Policy", "https://x.test/policy.json", False),
        ("Content-Usage", "train-ai=n", True),
        ("Content-Usage", "search=y, train-ai=y", False),
        ("Content-Signal", "search=yes, ai-train=no", True),
        ("Content-Signal", "search=no", False),
    ],
)
def test_headers(name: str, value: str, away: bool) -> None:
    signals = signals_of(Response("http://x.test/a.jpg", headers={name: value}))
    assert signals == (f"{name}: {value}",)
    assert (reservation(signals) is not None) is away


def test_several_headers_of_one_name_all_count() -> None:
    response = Response("http://x.test/a.jpg", headers={"X-Robots-Tag": ["noarchive", "noai"]})
    assert reservation(signals_of(response)) == "X-Robots-Tag: noai"


@pytest.mark.parametrize(
    "meta", ['name="robots" content="noai"', 'name="TDM-Reservation" content="1"', 'content="noindex" name="Vestiary"']
)
def test_meta_elements_of_a_page_count(meta: str) -> None:
    page = HtmlResponse("http://x.test/", body=f"<head><meta {meta}></head>".encode(), encoding="utf-8")
    assert reservation(signals_of(page))


def test_directives_for_another_agent_end_where_a_new_agent_begins() -> None:
    assert directives("otherbot: noindex, nofollow") == frozenset()
    assert directives("noarchive, vestiary: noai") == {"noarchive", "noai"}


def test_usage_lines_of_robots_txt_hold_for_the_group_and_the_longest_path() -> None:
    usage = parse_usage("User-agent: *\nContent-Usage: train-ai=n\nContent-Usage: /open/ train-ai=y\n", "Vestiary")
    assert usage.reservation("http://x.test/a") == "Content-Usage: train-ai=n"
    assert usage.reservation("http://x.test/open/a") is None
    own = parse_usage("User-agent: *\nContent-Signal: ai-train=no\n\nUser-agent: vestiary\nAllow: /\n", "Vestiary")
    assert own.reservation("http://x.test/a") is None
    assert reserves("bots=n") and not reserves("search=n")


def test_reserved_pages_and_hosts_are_recorded_and_not_used(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 2, ("p", "a1"))
    first = f"http://{PAGE_HOST}/us/en/products-details?productIds=10&ajax=true"
    answer = gateway.answers[first]
    assert isinstance(answer, Answer)
    answer.headers["TDM-Reservation"] = "1"
    rules = [{"location": "/assets/public/*-a1.jpg", "tdm-reservation": 1}]
    gateway.answers[f"http://{IMAGE_HOST}/.well-known/tdmrep.json"] = Answer(
        json.dumps(rules).encode(), "application/json"
    )
    done = crawl.run()
    assert done.returncode == 0, done.stderr
    assert crawl.fetches("page")[first].outcome == "opted_out"
    assert crawl.fetches("page")[first].signals == ("TDM-Reservation: 1",)
    assert crawl.outcomes() == {image_url(2, "p"): "stored", image_url(2, "a1"): "opted_out"}
    assert not [url for url in gateway.asked if "-a1.jpg" in url]
