"""What the three spiders share: from a category to its products, one page at a time, and what to do when it fails."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.exceptions import CloseSpider
from scrapy.http import Response, TextResponse
from twisted.python.failure import Failure

from manifests.ledger import Fetch, Ledger
from manifests.reasons import FetchReason
from manifests.settings import SettingsError
from scrapers import browser
from scrapers.assignment import assign
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
        self.has_browser = False
        self._suspects = 0
        self._asked: set[str] = set()
        self._asked_in: dict[Category, int] = {}

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
        """One page of a category, after `before` products on earlier pages: its products, then the next page."""
        listing = self._read(response, self.read_listing)
        if listing is None:
            return
        if not listing.products:
            detail = f"no product on page {number} of {category.category}: changed markup, or an empty category"
            self._refuse(response.url, Outcome(FetchReason.HTTP_ERROR, detail, response.status))
            return
        self._accept(response)
        share = -(-self.limit // len(self.categories)) if self.limit else None
        for link in listing.products:
            if share is not None and self._asked_in.get(category, 0) >= share:
                return
            if link.key not in self._asked:
                self._asked.add(link.key)
                self._asked_in[category] = self._asked_in.get(category, 0) + 1
                yield self._request(link.url, self.parse_product, {"category": category}, priority=10)
        if listing.next_url and number < self.context.shop.max_pages:
            yield self._listing_request(listing.next_url, category, number + 1, before + len(listing.products))
        elif listing.announced and (missed := listing.announced - before - len(listing.products)) > 0:
            logger.warning(
                "%s: %d of %d products are on no page of %s", self.name, missed, listing.announced, category.path
            )
            self.context.counts["products:missed"] += missed

    def parse_product(self, response: Response, category: Category) -> Iterator[ProductItem]:
        """One product; what its page does not say is taken from the category."""
        item = self._read(response, self.read_product)
        if item is not None:
            self._accept(response)
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
        """What `reader` makes of a response; None, recorded, if it led elsewhere or holds nothing."""
        asked = response.meta["vestiary_asked"]
        if not same_page(asked, response.url):
            detail = f"redirected to {response.url}; what is there is not what was asked for"
            self._refuse(asked, Outcome(FetchReason.HTTP_ERROR, detail, response.status))
            return None
        try:
            if not isinstance(response, TextResponse):
                raise MarkupError(f"{response.url} is no text")
            return reader(SavedPage(response.url, response.text))
        except MarkupError as error:
            self._suspects += 1
            self._refuse(response.url, Outcome(FetchReason.HTTP_ERROR, str(error), response.status))
            if self._suspects >= SUSPECTS_TO_STOP:
                self.context.stop(
                    ExitStatus.MARKUP, f"{self._suspects} pages in a row without product data, the last: {error}"
                )
            return None

    def _accept(self, response: Response) -> None:
        self._suspects = 0
        self.context.counts["page:ok"] += 1
        self.context.ledger.record_fetch(
            Fetch(response.url, "page", self.name, "ok", response.status, None, len(response.body))
        )

    def _refuse(self, url: str, outcome: Outcome) -> None:
        logger.warning("%s: %s (%s)", url, outcome.reason, outcome.detail)
        self.context.record(url, "page", outcome)

    def _request(self, url: str, callback: Any, arguments: dict[str, Any], priority: int = 0) -> Request:
        meta = {KIND: "page", "vestiary_asked": url}
        return Request(url, callback=callback, errback=self.failed, cb_kwargs=arguments, meta=meta, priority=priority)

    def _listing_request(self, url: str, category: Category, number: int, before: int) -> Request:
        arguments = {"category": category, "number": number, "before": before}
        request = self._request(url, self.parse_listing, arguments)
        if self.has_browser and self.painted_tile:
            request.meta.update(browser.page_meta(self.painted_tile, self.context.config.timeout_seconds))
        return request

    def _browser_settings(self) -> dict[str, Any]:
        config = self.context.config
        if self.painted_tile is None or config.browser == "never":
            return {}
        executable = browser.find_chromium()
        if executable is None:
            if config.browser == "always":
                raise SettingsError(
                    f'browser = "always", but there is no Chromium: install one, or set {browser.CHROMIUM_VARIABLE}'
                )
            logger.warning(
                "%s: no Chromium (looked at %s, PATH, Playwright): tiles that listings paint by script are missed",
                self.name,
                browser.CHROMIUM_VARIABLE,
            )
            return {}
        self.has_browser = True
        return browser.settings_for(executable, self.context, config.user_agent)


def same_page(asked: str, came: str) -> bool:
    """True if a final URL is the one asked for: same host and path, but for a slash at the end or doubled slashes."""
    one, other = urlsplit(asked), urlsplit(came)
    paths = ["/".join(part for part in url.path.split("/") if part) for url in (one, other)]
    return one.hostname == other.hostname and paths[0] == paths[1]
