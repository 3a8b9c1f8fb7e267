"""The part of a spider that has a browser paint a listing's tiles, and does without where it cannot."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response, TextResponse
from twisted.python.failure import Failure

from manifests.settings import SettingsError
from scrapers.browser import CHROMIUM_VARIABLE, Browser, find_chromium
from scrapers.exit_status import ExitStatus
from scrapers.items import Listing
from scrapers.pages.saved import MarkupError, SavedPage
from scrapers.spiders.asking import Asking, Leads

if TYPE_CHECKING:
    from manifests.ledger import Fetch
    from scrapers.config import Category

logger = logging.getLogger(__name__)

FAILURES_TO_STOP = 3
"""Paintings in a row that failed, after which the crawl goes on without a browser."""


class PaintedListings(Asking):
    """Mixed into `ShopSpider`: `painting` gives the request, and both its ends lead on to `follow`."""

    browser: Browser | None = None
    _failures = 0

    if TYPE_CHECKING:

        def follow(self, fetch: Fetch, listing: Listing, category: Category, number: int, before: int) -> Leads: ...

    def painting(self, response: Response, arguments: dict[str, Any]) -> Request | None:
        """A request that paints the listing that was fetched; None where there is no browser."""
        if self.browser is None:
            return None
        request = self.request(response.url, self.parse_painted, arguments, errback=self.not_painted)
        request.meta.update(self.browser.meta(response))
        return request.replace(dont_filter=True)

    def parse_painted(self, response: Response, listing: Listing, **arguments: Any) -> Leads:
        """The page with its tiles painted: their products join those that were served."""
        self._failures = 0
        with suppress(MarkupError):  # then what was served stands
            if isinstance(response, TextResponse):
                painted = self.pages.read_listing(SavedPage(response.url, response.text), self.site)
                links = {link.key: link for link in (*listing.products, *painted.products)}
                listing = replace(listing, products=tuple(links.values()))
        yield from self.follow(listing=listing, **arguments)

    def not_painted(self, failure: Failure) -> Leads:
        """The browser failed: once more in a new one, then on with what was served."""
        if isinstance(failure.value, IgnoreRequest):
            return
        request: Request = failure.request  # type: ignore[attr-defined]
        why = str(failure.value).splitlines()[0] if str(failure.value) else type(failure.value).__name__
        self.context.counts["browser:failed"] += 1
        self._failures += 1
        if self.browser is not None and not request.meta.get("vestiary_again"):
            logger.warning("%s: the browser failed (%s); once more", self.name, why)
            again = self.browser.renewed(request.meta) | {"vestiary_again": True}
            yield request.replace(meta=again, dont_filter=True)
            return
        if self.context.config.browser == "always":
            self.context.stop(ExitStatus.FAILED, f'browser = "always", and it failed: {why}')
            return
        if self.browser is not None and self._failures >= FAILURES_TO_STOP:
            self._without_browser(f"the browser failed ({why})")
        yield from self.follow(**request.cb_kwargs)

    def browser_settings(self) -> dict[str, Any]:
        """The settings that install the browser, where listings are painted and there is one.

        Raises:
            SettingsError: browser = "always", and there is none.
        """
        wish = self.context.config.browser
        if self.pages.painted_tile is None or wish == "never":
            return {}
        executable = find_chromium()
        if executable is None:
            if wish == "always":
                raise SettingsError(
                    f'browser = "always", but there is no Chromium: install one, or set {CHROMIUM_VARIABLE}'
                )
            self._without_browser(f"no Chromium (looked at {CHROMIUM_VARIABLE}, PATH and Playwright)")
            return {}
        self.browser = Browser(executable, self.pages.painted_tile, self.context)
        return self.browser.settings()

    def _without_browser(self, why: str) -> None:
        self.browser = None
        logger.warning("%s: %s: tiles that listings paint by script are missed", self.name, why)
