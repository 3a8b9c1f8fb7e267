"""The media pipeline: pictures of a product into the image store, as the bytes that the server sent.

Pictures go through the downloader like pages: robots.txt, opt-out signals, block recognition and pacing hold for them.
Scrapy's own image pipeline re-encodes, and its file pipeline collects in memory, knows no byte limit of its own and
forgets what failed. Here

- every picture of every product was recorded as a sighting before (sightings.py), also one that is refused here;
- nothing is fetched twice: bytes that are here stay, a refusal for good is not tried again, a passing failure (timeout,
  server error, broken transfer) is tried again later (memory.py);
- bytes go to a part file (incoming.py), those of a large picture as they arrive, within the byte limit and the declared
  size;
- what is a picture by its first bytes is stored, even if it is cut short inside (curation drops it as undecodable) or
  animated, for that is the file the shop has. What is no picture at all stays in the ledger as not_image. A transfer
  that broke off before the declared length is truncated: the file is not what the shop has, so it is tried again;
- the file is on the disk before its row is in the ledger (keeper.py).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from manifests import atomic
from manifests.image_store import StoredImage
from manifests.ledger import Fetch
from manifests.reasons import FetchReason
from scrapers.context import KIND, CrawlContext, context_of
from scrapers.exit_status import ExitStatus
from scrapers.incoming import FOLDER, Incoming
from scrapers.items import ImageRef, ProductItem
from scrapers.keeper import Keeper
from scrapers.outcomes import Outcome, Stopped, outcome_of_error, outcome_of_status
from scrapers.politeness.optout import signals_of
from scrapers.transfer import INCOMING

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from scrapers.downloader import Downloader

logger = logging.getLogger(__name__)

MORE_ON_THE_WAY_TO_DISK = 16
"""Pictures that may be on their way to the disk for each that may be on its way through the network."""


class MediaPipeline:
    """Fetches as many pictures at a time as the configuration allows: one, for a live shop."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._under_way: dict[str, asyncio.Event] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> MediaPipeline:
        return cls(crawler)

    def open_spider(self) -> None:
        context = context_of(self._crawler)
        self._folder = context.store.root / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        atomic.sweep(self._folder)  # what a killed run left
        self._keeper = Keeper(context)
        concurrency = context.config.concurrency_for(context.shop)
        self._transfers = asyncio.Semaphore(concurrency)
        self._under_care = asyncio.Semaphore(MORE_ON_THE_WAY_TO_DISK * concurrency)

    @property
    def _downloader(self) -> Downloader:
        return cast("Downloader", self._crawler.engine.downloader)

    def close_spider(self) -> None:
        with suppress(OSError):  # another crawl writes here
            self._folder.rmdir()

    async def process_item(self, item: ProductItem) -> ProductItem:
        context = context_of(self._crawler)
        most = context.config.max_images_per_product
        self._pass_over(context, item.images[most:])
        async with asyncio.TaskGroup() as group:
            for image in item.images[:most]:
                group.create_task(self._one(image))
        return item

    def _pass_over(self, context: CrawlContext, images: Sequence[ImageRef]) -> None:
        """Record the end of a gallery that is too long to be one."""
        with context.ledger.batch():
            for image in images:
                if context.ledger.last_fetch(image.url) is None:
                    detail = f"not asked for: beyond max_images_per_product ({context.config.max_images_per_product})"
                    context.record(image.url, "image", Outcome(FetchReason.HTTP_ERROR, detail))

    async def _one(self, image: ImageRef) -> None:
        async with self._under_care:
            while (other := self._under_way.get(image.url)) is not None:  # on another product's page
                await other.wait()
            done = self._under_way[image.url] = asyncio.Event()
            try:
                await self._fetch(context_of(self._crawler), image)
            finally:
                del self._under_way[image.url]
                done.set()

    async def _fetch(self, context: CrawlContext, image: ImageRef) -> None:
        last = context.ledger.last_fetch(image.url)
        if last is not None and await self._is_settled(context, last):
            context.counts[f"image:known:{last.outcome}"] += 1
        elif last is not None and context.memory.is_too_early(image.url):
            context.counts["image:deferred"] += 1
        elif image.is_video:
            context.record(image.url, "image", Outcome(FetchReason.VIDEO, "a film by the shop's own data"))
        elif _host(image.url) not in context.shop.image_hosts:
            detail = f"{_host(image.url)} is not among the shop's image_hosts; add it there to collect from it"
            context.record(image.url, "image", Outcome(FetchReason.HTTP_ERROR, detail))
        elif not context.is_stopping:
            await self._download(context, image.url)

    async def _is_settled(self, context: CrawlContext, last: Fetch) -> bool:
        if last.outcome == "stored":
            return last.image_id is not None and last.image_id in context.store
        if last.outcome == FetchReason.ROBOTS_BARRED:  # today's robots.txt decides; asking it costs nothing
            return context.is_stopping or not (await context.policies.of(last.url)).allows(last.url)
        return last.is_settled

    async def _download(self, context: CrawlContext, url: str) -> None:
        incoming = Incoming(self._folder, context.config.max_image_bytes)
        request = Request(
            url,
            callback=NO_CALLBACK,
            meta={KIND: "image", INCOMING: incoming},
            headers={"Accept": "image/*", "Accept-Encoding": "identity"},
        )
        try:
            async with self._transfers:
                context.check_running()
                response = await self._downloader.download(request)
            if response.status == 200:
                await self._keeper.keep(incoming, partial(_record, context, url, response))
            else:
                context.record(url, "image", outcome_of_status(response))
        except Stopped:
            pass
        except OSError as error:  # of the disk; what goes wrong on the network has Scrapy's own types
            context.stop(ExitStatus.FAILED, f"a picture could not be written: {error}")
        except Exception as error:
            outcome = outcome_of_error(error)
            logger.debug("%s: %s", url, outcome)
            context.record(url, "image", outcome)
        finally:
            incoming.discard()


def _record(context: CrawlContext, url: str, response: Response, result: StoredImage | Outcome) -> None:
    signals = signals_of(response)
    if isinstance(result, Outcome):
        context.record(url, "image", replace(result, http_status=response.status, signals=signals))
        return
    context.counts["image:stored"] += 1
    context.counts["image:bytes"] += result.bytes
    media_type = (response.headers.get("Content-Type") or b"").decode("latin-1").partition(";")[0].strip()
    context.ledger.record_fetch(
        Fetch(
            url,
            "image",
            context.source,
            "stored",
            response.status,
            result.image_id,
            result.bytes,
            media_type,
            signals,
        )
    )


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()
