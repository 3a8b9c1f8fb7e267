"""Scrapy's downloader, with a short way for pictures.

A crawl fetches some fifty pictures for each page. They pass the same middlewares in the same order and wait in the same
slots as pages do, so every rule and every delay holds for them; but nothing is scheduled, counted, logged and signalled
that nobody listens to, which would take longer than the transfer itself.

What waits in a slot when the crawl stops is not sent. Pages and pictures wait there after the middlewares, which let
them pass while the crawl ran: for as long as a Crawl-delay lasts.
"""

from __future__ import annotations

import asyncio
from inspect import isawaitable
from typing import Any

from scrapy import Request
from scrapy.core.downloader import Downloader as ScrapyDownloader
from scrapy.core.downloader import Slot
from scrapy.http import Response
from twisted.internet.defer import Deferred

from scrapers.context import context_of
from scrapers.outcomes import Stopped


class Downloader(ScrapyDownloader):
    """Set as DOWNLOADER."""

    async def download(self, request: Request) -> Response:
        """What `ExecutionEngine.download_async` does, for a request that the engine need not know of.

        Raises:
            Stopped: the crawl ended while the request was waiting for its turn.
            Exception: what the middlewares and the handler raise.
        """
        while True:
            self.active.add(request)
            try:
                answer = await self._pass(request)
            finally:
                self.active.remove(request)
            if isinstance(answer, Response):
                return answer
            request = answer

    def close(self) -> None:
        super().close()  # from here on nobody's turn comes
        for slot in self.slots.values():
            _send_away(slot)
        self._ending = asyncio.ensure_future(self._end_with_the_last_item())

    async def _end_with_the_last_item(self) -> None:
        """Scrapy 2.19 waits for the items of `Spider.start`, here those of known pages, but nothing tells it when they
        are through: it would wait for ever."""
        engine, spider = self.crawler.engine, self.crawler.spider
        slot = engine.scraper.slot if engine is not None else None
        if slot is None or spider is None:  # it never began
            return
        while not slot.is_idle():
            await asyncio.sleep(0.05)
        if slot.closing is not None and not slot.closing.called:
            slot.closing.callback(spider)

    async def _wait_for_download(self, slot: Slot, request: Request, queue_dfd: Deferred[Response]) -> None:
        """Send a request whose turn has come, unless the crawl is stopping by now."""
        if context_of(self.crawler).is_stopping:
            slot.queue.appendleft((request, queue_dfd))
            _send_away(slot)
        else:
            await super()._wait_for_download(slot, request, queue_dfd)

    async def _pass(self, request: Request) -> Request | Response:
        """Through the middlewares to the host and back, as `DownloaderMiddlewareManager.download_async`."""
        try:
            answer = await self._ask(request)
        except Exception as error:
            answer = await self.middleware._process_exception(error, request)
        for method in self.middleware.methods["process_response"]:
            if isinstance(answer, Request):
                break
            answer = await _result(method, request=request, response=answer)
        return answer

    async def _ask(self, request: Request) -> Request | Response:
        for method in self.middleware.methods["process_request"]:
            answer: Request | Response | None = await _result(method, request=request)
            if answer is not None:
                return answer
        return await self._enqueue_request(request)


def _send_away(slot: Slot) -> None:
    """Tell those who wait in `slot` that they wait in vain; whoever asked for a picture would wait for ever."""
    while slot.queue:
        slot.queue.popleft()[1].errback(Stopped("the crawl is stopping"))


async def _result(method: Any, **arguments: object) -> Any:
    """What a middleware's method returns, a coroutine's result included."""
    result = method(**arguments)
    return await result if isawaitable(result) else result
