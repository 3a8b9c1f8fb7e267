"""A downloader whose crawl stops the moment that its first picture waits in a slot."""

from __future__ import annotations

import asyncio

from scrapy import Request, signals
from scrapy.crawler import Crawler

from scrapers.context import KIND, context_of
from scrapers.downloader import Downloader
from scrapers.exit_status import ExitStatus


class StoppingDownloader(Downloader):
    """Set as DOWNLOADER."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        crawler.signals.connect(self._reached, signal=signals.request_reached_downloader)

    def _reached(self, request: Request) -> None:
        if request.meta.get(KIND) == "image":
            # what is scheduled later runs later, the picture's turn too if no delay keeps it back
            stop = context_of(self.crawler).stop
            asyncio.get_running_loop().call_soon(stop, ExitStatus.UNAVAILABLE, "for the sake of the test")
