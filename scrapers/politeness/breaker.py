"""The circuit breaker: a host that fails again and again is left alone.

One failure is a failed fetch and no more: the next picture may be well. Counted are failures in a row on one host,
after the retries; anything that is well, and a plain "not there" (404, 410), begins the count anew.

| in a row on one host | limit | how the crawl ends |
| --- | --- | --- |
| pictures refused with a plain 403 | 3 | blocked |
| pictures answered with a web page instead | 5 | blocked |
| server errors, timeouts, broken connections | 5 | unavailable |
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import HtmlResponse, Response
from scrapy.utils.httpobj import urlparse_cached

from scrapers.context import KIND, context_of
from scrapers.exit_status import ExitStatus
from scrapers.politeness.blocks import ADVICE

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

LIMITS = {
    "refused (403)": (3, ExitStatus.BLOCKED),
    "answered with a web page": (5, ExitStatus.BLOCKED),
    "failed": (5, ExitStatus.UNAVAILABLE),
}
"""What is counted, how many in a row are too many, and how the crawl ends then."""


class BreakerMiddleware:
    """Counts failures in a row for each host, and stops the crawl at the limit."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._in_a_row: Counter[tuple[str, str]] = Counter()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> BreakerMiddleware:
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response:
        if request.meta.get(KIND) in ("page", "image"):
            self._count(request, _failure(request, response), f"status {response.status}")
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        # an answer that is too large, and what a middleware refused, is no failure of the host
        if request.meta.get(KIND) in ("page", "image") and not isinstance(
            exception, IgnoreRequest | DownloadCancelledError
        ):
            self._count(request, "failed", f"{type(exception).__name__}: {exception}")

    def _count(self, request: Request, failure: str | None, seen: str) -> None:
        host = urlparse_cached(request).netloc
        if failure is None:
            for name in LIMITS:
                self._in_a_row.pop((host, name), None)
            return
        self._in_a_row[host, failure] += 1
        limit, status = LIMITS[failure]
        if (number := self._in_a_row[host, failure]) >= limit:
            why = f"{host}: {number} requests in a row {failure}, the last: {seen} at {request.url}"
            advice = ADVICE if status is ExitStatus.BLOCKED else "Try the same command again later; it goes on"
            context_of(self._crawler).stop(status, f"{why}. {advice}")


def _failure(request: Request, response: Response) -> str | None:
    """The name in `LIMITS` of what an answer stands for; None if it is well."""
    if response.status >= 500:
        return "failed"
    if request.meta.get(KIND) == "image":
        if response.status == 403:
            return "refused (403)"
        if isinstance(response, HtmlResponse) or response.body.lstrip()[:1] == b"<":
            return "answered with a web page" if response.status == 200 else None
    return None
