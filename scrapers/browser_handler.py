"""The way to pages that a browser paints; everything else takes the way of all requests."""

from __future__ import annotations

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from scrapers.transfer import TransferHandler


class BrowserHandler(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]  # scrapy-playwright has no types
    """scrapy-playwright's handler, which would send what needs no browser through Scrapy's own."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        # a page that died would be asked for anew in its old context, and nobody told; the spider sees to that
        self.config.target_closed_max_retries = 0
        self._transfer = TransferHandler(crawler)

    async def download_request(self, request: Request) -> Response:
        if not request.meta.get("playwright"):
            return await self._transfer.download_request(request)
        response: Response = await super().download_request(request)
        return response

    async def close(self) -> None:
        await self._transfer.close()
        await super().close()
