"""Pictures that misbehave: each has its reason in the ledger, and the pictures between them are stored as they are."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import count

import pytest
from PIL import Image

from scrapers.exit_status import ExitStatus
from tests.scrapers.gateway import image_url, jpeg
from tests.scrapers.hostile.conftest import Ended
from tests.scrapers.hostile.server import (
    Behaviour,
    bomb,
    drips,
    endless_head,
    floods,
    head,
    in_turn,
    packed,
    redirects,
    resets,
    sends,
    shop,
)

pytestmark = pytest.mark.timeout(600)
GOOD = jpeg(77)
JPEG = "image/jpeg"
ELSEWHERE = "http://tracker.elsewhere.test/pixel.jpg"


def _uniform(format_name: str, width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, height)).save(buffer, format_name)
    return buffer.getvalue()


def _animated() -> bytes:
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def _cases() -> dict[str, tuple[Behaviour, str, str]]:
    """By name: what the server does, the outcome, and a word of its detail."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    return {
        "drips": (drips(JPEG, 19_000, GOOD[:100]), "timeout", "within"),
        "floods": (floods(head(200, None, JPEG) + GOOD, bytes(60_000)), "too_large", "more than 20000 bytes"),
        "bomb": (bomb(GOOD, JPEG), "too_large", "more than 20000 bytes"),
        "endless-head": (endless_head(), "http_error", ""),
        "declares-too-much": (sends(b"", JPEG, length=10**12), "too_large", "declared"),
        "many-pixels": (sends(_uniform("PNG", 3000, 2000), "image/png"), "too_large", "3000x2000"),
        "breaks-off": (sends(GOOD[:-50], JPEG, length=len(GOOD)), "truncated", ""),
        "declares-too-little": (sends(GOOD, JPEG, length=len(GOOD) - 50), "http_error", ""),
        "chunks-break-off": (
            resets(head(200, None, JPEG, {"Transfer-Encoding": "chunked"}) + b"40\r\n" + GOOD[:64]),
            "truncated",
            "",
        ),
        "reset": (resets(), "http_error", ""),
        "reset-in-body": (resets(head(200, len(GOOD), JPEG) + GOOD[:100]), "truncated", ""),
        "no-http": (resets(b"\x00\xff\x00 what?\r\n\r\n"), "http_error", ""),
        "redirect-loop": (redirects(image_url(1, "redirect-loop")), "http_error", "redirect"),
        "redirect-away": (redirects(ELSEWHERE), "http_error", "tracker.elsewhere.test"),
        "redirect-away-later": (
            in_turn(sends(b"", status=500), redirects(ELSEWHERE)),
            "http_error",
            "tracker.elsewhere.test",
        ),
        "redirect-to-file": (redirects("file:///etc/passwd"), "http_error", ""),
        "cookie-wall": (
            redirects(image_url(1, "cookie-wall"), {"Set-Cookie": "seen=1"}),
            "http_error",
            "redirect",
        ),
        "moved": (redirects(image_url(1, "p")), "stored", ""),
        "web-page": (sends(b"<html>" + b"p" * 10_000_000, JPEG), "too_large", "declared"),
        "small-web-page": (sends(b"<html>in preparation</html>", JPEG), "not_image", "web page"),
        "json": (sends(b'{"error": "no"}', JPEG), "not_image", "JSON"),
        "svg": (sends(svg, "image/svg+xml"), "not_image", "SVG"),
        "empty": (sends(b"", JPEG), "not_image", "empty"),
        "animated": (sends(_animated(), "image/gif"), "stored", ""),
        "packed": (packed(GOOD, JPEG), "stored", ""),
        "bad-field": (sends(GOOD, JPEG, headers={"X-Name": "\xff\xfe\xfa"}), "stored", ""),
        "forbidden": (sends(b"no", "text/plain", 403), "http_error", "403"),
        "unavailable": (sends(b"", "text/plain", 503), "http_error", "503"),
        "gone": (sends(b"", "text/plain", 410), "gone", "410"),
        "busy-for-a-moment": (
            in_turn(sends(b"", status=429, headers={"Retry-After": "1"}), sends(GOOD, JPEG)),
            "stored",
            "",
        ),
    }


def test_every_picture_ends_with_its_reason_and_nothing_hangs(crawled: Callable[..., Ended]) -> None:
    cases = _cases()
    number = count()
    codes = ["p", *(code for name in cases for code in (name, f"a{next(number)}"))]  # a good one after each
    hostile = shop({1: tuple(codes)})
    for name, (behaviour, _, _) in cases.items():
        hostile.does[image_url(1, name)] = behaviour
    ended = crawled(hostile)
    assert ended.status == ExitStatus.DONE, ended.text
    wrong = {
        name: (ended.outcome(image_url(1, name)), ended.fetch(image_url(1, name)).detail)
        for name, (_, outcome, word) in cases.items()
        if ended.outcome(image_url(1, name)) != outcome or word not in ended.fetch(image_url(1, name)).detail
    }
    assert wrong == {}
    assert {ended.outcome(image_url(1, code)) for code in codes if code not in cases} == {"stored"}
    assert not [url for url in hostile.asked if "elsewhere" in url or url.startswith("file")]
    for name in ("cookie-wall", "redirect-loop"):
        assert hostile.times_asked(image_url(1, name)) == 6, "the first, and five redirects"
    assert hostile.times_asked(image_url(1, "drips")) == 1


def test_a_gallery_of_ten_thousand_is_read_to_the_limit(crawled: Callable[..., Ended]) -> None:
    codes = tuple(f"a{place}" for place in range(10_000))
    hostile = shop({1: codes})
    ended = crawled(hostile, max_images_per_product="20")
    assert ended.status == ExitStatus.DONE, ended.text
    outcomes = [ended.fetches[url].outcome for url in sorted(ended.fetches) if "/assets/" in url]
    assert len(outcomes) == 10_000 and outcomes.count("stored") == 20
    assert len([url for url in hostile.asked if "/assets/" in url]) == 20
    assert "max_images_per_product (20)" in ended.fetch(image_url(1, "a20")).detail
