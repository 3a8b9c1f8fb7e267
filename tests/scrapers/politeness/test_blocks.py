from __future__ import annotations

from collections.abc import Callable

import pytest

from scrapers.exit_status import ExitStatus
from scrapers.politeness.blocks import MAX_CHALLENGE_BYTES, recognise
from tests.scrapers.conftest import Crawl
from tests.scrapers.gateway import PAGE_HOST, Answer, Gateway, image_url, jpeg, serve_shop

ESCAPED = b"""<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY><H1>Access Denied</H1>
Reference&#32;&#35;18&#46;synthetic <P>https&#58;&#47;&#47;errors&#46;edgesuite&#46;net&#47;18</P></BODY></HTML>"""
CHALLENGE = b"""<!DOCTYPE html><html><head><meta http-equiv="refresh" content="5; URL='/?bm-verify=synthetic'" />
<title>&nbsp;</title></head><body></body></html>"""
SIGNS = {
    "bm-verify": CHALLENGE,
    "interstitial": b"<script>function triggerInterstitialChallenge() {}</script>",
    "verify address": b'<script>fetch("/_sec/verify?provider=interstitial")</script>',
    "crypto container": b'<div id="sec-if-cpt-container"></div>',
    "crypto address": b'<script src="/_sec/cp_challenge/ak-challenge-4-4.js"></script>',
    "powered by": b"<p>Powered and protected by <b>Akamai</b></p>",
    "access denied": b"<h1>Access Denied</h1> You don't have permission. Reference #18.abc",
    "escaped access denied": ESCAPED,
    "escaped error page": b"<p>https&#58;&#47;&#47;errors&#46;edgesuite&#46;net&#47;18</p>",
    "blank page that refreshes": b'<meta http-equiv="refresh" content="5"><title> &nbsp; </title>',
}


@pytest.mark.parametrize("body", SIGNS.values(), ids=SIGNS)
def test_every_sign_is_a_block_with_status_200_too(body: bytes) -> None:
    assert recognise(200, body)
    assert recognise(503, body) and recognise(401, body)


@pytest.mark.parametrize("status", [403, 429])
def test_refusing_statuses_are_blocks_whatever_they_say(status: int) -> None:
    assert recognise(status, b"") and recognise(status, jpeg(1))


def test_ordinary_answers_are_no_blocks() -> None:
    assert recognise(200, b"<title>Shirts</title><div class='captcha-widget' id='register-captcha'></div>") is None
    assert recognise(200, b'<script src="https://www.google.com/recaptcha/api.js"></script>') is None
    assert recognise(200, jpeg(1)) is None
    assert recognise(200, b"{}") is None
    assert recognise(503, b"down for maintenance") is None
    assert recognise(404, b"not here") is None
    assert recognise(200, CHALLENGE + b" " * MAX_CHALLENGE_BYTES) is None, (
        "a full page may carry the protection's script"
    )


@pytest.mark.parametrize(
    "name",
    [
        "zara/block_2026_akamai_bm-verify_trimmed.html",
        "farfetch/block_2024-05_robots_txt_akamai_403.html",
        "farfetch/block_2026-09_akamai_403_dom.html",
    ],
)
def test_recorded_blocks_are_recognised_by_their_text_alone(name: str, recording: Callable[[str], str]) -> None:
    assert recognise(200, recording(name).encode())


def test_a_challenge_page_stops_the_crawl_without_a_further_request(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 5, ("p", "a1"))
    gateway.answers[f"http://{PAGE_HOST}/us/en/products-details?productIds=20&ajax=true"] = Answer(CHALLENGE)
    done = crawl.run()
    assert done.returncode == ExitStatus.BLOCKED, done.stderr
    blocked = [url for url, fetch in crawl.fetches("page").items() if fetch.outcome == "blocked"]
    assert blocked == [f"http://{PAGE_HOST}/us/en/products-details?productIds=20&ajax=true"]
    assert not [url for url in gateway.asked if "bm-verify" in url], "the challenge's refresh is not followed"
    assert gateway.asked.index(blocked[0]) >= len(gateway.asked) - 2, "at most one request was under way"
    assert "blocked" in done.stderr and "bm-verify" in done.stderr


def test_a_refused_picture_stops_the_crawl_and_the_next_run_tries_it_again(crawl: Crawl, gateway: Gateway) -> None:
    serve_shop(gateway, 2, ("p", "a1"))
    gateway.answers[image_url(1, "a1")] = Answer(ESCAPED, "text/html", 403)
    assert crawl.run().returncode == ExitStatus.BLOCKED
    assert crawl.outcomes()[image_url(1, "a1")] == "blocked"
    gateway.answers[image_url(1, "a1")] = Answer(jpeg(3), "image/jpeg")
    assert crawl.run().returncode == 0
    assert set(crawl.outcomes().values()) == {"stored"} and len(crawl.outcomes()) == 4
