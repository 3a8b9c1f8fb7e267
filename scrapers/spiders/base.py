"""What the three spiders share: from a category to its products, one page at a time, and what to do when it fails."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.exceptions import CloseSpider, IgnoreRequest
from scrapy.http import Response, TextResponse
from twisted.python.failure import Failure

from manifests.ledger import Fetch, Ledger
from manifests.reasons import FetchReason
from manifests.settings import SettingsError
from scrapers.assignment import assign
from scrapers.browser import CHROMIUM_VARIABLE, Browser, find_chromium
from scrapers.config import Category
from scrapers.context import KIND, CrawlContext
from scrapers.exit_status import ExitStatus
from scrapers.items import Listing, ProductItem
from scrapers.outcomes import Outcome, Stopped, outcome_of_error
from scrapers.pages.saved import MarkupError, SavedPage

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

SUSPECTS_TO_STOP = 3
"""Pages in a row without the data they should hold, after which the crawl stops."""


class ShopSpider(Spider):
    """A shop's spider: `read_listing` and `read_product` say what its pages hold, the rest is here.

    Arguments of `scrapy crawl` (each after `-a`):
        config: TOML file (default: $VESTIARY_CONFIG, else configs/fashion.toml).
        category: labels or paths, comma-separated, of the configured categories to crawl (default: all).
        limit: products in this run, shared evenly among the categories.
    """

    painted_tile: ClassVar[str | None] = None
    """CSS selector of a tile, where listings paint tiles by script."""

    context: CrawlContext
    allowed_domains: list[str]

    @abstractmethod
    def read_listing(self, page: SavedPage) -> Listing:
        """The products of a listing page; raises MarkupError."""

    @abstractmethod
    def read_product(self, page: SavedPage) -> ProductItem:
        """The product of a product page; raises MarkupError."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **arguments: Any) -> ShopSpider:
        named = {name: arguments.pop(name, None) for name in ("config", "category", "limit")}
        spider = super().from_crawler(crawler, *args, **arguments)
        task = assign(spider.name, **named)
        config, shop = task.config, task.shop
        spider.allowed_domains = list(shop.hosts)
        spider.categories, spider.limit = task.categories, task.limit
        ledger = Ledger(task.dataset / "crawl.sqlite")
        spider.context = CrawlContext(crawler, spider.name, config, shop, task.dataset, ledger, task.is_partial)
        for name, value in {
            "USER_AGENT": config.user_agent,
            "DOWNLOAD_DELAY": config.delay_for(shop),
            "DOWNLOAD_TIMEOUT": config.timeout_seconds,
            "DOWNLOAD_MAXSIZE": config.max_page_bytes,
            **spider._browser_settings(),
        }.items():
            crawler.settings.set(name, value, priority="spider")
        return spider

    def __init__(self, *args: Any, **arguments: Any) -> None:
        super().__init__(*args, **arguments)
        self.categories: tuple[Category, ...] = ()
        self.limit: int | None = None
        self.browser: Browser | None = None
        self._suspects = 0
        self._asked: set[str] = set()
        self._asked_in: Counter[Category] = Counter()

    async def start(self) -> AsyncIterator[Request]:
        """Ask every host's robots.txt first; a host that is closed ends the crawl before it began."""
        for host in self.context.shop.hosts:
            policy = await self.context.policies.of(f"{urlsplit(self.context.shop.base_url).scheme}://{host}/")
            if policy.closed and self.context.stopped is None:
                self.context.stopped = (ExitStatus.ROBOTS, f"{host}: {policy.why}")
                logger.error("%s: not started: %s: %s", self.name, host, policy.why)
                raise CloseSpider(ExitStatus.ROBOTS.name.lower())
        for category in self.categories:
            yield self._listing_request(self.context.shop.base_url + category.path, category, 1, 0)

    def parse_listing(self, response: Response, category: Category, number: int, before: int) -> Iterator[Request]:
        """One page of a category, after `before` products on earlier pages; a browser paints it, if there is one."""
        listing = self._read(response, self.read_listing)
        if listing is None:
            return
        arguments = {"listing": listing, "category": category, "number": number, "before": before}
        if self.browser is None:
            yield from self._follow(response.url, **arguments)
            return
        painted = self._request(response.url, self.parse_painted, arguments, errback=self.not_painted)
        painted.meta.update(self.browser.meta(response))
        yield painted.replace(dont_filter=True)

    def parse_painted(self, response: Response, listing: Listing, **arguments: Any) -> Iterator[Request]:
        """The same page with its tiles painted: their products join those that were served."""
        with suppress(MarkupError):  # then what was served stands
            if isinstance(response, TextResponse):
                painted = self.read_listing(SavedPage(response.url, response.text))
                links = {link.key: link for link in (*listing.products, *painted.products)}
                listing = replace(listing, products=tuple(links.values()))
        yield from self._follow(response.url, listing, **arguments)

    def not_painted(self, failure: Failure) -> Iterator[Request]:
        """The browser failed: go on with what was served."""
        if isinstance(failure.value, IgnoreRequest):
            return
        request: Request = failure.request  # type: ignore[attr-defined]
        if self.context.config.browser == "always":
            self.context.stop(ExitStatus.FAILED, f'browser = "always", and it failed: {failure.value}')
            return
        if self.browser is not None:
            self._without_browser(f"the browser failed ({str(failure.value).splitlines()[0]})")
        yield from self._follow(request.url, **request.cb_kwargs)

    def _follow(self, url: str, listing: Listing, category: Category, number: int, before: int) -> Iterator[Request]:
        """The requests that a listing leads to: its products, then the next page."""
        if not listing.products:
            detail = f"no product on page {number} of {category.category}: changed markup, or an empty category"
            self._refuse(url, Outcome(FetchReason.HTTP_ERROR, detail))
            return
        share = -(-self.limit // len(self.categories)) if self.limit else None
        for link in listing.products:
            full = self.limit is not None and len(self._asked) >= self.limit
            if full or (share is not None and self._asked_in[category] >= share):
                return
            if link.key not in self._asked:
                self._asked.add(link.key)
                self._asked_in[category] += 1
                yield self._request(link.url, self.parse_product, {"category": category}, priority=10)
        seen = before + len(listing.products)
        if listing.next_url and number < self.context.shop.max_pages:
            yield self._listing_request(listing.next_url, category, number + 1, seen)
        elif listing.announced and (missed := listing.announced - seen) > 0:
            logger.warning(
                "%s: %d of %d products are on no page of %s", self.name, missed, listing.announced, category.path
            )
            self.context.counts["products:missed"] += missed

    def parse_product(self, response: Response, category: Category) -> Iterator[ProductItem]:
        """One product; what its page does not say is taken from the category."""
        item = self._read(response, self.read_product)
        if item is not None:
            yield replace(
                item,
                gender=category.gender if item.gender is None else item.gender,
                category=item.category or category.category,
            )

    def failed(self, failure: Failure) -> None:
        """Record why a page did not come."""
        request: Request = failure.request  # type: ignore[attr-defined]
        if failure.value is not None and not isinstance(failure.value, Stopped):
            self._refuse(request.url, outcome_of_error(failure.value))

    def _read(self, response: Response, reader: Any) -> Any:
        """What `reader` makes of a response, recorded; None if it led elsewhere or holds nothing."""
        asked = response.meta["vestiary_asked"]
        if not same_page(asked, response.url):
            detail = f"redirected to {response.url}; what is there is not what was asked for"
            self._refuse(asked, Outcome(FetchReason.HTTP_ERROR, detail, response.status))
            return None
        try:
            if not isinstance(response, TextResponse):
                raise MarkupError(f"{response.url} is no text")
            found = reader(SavedPage(response.url, response.text))
        except MarkupError as error:
            self._suspects += 1
            self._refuse(response.url, Outcome(FetchReason.HTTP_ERROR, str(error), response.status))
            if self._suspects >= SUSPECTS_TO_STOP:
                self.context.stop(
                    ExitStatus.MARKUP, f"{self._suspects} pages in a row without product data, the last: {error}"
                )
            return None
        self._suspects = 0
        self.context.counts["page:ok"] += 1
        self.context.ledger.record_fetch(
            Fetch(response.url, "page", self.name, "ok", response.status, None, len(response.body))
        )
        return found

    def _refuse(self, url: str, outcome: Outcome) -> None:
        logger.warning("%s: %s (%s)", url, outcome.reason, outcome.detail)
        self.context.record(url, "page", outcome)

    def _request(
        self, url: str, callback: Any, arguments: dict[str, Any], priority: int = 0, errback: Any = None
    ) -> Request:
        meta = {KIND: "page", "vestiary_asked": url}
        return Request(
            url, callback=callback, errback=errback or self.failed, cb_kwargs=arguments, meta=meta, priority=priority
        )

    def _listing_request(self, url: str, category: Category, number: int, before: int) -> Request:
        return self._request(url, self.parse_listing, {"category": category, "number": number, "before": before})

    def _browser_settings(self) -> dict[str, Any]:
        wish = self.context.config.browser
        if self.painted_tile is None or wish == "never":
            return {}
        executable = find_chromium()
        if executable is None:
            if wish == "always":
                raise SettingsError(
                    f'browser = "always", but there is no Chromium: install one, or set {CHROMIUM_VARIABLE}'
                )
            self._without_browser(f"no Chromium (looked at {CHROMIUM_VARIABLE}, PATH and Playwright)")
            return {}
        self.browser = Browser(executable, self.painted_tile, self.context)
        return self.browser.settings()

    def _without_browser(self, why: str) -> None:
        self.browser = None
        logger.warning("%s: %s: tiles that listings paint by script are missed", self.name, why)


def same_page(asked: str, came: str) -> bool:
    """True if a final URL is the one asked for: same host and path, but for a slash at the end or doubled slashes."""
    one, other = urlsplit(asked), urlsplit(came)
    paths = ["/".join(part for part in url.path.split("/") if part) for url in (one, other)]
    return one.hostname == other.hostname and paths[0] == paths[1]
