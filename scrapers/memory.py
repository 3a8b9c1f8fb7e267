"""What earlier runs left in the ledger decides what this one asks for.

A page or picture that came is not asked for again; a refusal for good is final. What failed in passing is tried by the
next run, and if it fails on, after a delay that grows from an hour to a week. Everything follows from the ledger's rows
and the clock, so a run that was killed at any moment needs no clean stop to be gone on with.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from enum import Enum
from typing import Any

from manifests.ledger import KnownPage, Ledger
from manifests.reasons import FetchReason, Gender, View
from scrapers.items import ImageRef, Listing, ProductItem, ProductLink

FIRST_DELAY_SECONDS = 3600.0
DELAY_GROWTH = 4
LONGEST_DELAY_SECONDS = 7 * 24 * 3600.0
LISTING_SECONDS = 24 * 3600.0
"""How long a listing that an unfinished run has read still stands for what the shop has."""

_GOES_ON = (None, "interrupted", "blocked", "busy", "unavailable", "robots")


class Due(Enum):
    """What to do about a page."""

    ASK = "ask"
    KNOWN = "known"
    """It was read; what it said is in the ledger."""
    FINAL = "final"
    """It is gone or refused for good."""
    LATER = "later"
    """It failed in passing, and its delay is not over."""


def delay_after(failures: int) -> float:
    """Seconds from the newest of so many failures in a row until the next attempt: 0, 1 h, 4 h, 16 h, … 7 days."""
    if failures < 2:
        return 0.0
    return float(min(FIRST_DELAY_SECONDS * DELAY_GROWTH ** min(failures - 2, 9), LONGEST_DELAY_SECONDS))


class Memory:
    """The memory of one shop's crawls, as one run sees it.

    Args:
        refresh: pages that were read more seconds ago are looked at again; None for never.
        now: seconds since 1970, when the run begins.
    """

    def __init__(self, ledger: Ledger, source: str, refresh: float | None = None, now: float | None = None) -> None:
        self._ledger = ledger
        self._source = source
        self._refresh = refresh
        self._now = time.time() if now is None else now
        self._unfinished_since = self._beginning()

    def is_too_early(self, url: str) -> bool:
        """True if `url` failed in passing and may not be tried yet: in this run, or so soon after its last failure."""
        failures, failed_at = self._ledger.failures(url)
        return failures > 0 and (failed_at >= self._now or self._now < failed_at + delay_after(failures))

    def product(self, url: str) -> Due:
        """What to do about a product's page."""
        if (page := self._ledger.recall(url)) is not None:
            if page.gone_at is not None:
                return Due.FINAL
            if self._refresh is None or self._now - page.read_at <= self._refresh:
                return Due.KNOWN
        last = self._ledger.last_fetch(url)
        # What robots.txt says is asked anew every day, and of the file that a run has read anyway.
        if last is None or last.outcome in ("ok", FetchReason.ROBOTS_BARRED):
            return Due.ASK
        if last.is_settled:
            return Due.FINAL
        return Due.LATER if self.is_too_early(url) else Due.ASK

    def items(self, url: str) -> tuple[ProductItem, ...]:
        """The products that the page at `url` held when it was read; () if it is not known."""
        page = self._ledger.recall(url)
        return tuple(_item(value) for value in json.loads(page.content)) if page else ()

    def keep_items(self, url: str, items: tuple[ProductItem, ...]) -> None:
        content = json.dumps([asdict(item) for item in items], ensure_ascii=False)
        self._ledger.remember(KnownPage(url, self._source, "product", content))

    def listing(self, url: str) -> Listing | None:
        """A listing that a run which did not reach its end has read a short while ago; None if it must be asked for."""
        page = self._ledger.recall(url)
        if page is None or self._unfinished_since is None or page.gone_at is not None:
            return None
        if page.read_at < max(self._unfinished_since, self._now - LISTING_SECONDS):
            return None
        value = json.loads(page.content)
        links = tuple(ProductLink(**link) for link in value.pop("products"))
        return Listing(links, **value)

    def keep_listing(self, url: str, listing: Listing) -> None:
        self._ledger.remember(KnownPage(url, self._source, "listing", json.dumps(asdict(listing))))

    def _beginning(self) -> float | None:
        """When the crawl that is still to be finished began: the oldest of the last runs that did not reach an end."""
        began = None
        for run in self._ledger.runs(self._source):
            if run["reason"] not in _GOES_ON:
                break
            began = run["started_at"]
        return began


def _item(value: dict[str, Any]) -> ProductItem:
    images = tuple(ImageRef(**image | {"view": View(image["view"])}) for image in value.pop("images"))
    gender = value.pop("gender")
    return ProductItem(**value, gender=None if gender is None else Gender(gender), images=images)
