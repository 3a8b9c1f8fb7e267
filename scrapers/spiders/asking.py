"""The ground of the spiders: how anything is asked for, and how it is recorded that it did not come."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure

from manifests.ledger import Fetch, FetchKind
from manifests.reasons import FetchReason
from scrapers.assignment import Assignment
from scrapers.context import KIND, CrawlContext
from scrapers.exit_status import ExitStatus
from scrapers.items import ProductItem
from scrapers.outcomes import Outcome, Stopped, outcome_of_error
from scrapers.pages.shops import ShopPages, Site

logger = logging.getLogger(__name__)

ASKED = "vestiary_asked"
"""Request.meta key: the address that was asked for, whatever redirects make of it."""
Leads = Iterator[Request | ProductItem]


class Asking:
    """What the parts of a spider share."""

    name: str
    context: CrawlContext
    task: Assignment
    pages: ShopPages
    site: Site

    def failed(self, failure: Failure) -> None:
        """Record why a page did not come."""
        request: Request = failure.request  # type: ignore[attr-defined]
        if failure.value is None or isinstance(failure.value, Stopped):
            return
        outcome, url = outcome_of_error(failure.value), request.meta[ASKED]
        self.refuse(url, request.meta[KIND], outcome)
        if outcome.reason is FetchReason.GONE and self.context.ledger.mark_gone(url):
            self.context.counts["products:gone"] += 1

    def refuse(self, url: str, kind: FetchKind, outcome: Outcome) -> None:
        logger.warning("%s: %s (%s)", url, outcome.reason, outcome.detail)
        self.context.record(url, kind, outcome)

    def give_up(self, status: ExitStatus, why: str) -> None:
        if self.context.stopped is None:
            self.context.stopped = (status, why)
            logger.error("%s: not started: %s", self.name, why)
            raise CloseSpider(status.name.lower())

    def request(
        self,
        url: str,
        callback: Any,
        arguments: dict[str, Any],
        priority: int = 0,
        errback: Any = None,
        kind: FetchKind = "page",
    ) -> Request:
        """A request whose failure is recorded unless `errback` sees to that."""
        meta = {KIND: kind, ASKED: url}
        return Request(
            url, callback=callback, errback=errback or self.failed, cb_kwargs=arguments, meta=meta, priority=priority
        )


def same_page(asked: str, came: str) -> bool:
    """True if a final URL is the one asked for: same host and path, but for a slash at the end or doubled slashes."""
    one, other = urlsplit(asked), urlsplit(came)
    paths = ["/".join(part for part in url.path.split("/") if part) for url in (one, other)]
    return one.hostname == other.hostname and paths[0] == paths[1]


def fetch_of(source: str, kind: FetchKind, response: Response) -> Fetch:
    """The ledger's row of an answer that was read."""
    return Fetch(response.meta[ASKED], kind, source, "ok", response.status, None, len(response.body))
