"""Pacing: the delay between two requests to one host follows how the host is doing.

The least delay is the configuration's or the host's Crawl-delay, whichever is longer. A host that takes long to answer
gets as long between requests as its answers take; a host that fails gets twice the delay each time. The delay comes
down again with every answer that is well, and never exceeds `max_wait_seconds`. Where no delay is configured (a demo
shop on loopback), there is none to adapt.

That requests go one at a time, and wait for the delay, is the work of Scrapy's download slots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached

from scrapers.context import CrawlContext, context_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


def next_delay(delay: float, least: float, most: float, latency: float, *, well: bool) -> float:
    """The delay after an answer, in seconds.

    Args:
        delay: until now.
        least, most: its limits; `least` wins where they contradict each other.
        latency: how long the host took to begin its answer.
        well: False for a server error, 429, a timeout or a broken connection.
    """
    wanted = (delay + max(least, latency)) / 2 if well else 2 * max(delay, least)
    return max(least, min(wanted, most))


def set_delay(context: CrawlContext, host: str, seconds: float) -> None:
    """Make `seconds` the delay between two requests to `host`, from now on."""
    downloader = context.crawler.engine.downloader
    concurrency = context.config.concurrency_for(context.shop)
    downloader.per_slot_settings[host] = {"concurrency": concurrency, "delay": seconds, "jitter": 0.0}
    if slot := downloader.slots.get(host):
        slot.delay = seconds


class PacingMiddleware:
    """Adapts the delay of a host after each attempt."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._delays: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PacingMiddleware:
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response:
        self._adapt(request, well=response.status < 500 and response.status != 429)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        if "download_latency" in request.meta or "download_slot" in request.meta:  # it was sent
            self._adapt(request, well=False)

    def _adapt(self, request: Request, *, well: bool) -> None:
        context = context_of(self._crawler)
        policy = context.policies.known(request.url)
        least = max(context.config.delay_for(context.shop), (policy and policy.crawl_delay) or 0.0)
        if least <= 0:
            return
        host = urlparse_cached(request).hostname or ""
        latency = float(request.meta.get("download_latency", 0.0))
        delay = self._delays.get(host, least)
        adapted = next_delay(delay, least, context.config.max_wait_seconds, latency, well=well)
        if adapted != delay:
            self._delays[host] = adapted
            set_delay(context, host, adapted)
