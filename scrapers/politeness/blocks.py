"""Recognising a shop's protection, whatever status it answers with.

A block is never solved, waited out or retried through: it is recorded, and the crawl of that shop stops. A block is

- an answer of any status that carries a sign of a protection;
- status 403 for a page. For a picture a plain 403 may be no more than a file that is not published: it is a failed
  fetch, and breaker.py stops the crawl if it repeats;
- status 429, but for the first of a host that names the time to come back (Retry-After) and carries no sign:
  retry_after.py grants that time once.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached

from manifests.reasons import FetchReason
from scrapers.context import KIND, context_of
from scrapers.exit_status import ExitStatus
from scrapers.outcomes import Refused

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

MAX_CHALLENGE_BYTES = 64 * 1024
"""Challenge pages are some 2 to 8 KB; a full shop page may well carry the protection's script."""

_CHALLENGES = (
    (re.compile(r"bm-verify="), "Akamai challenge (bm-verify)"),
    (re.compile(r"triggerInterstitialChallenge"), "Akamai interstitial challenge"),
    (re.compile(r"/_sec/verify"), "Akamai challenge (/_sec/verify)"),
    (re.compile(r"sec-if-cpt-container|/?_?sec/cp_challenge|cp_challenge"), "Akamai crypto challenge"),
    (re.compile(r"Powered and protected by\s+(?:<[^>]*>\s*)*Akamai", re.IGNORECASE), "Akamai challenge"),
    (re.compile(r"errors\.edgesuite\.net"), "Akamai error page"),
    (re.compile(r"Access Denied.*Reference\s*#", re.IGNORECASE | re.DOTALL), "Access Denied page"),
)
_REFRESH = re.compile(r"""<meta[^>]+http-equiv=["']?refresh""", re.IGNORECASE)
_BLANK_TITLE = re.compile(r"<title>(?:\s|&nbsp;|&\#160;|&\#xa0;|\u00a0)*</title>", re.IGNORECASE)

ADVICE = (
    "Vestiary does not try to get around a block. Wait a day, crawl more slowly (delay_seconds), or ask the shop for "
    "permission and an agreed way in; the same command then goes on where this run stopped"
)
"""What a person can do about a block."""


def recognise(status: int, body: bytes) -> str | None:
    """What kind of block an answer is, in words; None if it is none.

    Args:
        status: HTTP status.
        body: decompressed; only a short text is looked at.
    """
    sign = _sign(body)
    if status in (403, 429):
        return f"status {status}" + (f", {sign}" if sign else "")
    return f"{sign} (status {status})" if sign else None


def _sign(body: bytes) -> str | None:
    if not body or len(body) > MAX_CHALLENGE_BYTES or b"\0" in body[:512]:  # a picture, a full page, or no text
        return None
    raw = body.decode("utf-8", errors="replace")
    text = html.unescape(html.unescape(raw))  # the error pages write their dots and slashes as entities
    for pattern, sign in _CHALLENGES:
        if pattern.search(text):
            return sign
    return "blank page that refreshes itself" if _REFRESH.search(raw) and _BLANK_TITLE.search(raw) else None


class BlockMiddleware:
    """Stops the crawl at the first block, and sends nothing once the crawl is stopping."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._asked_for_time: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> BlockMiddleware:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        context_of(self._crawler).check_running()

    def process_response(self, request: Request, response: Response) -> Response:
        kind = request.meta.get(KIND)
        if kind in ("robots", "tdmrep"):  # robots.py and tdmrep.py judge these themselves
            return response
        seen = recognise(response.status, response.body)
        if seen is None or self._is_let_pass(kind, request, response, seen):
            return response
        context_of(self._crawler).stop(ExitStatus.BLOCKED, f"{seen} at {response.url}. {ADVICE}")
        raise Refused(FetchReason.BLOCKED, seen, http_status=response.status)

    def _is_let_pass(self, kind: str | None, request: Request, response: Response, seen: str) -> bool:
        """True for what is no block yet: a picture's plain 403, a host's first plain 429 that names a time."""
        if seen == "status 403":
            return kind == "image"
        host = urlparse_cached(request).netloc
        if seen != "status 429" or "Retry-After" not in response.headers or host in self._asked_for_time:
            return False
        self._asked_for_time.add(host)
        return True
