"""Recognising a shop's protection, whatever status it answers with.

A block is never solved, waited out or retried through: it is recorded, and the crawl of that shop stops.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.http import Response

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
_BLANK_TITLE_REFRESH = re.compile(
    r"""<meta[^>]+http-equiv=["']?refresh.*<title>(?:\s|&nbsp;|&\#160;|\u00a0)*</title>""", re.IGNORECASE | re.DOTALL
)


def recognise(status: int, body: bytes) -> str | None:
    """What kind of block an answer is, in words; None if it is none.

    Args:
        status: HTTP status.
        body: decompressed; only a short text is looked at.
    """
    sign = _sign(body)
    if status in (403, 429):
        return f"status {status}" + (f", {sign}" if sign else "")
    if status in (200, 401, 503) and sign:
        return sign if status == 200 else f"status {status}, {sign}"
    return None


def _sign(body: bytes) -> str | None:
    if len(body) > MAX_CHALLENGE_BYTES or b"\0" in body[:512]:  # a full page, or no text
        return None
    raw = body.decode("utf-8", errors="replace")
    text = html.unescape(html.unescape(raw))  # the error pages write their dots and slashes as entities
    for pattern, sign in _CHALLENGES:
        if pattern.search(text):
            return sign
    return "blank page that refreshes itself" if _BLANK_TITLE_REFRESH.search(raw) else None


class BlockMiddleware:
    """Stops the crawl at the first block, and sends nothing once the crawl is stopping."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> BlockMiddleware:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        context_of(self._crawler).check_running()

    def process_response(self, request: Request, response: Response) -> Response:
        if request.meta.get(KIND) in ("robots", "tdmrep"):  # robots.py judges these itself
            return response
        if sign := recognise(response.status, response.body):
            context_of(self._crawler).stop(ExitStatus.BLOCKED, f"{sign} at {response.url}")
            raise Refused(FetchReason.BLOCKED, sign, http_status=response.status)
        return response
