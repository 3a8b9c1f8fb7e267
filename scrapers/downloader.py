"""Scrapy's downloader, with a short way for pictures.

A crawl fetches some fifty pictures for each page. They pass the same middlewares in the same order and wait in the same
slots as pages do, so every rule and every delay holds for them; but nothing is scheduled, counted, logged and signalled
that nobody listens to, which would take longer than the transfer itself.
"""

from __future__ import annotations

from inspect import isawaitable
from typing import Any

from scrapy import Request
from scrapy.core.downloader import Downloader as ScrapyDownloader
from scrapy.http import Response

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
        super().close()
        for slot in self.slots.values():
            while slot.queue:  # nobody would ever send these
                slot.queue.popleft()[1].errback(Stopped("the crawl is stopping"))

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


async def _result(method: Any, **arguments: object) -> Any:
    """What a middleware's method returns, a coroutine's result included."""
    result = method(**arguments)
    return await result if isawaitable(result) else result
