from __future__ import annotations

import pytest

from scrapers.politeness.host_policies import MAX_BYTES, judge

RULES = b"User-agent: *\nDisallow: /private/\nCrawl-delay: 2\n"


@pytest.mark.parametrize("status", [301, 307, 401, 403, 429, 500, 502, 503, 599])
def test_a_file_that_cannot_be_read_closes_the_host(status: int) -> None:
    policy = judge(status, "text/plain", b"User-agent: *\nAllow: /\n", 60)
    assert policy.closed and not policy.allows("http://x.test/") and str(status) in policy.why


@pytest.mark.parametrize(
    ("media_type", "body"),
    [("text/html; charset=utf-8", RULES), ("text/plain", b"  <!doctype html><title>&nbsp;</title>"), ("", b"<html>")],
)
def test_a_web_page_instead_of_rules_closes_the_host(media_type: str, body: bytes) -> None:
    assert judge(200, media_type, body, 60).closed


@pytest.mark.parametrize("status", [400, 404, 410, 418])
def test_no_file_means_no_rules(status: int) -> None:
    policy = judge(status, "text/html", b"<html>", 60)
    assert policy.allows("http://x.test/anything") and policy.verdict("http://x.test/") == "allowed (no robots.txt)"


def test_rules_are_kept_to() -> None:
    policy = judge(200, "text/plain", RULES, 60)
    assert policy.allows("http://x.test/public") and not policy.allows("http://x.test/private/a")
    assert policy.verdict("http://x.test/private/a") == "barred by robots.txt"
    assert policy.crawl_delay == 2
    assert judge(200, "text/plain", RULES, 1).closed, "longer than we are willing to wait"


def test_rules_for_our_own_name_come_first_and_a_byte_order_mark_is_no_obstacle() -> None:
    text = "\ufeffUser-agent: Vestiary\nDisallow: /\n\nUser-agent: *\nAllow: /\n".encode()
    assert not judge(200, "text/plain", text, 60).allows("http://x.test/a")


def test_what_lies_beyond_the_size_limit_is_not_read() -> None:
    text = b"User-agent: *\n" + b"#" * MAX_BYTES + b"\nDisallow: /\n"
    assert judge(200, "text/plain", text, 60).allows("http://x.test/a")


def test_the_verdict_notes_who_else_is_barred() -> None:
    text = b"User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /\n\nUser-agent: *\nDisallow: /cart\n"
    assert judge(200, "text/plain", text, 60).verdict("http://x.test/a") == "allowed (but not to GPTBot, CCBot)"
