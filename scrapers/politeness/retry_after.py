"""Retry-After: a host that asks for time gets it, once for each request, or the crawl stops.

It may ask with a server error (503) or with its first 429; a second 429 is a block (blocks.py).
"""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached

from scrapers.context import context_of
from scrapers.exit_status import ExitStatus

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


def retry_after_seconds(value: str, now: float) -> float | None:
    """Seconds to wait by a Retry-After header (seconds or an HTTP date); None if it is neither.

    Args:
        now: seconds since 1970.
    """
    value = value.strip()
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (TypeError, ValueError, OverflowError):
        return None


class RetryAfterMiddleware:
    """Holds back requests to a host until the time it named, and asks once more for what it put off."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._not_before: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RetryAfterMiddleware:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        host = urlparse_cached(request).netloc
        while (wait := self._not_before.get(host, 0.0) - time.monotonic()) > 0:
            await asyncio.sleep(min(wait, 1.0))
            context_of(self._crawler).check_running()

    def process_response(self, request: Request, response: Response) -> Request | Response:
        header = response.headers.get("Retry-After")
        if (response.status < 500 and response.status != 429) or header is None:
            return response
        seconds = retry_after_seconds(header.decode("latin-1"), time.time())
        if seconds is None:
            return response
        context = context_of(self._crawler)
        if seconds > context.config.max_wait_seconds:
            context.stop(ExitStatus.BUSY, f"{urlparse_cached(request).netloc} asks to come back in {seconds:.0f} s")
            return response
        host = urlparse_cached(request).netloc
        self._not_before[host] = max(self._not_before.get(host, 0.0), time.monotonic() + seconds)
        assert self._crawler.spider is not None
        return (
            get_retry_request(request, spider=self._crawler.spider, reason="retry_after", max_retry_times=1) or response
        )
