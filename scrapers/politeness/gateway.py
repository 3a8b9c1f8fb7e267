"""The way to hosts under .test: one forward proxy on loopback. No other proxy is ever used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.utils.httpobj import urlparse_cached

from scrapers.config import is_test_host
from scrapers.context import context_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class GatewayMiddleware:
    """Sends requests for .test hosts through the configured gateway; leaves every other request alone."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> GatewayMiddleware:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        if is_test_host(urlparse_cached(request).hostname or ""):
            request.meta["proxy"] = context_of(self._crawler).config.gateway
