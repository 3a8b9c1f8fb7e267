from __future__ import annotations

import json

import pytest

from scrapers.exit_status import ExitStatus
from scrapers.politeness.tdmrep import parse
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import IMAGE_HOST, PAGE_HOST, Answer, Gateway, serve_shop


def _reserving(rules: object, path: str) -> str | None:
    return parse(json.dumps(rules).encode()).reserving(f"http://x.test{path}")


@pytest.mark.parametrize(
    ("location", "path", "reserved"),
    [
        ("/", "/a/b.jpg", True),
        ("/a/", "/a/b.jpg", True),
        ("/a/", "/b/a/", False),
        ("/A/", "/a/b.jpg", False),
        ("/*.jpg", "/a/b.jpg?w=1", True),
        ("/*.jpg$", "/a/b.jpg?w=1", False),
        ("/a$", "/a", True),
        ("/a$", "/ab", False),
        ("/a+(b", "/a+(b/c", True),
        ("/%7Efoo/", "/~foo/x", True),
        ("/a%2fb", "/a%2Fb", True),
        ("/a%2fb", "/a/b", False),
    ],
)
def test_a_location_is_a_prefix_with_stars_and_an_end(location: str, path: str, reserved: bool) -> None:
    rules = [{"location": location, "tdm-reservation": 1}]
    assert _reserving(rules, path) == (location if reserved else None)


def test_the_first_rule_that_matches_counts() -> None:
    rules = [{"location": "/free/", "tdm-reservation": 0}, {"location": "/", "tdm-reservation": 1}]
    assert _reserving(rules, "/free/a") is None and _reserving(rules, "/a") == "/"
    assert _reserving(rules[::-1], "/free/a") == "/"


def test_other_values_are_no_rule_and_a_reservation_of_no_place_is_one_of_all() -> None:
    assert _reserving([{"location": "/", "tdm-reservation": 2}, {"location": "/", "tdm-reservation": "1"}], "/") == "/"
    assert _reserving([{"tdm-reservation": 1}], "/a") == "/"


@pytest.mark.parametrize("body", [b"<html>", b"", b"{}", b"[1, null]", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_such_file_reserves_nothing(body: bytes) -> None:
    assert parse(body).rules == ()


@pytest.mark.parametrize(
    ("host", "answer"),
    [(PAGE_HOST, Answer(b"", "text/plain", 503)), (IMAGE_HOST, Answer(b"[]", "application/json", wait=9.0))],
    ids=["pages answer 503", "pictures answer nothing"],
)
def test_a_file_that_cannot_be_read_stops_the_crawl(crawl: Crawl, gateway: Gateway, host: str, answer: Answer) -> None:
    serve_shop(gateway, 1, ("p",))
    url = f"http://{host}/.well-known/tdmrep.json"
    gateway.answers[url] = answer
    crawl.give_up_after(4.0)
    done = crawl.run()
    assert done.returncode == ExitStatus.ROBOTS and "tdmrep.json could not be read" in done.stderr, done.stderr
    assert crawl.fetches("robots")[url].outcome in ("http_error", "timeout")
    assert crawl.outcomes() == {}
    assert gateway.asked_of(host) == []
