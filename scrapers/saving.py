"""Saving a page as the shop sends it, for `vestiary pages`: the day's markup as a file that tests can be made of."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response, TextResponse

from manifests import atomic
from scrapers import errands
from scrapers.exit_status import ExitStatus
from scrapers.items import ProductItem
from scrapers.pages.check import SIDECAR, Expected, Reading, SavedEntry, read
from scrapers.spiders.asking import fetch_of, same_page

_SUFFIXES = {"application/json": ".json", "text/html": ".html", "application/xhtml+xml": ".html", "text/xml": ".xml"}


def save(url: str, folder: Path, config: Path) -> tuple[ExitStatus, Reading | None]:
    """Ask a shop for one page, by all the rules of a crawl, and save what it answers with a description beside it.

    Returns:
        How the errand ended, and what the page objects make of the saved page; None if there is no page.

    Raises:
        SettingsError: `url` is at no configured shop, or the shop may not be asked.
    """
    shop = errands.shop_at(url, config)
    found: list[Reading] = []

    class PageSaver(errands.spider_of(shop)):  # type: ignore[misc]  # a class made for one errand
        async def entries(self) -> AsyncIterator[Request | ProductItem]:
            yield self.request(url, self.parse_page, {})

        def parse_page(self, response: Response) -> None:
            if not same_page(url, response.url):
                self.context.stop(ExitStatus.FAILED, f"{url} leads to {response.url}; that page was not saved")
                return
            found.append(_write(folder, shop, url, response))
            self.context.ledger.record_fetch(fetch_of(self.name, "page", response))

    [status] = errands.run([PageSaver], config)
    return status if found or status is not ExitStatus.DONE else ExitStatus.FAILED, found[0] if found else None


def _write(folder: Path, shop: str, url: str, response: Response) -> Reading:
    media_type = (response.headers.get("Content-Type") or b"").decode("latin-1").partition(";")[0].strip().lower()
    body = response.text.encode() if isinstance(response, TextResponse) else response.body  # page objects read UTF-8
    digest = hashlib.sha256(body).hexdigest()
    stem = re.sub(r"[^a-z0-9]+", "-", urlsplit(url).path.rpartition("/")[2].lower().rpartition(".")[0] or "page")
    name = f"{shop}-{stem.strip('-')[:80]}-{digest[:8]}{_SUFFIXES.get(media_type, '.html')}"
    folder.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(folder / name, body)
    entry = SavedEntry(file=name, shop=shop, url=url, status=response.status, media_type=media_type, sha256=digest)
    reading = read(folder, entry)
    if reading.kind is not None:
        expected = Expected(kind=reading.kind, items=reading.items, images=reading.images, fields=reading.fields)
        entry = entry.model_copy(update={"expected": expected})
    text = json.dumps(entry.model_dump(mode="json", exclude_defaults=True), indent=1, ensure_ascii=False) + "\n"
    atomic.write_bytes(folder / (name + SIDECAR), text.encode())
    return reading
