"""Pages that misbehave, and what makes a crawl stop: each ends with its own exit status and rows."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from scrapers.exit_status import ExitStatus
from tests.scrapers.gateway import IMAGE_HOST, PAGE_HOST, image_url
from tests.scrapers.hostile.conftest import Ended
from tests.scrapers.hostile.server import (
    CATEGORY,
    Behaviour,
    Hostile,
    bomb,
    details_url,
    drips,
    endless_head,
    floods,
    head,
    packed,
    product,
    redirects,
    resets,
    sends,
    shop,
)

pytestmark = pytest.mark.timeout(600)
JSON = "application/json"
ELSEWHERE = "http://www.elsewhere.test/"
CHALLENGE = b"""<html><head><meta http-equiv="refresh" content="5; URL='/us/en/?bm-verify=AAQ'"><title>&nbsp;</title>
</head><body><script>triggerInterstitialChallenge</script></body></html>"""
PADDED = product(101, ("p",))[:-2] + b', "padding": "' + b"x" * 10_000_000 + b'"}]'


def _cases() -> list[tuple[str, Behaviour, str]]:
    """What the server does for a product's page, and the page's outcome."""
    return [
        ("drips", drips(JSON), "timeout"),
        ("floods", floods(head(200, None, JSON), b" " * 60_000), "too_large"),
        ("bomb", bomb(b"[", JSON), "too_large"),
        ("endless head", endless_head(), "http_error"),
        ("declares too much", sends(b"", JSON, length=10**12), "too_large"),
        ("breaks off", sends(b"[{}]", JSON, length=999), "truncated"),
        ("reset", resets(), "http_error"),
        ("broken JSON", sends(b'[{"id": 1, "name": "x', JSON), "http_error"),
        ("deep JSON", sends(b"[" * 200_000, JSON), "http_error"),
        ("no text", sends(b"\x89PNG\r\n\x1a\n" + bytes(100), "image/png"), "http_error"),
        ("empty", sends(b"", JSON), "http_error"),
        ("redirect loop", redirects(details_url(12)), "http_error"),
        ("redirect away", redirects(ELSEWHERE), "http_error"),
        ("cookie wall", redirects(details_url(14), {"Set-Cookie": "seen=1"}), "http_error"),
        ("home page", redirects(f"http://{PAGE_HOST}/us/en/"), "gone"),
    ]


def test_every_page_ends_with_its_reason_and_nothing_hangs(crawled: Callable[..., Ended]) -> None:
    cases = _cases()
    good = range(101, 101 + len(cases))
    # a good one after each, for three pages without data in a row end a crawl
    hostile = shop(
        dict.fromkeys((number for pair in zip(range(1, len(cases) + 1), good, strict=True) for number in pair), ("p",))
    )
    for number, (_, behaviour, _) in enumerate(cases, start=1):
        hostile.does[details_url(number)] = behaviour
    hostile.does[details_url(101)] = sends(PADDED, JSON)
    hostile.does[details_url(102)] = packed(product(102, ("p",)), JSON)
    hostile.does[details_url(103)] = sends(
        product(103, ("p",)).replace(b"SYNTHETIC", b"SYNTH\xff\xfeETIC"), JSON, headers={"X-Name": "\xff\xfe"}
    )
    ended = crawled(hostile, max_page_bytes="16_000_000")
    assert ended.status == ExitStatus.DONE, ended.text
    outcomes = {name: ended.fetches[details_url(number)].outcome for number, (name, _, _) in enumerate(cases, start=1)}
    assert outcomes == {name: outcome for name, _, outcome in cases}
    assert {number: ended.fetches[details_url(number)].outcome for number in good} == dict.fromkeys(good, "ok")
    assert not [url for url in hostile.asked if "elsewhere" in url]


def _changed(url: str, behaviour: Behaviour) -> Callable[[Hostile], None]:
    def change(hostile: Hostile) -> None:
        hostile.does[url] = behaviour

    return change


@pytest.mark.parametrize(
    ("change", "status", "words", "row"),
    [
        (
            _changed(details_url(2), sends(b"no", "text/plain", 403)),
            ExitStatus.BLOCKED,
            "ask the shop for",
            (details_url(2), "blocked"),
        ),
        (
            _changed(image_url(2, "p"), sends(CHALLENGE)),
            ExitStatus.BLOCKED,
            "bm-verify",
            (image_url(2, "p"), "blocked"),
        ),
        (
            _changed(details_url(2), sends(b"", status=429, headers={"Retry-After": "99999"})),
            ExitStatus.BUSY,
            "99999 s",
            (details_url(2), "http_error"),
        ),
        (
            _changed(details_url(2), sends(b"", status=429, headers={"Retry-After": "1"})),
            ExitStatus.BLOCKED,
            "status 429",
            (details_url(2), "blocked"),
        ),
        (
            _changed(CATEGORY, sends(b'{"productGroups": []}', JSON)),
            ExitStatus.MARKUP,
            "",
            (CATEGORY, "http_error"),
        ),
        (
            _changed(
                f"http://{IMAGE_HOST}/robots.txt", floods(head(200, None, "text/plain"), b"Disallow: /x\n" * 5000)
            ),
            ExitStatus.ROBOTS,
            "could not be read",
            (f"http://{IMAGE_HOST}/robots.txt", "too_large"),
        ),
        (
            _changed(f"http://{PAGE_HOST}/robots.txt", redirects(f"http://{PAGE_HOST}/robots.txt")),
            ExitStatus.ROBOTS,
            "redirect",
            (f"http://{PAGE_HOST}/robots.txt", "http_error"),
        ),
    ],
    ids=[
        "403",
        "challenge for a picture",
        "429 for a day",
        "429 again",
        "empty category",
        "robots floods",
        "robots turns",
    ],
)
def test_what_stops_a_crawl_has_its_own_status_and_says_so(
    crawled: Callable[..., Ended],
    change: Callable[[Hostile], None],
    status: ExitStatus,
    words: str,
    row: tuple[str, str],
) -> None:
    hostile = shop({1: ("p",), 2: ("p",), 3: ("p",), 4: ("p",)})
    change(hostile)
    ended = crawled(hostile)
    assert (ended.status, ended.outcome(row[0])) == (status, row[1]), ended.text
    assert words in ended.text
    assert not [url for url in hostile.asked if "bm-verify" in url], "a challenge's refresh is not followed"
    assert hostile.times_asked(row[0]) <= 6


FARFETCH = """
[dataset]
path = "{dataset}"
[crawl]
gateway = "{gateway}"
delay_seconds = 0.0
[crawl.shops.farfetch]
base_url = "http://www.farfetch.test"
image_hosts = ["{image_host}"]
synthetic = true
max_pages = 7
categories = [{{ path = "/shopping/women/dresses-1/items.aspx", gender = "women", category = "dresses" }}]
"""
LISTING = "http://www.farfetch.test/shopping/women/dresses-1/items.aspx"


def _listing(number: int) -> bytes:
    node = {
        "@type": "Product",
        "name": f"Dress {number}",
        "image": [f"http://{IMAGE_HOST}/1/2/3/4/{number}_1_480.jpg"],
        "offers": {"@type": "Offer", "url": f"/shopping/women/nobody-dress-item-{number}.aspx", "price": 1},
    }
    items = {"@type": "ItemList", "itemListElement": [node]}
    return (
        f'<html><script type="application/ld+json">{json.dumps(items)}</script>'
        f'<span data-component="PaginationLabel">{number} of 99999</span></html>'
    ).encode()


@pytest.mark.parametrize("same", [False, True], ids=["ever new products", "the same page again"])
def test_pages_without_end_are_followed_to_their_limit(crawled: Callable[..., Ended], same: bool) -> None:
    hostile = shop({})
    for host in ("www.farfetch.test", IMAGE_HOST):
        hostile.does[f"http://{host}/robots.txt"] = sends(b"", "text/plain", 404)
    for number in range(1, 100):
        url = LISTING if number == 1 else f"{LISTING}?page={number}"
        hostile.does[url] = sends(_listing(1 if same else number))
    ended = crawled(hostile, "farfetch", FARFETCH)
    assert ended.status == ExitStatus.MARKUP, "all its products are gone"
    listings = [url for url in hostile.asked if url.startswith(LISTING)]
    assert len(listings) <= 7 and len(set(listings)) == len(listings)
