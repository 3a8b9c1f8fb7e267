"""The media pipeline: pictures of a product into the image store, as the bytes that the server sent.

Pictures go through the downloader like pages: robots.txt, opt-out signals, block recognition and pacing hold for them.
Scrapy's own image pipeline re-encodes, and its file pipeline forgets what failed; this one does neither:

- every picture of every product was recorded as a sighting before (sightings.py), also one that is refused here;
- nothing is fetched twice: bytes that are here stay, a refusal for good is not tried again, a passing failure (timeout,
  server error, broken transfer) is tried again later (memory.py);
- what is a picture by its first bytes is stored, even if it is cut short inside (curation drops it as undecodable), for
  that is the file the shop has. What is no picture at all stays in the ledger as not_image. A transfer that broke off
  before the declared length is truncated: the file is not what the shop has, so it is tried again.

The file is on the disk before its row is in the ledger.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from manifests.decoding import SUFFIXES, ImageError, probe, sniff
from manifests.ledger import Fetch
from manifests.reasons import FetchReason, ImageReason
from scrapers.context import KIND, CrawlContext, context_of
from scrapers.items import ImageRef, ProductItem
from scrapers.outcomes import Outcome, Stopped, outcome_of_error, outcome_of_status
from scrapers.politeness.optout import signals_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class MediaPipeline:
    """Fetches one picture at a time, so that a stop leaves nothing queued behind it."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._one_at_a_time = asyncio.Lock()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> MediaPipeline:
        return cls(crawler)

    async def process_item(self, item: ProductItem) -> ProductItem:
        context = context_of(self._crawler)
        for image in item.images:
            async with self._one_at_a_time:
                await self._fetch(context, image)
        return item

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
        meta = {KIND: "image", "download_maxsize": context.config.max_image_bytes}
        request = Request(url, callback=NO_CALLBACK, meta=meta, headers={"Accept": "image/*"})
        try:
            response = await self._crawler.engine.download_async(request)
        except Stopped:
            return
        except Exception as error:
            outcome = outcome_of_error(error)
            logger.debug("%s: %s", url, outcome)
            context.record(url, "image", outcome)
            return
        if response.status != 200:
            context.record(url, "image", outcome_of_status(response))
            return
        self._keep(context, url, response)

    def _keep(self, context: CrawlContext, url: str, response: Response) -> None:
        data, signals = response.body, signals_of(response)
        judged = judge(data, context.config.max_image_pixels)
        media_type = (response.headers.get("Content-Type") or b"").decode("latin-1").partition(";")[0].strip()
        if isinstance(judged, Outcome):
            context.record(url, "image", Outcome(judged.reason, judged.detail, response.status, signals))
            return
        stored = context.store.add(data, judged)
        context.counts["image:stored"] += 1
        context.counts["image:bytes"] += stored.bytes
        context.ledger.record_fetch(
            Fetch(
                url,
                "image",
                context.source,
                "stored",
                response.status,
                stored.image_id,
                stored.bytes,
                media_type,
                signals,
            )
        )


def judge(data: bytes, max_pixels: int) -> str | Outcome:
    """The file ending to store `data` under, or why it is not stored. No pixel is decoded.

    Args:
        max_pixels: greatest width x height by the header.
    """
    try:
        header = probe(data)
    except ImageError as error:
        format_name = sniff(data[:16])
        if error.reason is ImageReason.UNDECODABLE and format_name is not None:
            return SUFFIXES[format_name]
        if data[4:8] == b"ftyp" or data.startswith((b"\x1aE\xdf\xa3", b"#EXTM3U")):
            return Outcome(FetchReason.VIDEO, "a film by its first bytes")
        reason = FetchReason.TOO_LARGE if error.reason == FetchReason.TOO_LARGE else FetchReason.NOT_IMAGE
        return Outcome(reason, str(error))
    if header.width * header.height > max_pixels:
        return Outcome(FetchReason.TOO_LARGE, f"{header.width}x{header.height} is more than {max_pixels:,} pixels")
    return header.suffix


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()
