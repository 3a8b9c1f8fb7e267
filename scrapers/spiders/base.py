"""What the three spiders share: from a category, a sitemap or addresses to products, and what may go wrong."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.exceptions import CloseSpider
from scrapy.http import Response, TextResponse
from twisted.python.failure import Failure

from manifests.ledger import Fetch, FetchKind, Ledger
from manifests.reasons import FetchReason, Gender
from scrapers import sightings
from scrapers.assignment import ARGUMENTS, Assignment, assign
from scrapers.config import Category
from scrapers.context import KIND, CrawlContext
from scrapers.exit_status import ExitStatus
from scrapers.items import Listing, ProductItem, ProductLink
from scrapers.memory import Due
from scrapers.outcomes import Outcome, Stopped, outcome_of_error
from scrapers.pages.saved import MarkupError, SavedPage
from scrapers.pages.shops import SHOPS, ShopPages, Site
from scrapers.pages.sitemaps import MAX_BYTES, read_sitemap
from scrapers.spiders.painting import PaintedListings

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

SUSPECTS_TO_STOP = 3
"""Pages in a row without the data they should hold, after which the crawl stops."""

Found = TypeVar("Found")
Leads = Iterator[Request | ProductItem]


class ShopSpider(PaintedListings, Spider):
    """A shop's spider. What its pages hold is in scrapers.pages, by the spider's name; the way through them is here.

    Arguments of `scrapy crawl` (each after `-a`): those of `scrapers.assignment.assign`.
    """

    context: CrawlContext
    task: Assignment
    allowed_domains: list[str]

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **arguments: Any) -> ShopSpider:
        named = {name: arguments.pop(name, None) for name in ARGUMENTS}
        spider = super().from_crawler(crawler, *args, **arguments)
        task = assign(spider.name, **named)
        config, shop = task.config, task.shop
        spider.allowed_domains = list(shop.hosts)
        spider.task = task
        spider.site = Site(shop.base_url, shop.market, shop.image_hosts[0], shop.image_width)
        ledger = Ledger(task.dataset / "crawl.sqlite")
        spider.context = CrawlContext(
            crawler, spider.name, config, shop, task.dataset, ledger, task.is_partial, task.refresh
        )
        for name, value in {
            "USER_AGENT": config.user_agent,
            "DOWNLOAD_DELAY": config.delay_for(shop),
            "DOWNLOAD_TIMEOUT": config.timeout_seconds,
            "DOWNLOAD_MAXSIZE": config.max_page_bytes,
            **spider.browser_settings(),
        }.items():
            crawler.settings.set(name, value, priority="spider")
        return spider

    def __init__(self, *args: Any, **arguments: Any) -> None:
        super().__init__(*args, **arguments)
        self.pages: ShopPages = SHOPS[self.name]
        self.site: Site
        self._suspects = 0
        self._asked: set[str] = set()
        self._asked_in: Counter[Category] = Counter()
        self._listed: set[int] = set()

    async def start(self) -> AsyncIterator[Request | ProductItem]:
        """Ask every host's robots.txt first; a host that is closed ends the crawl before it began."""
        for host in self.context.shop.hosts:
            policy = await self.context.policies.of(f"{urlsplit(self.context.shop.base_url).scheme}://{host}/")
            if policy.closed:
                self._give_up(ExitStatus.ROBOTS, f"{host}: {policy.why}")
        for category in self.task.categories:
            for lead in self._listing(self.context.shop.base_url + category.path, category, 1, 0):
                yield lead
        sitemaps = await self._sitemaps()
        if sitemaps:
            yield self._sitemap_request(sitemaps)
        for link in self.task.products:
            for lead in self._product(link, None):
                yield lead

    # Listings

    def _listing(self, url: str, category: Category, number: int, before: int) -> Leads:
        """Page `number` of a category, after `before` products: asked for, or as an unfinished run has read it."""
        while (listing := self.context.memory.listing(url)) is not None:
            self.context.counts["page:known"] += 1
            yield from self._products(listing, category)
            before += len(listing.products)
            if not self._goes_on(listing, category, number, before) or listing.next_url is None:
                return
            url, number = listing.next_url, number + 1
        yield self.request(url, self.parse_listing, {"category": category, "number": number, "before": before})

    def parse_listing(self, response: Response, category: Category, number: int, before: int) -> Leads:
        """One page of a category; a browser paints it, if there is one."""
        listing = self._read(response, lambda page: self.pages.read_listing(page, self.site))
        if listing is None:
            return
        arguments: dict[str, Any] = {"fetch": _fetch(self.name, "page", response), "listing": listing}
        arguments |= {"category": category, "number": number, "before": before}
        painting = self.painting(response, arguments)
        if painting is not None:
            yield painting
        else:
            yield from self.follow(**arguments)

    def follow(self, fetch: Fetch, listing: Listing, category: Category, number: int, before: int) -> Leads:
        """What a listing that was read leads to: its products, then the next page."""
        if not listing.products:
            detail = f"no product on page {number} of {category.category}: changed markup, or an empty category"
            self._refuse(fetch.url, "page", Outcome(FetchReason.HTTP_ERROR, detail))
            return
        with self.context.ledger.batch():
            self.context.memory.keep_listing(fetch.url, listing)
            self.context.ledger.record_fetch(fetch)
        seen = before + len(listing.products)
        goes_on = self._goes_on(listing, category, number, seen)
        yield from self._products(listing, category)
        if goes_on and listing.next_url is not None:
            yield from self._listing(listing.next_url, category, number + 1, seen)

    def _products(self, listing: Listing, category: Category) -> Leads:
        limit = self.task.limit
        share = -(-limit // len(self.task.categories)) if limit else None
        for link in listing.products:
            if self._is_full or (share is not None and self._asked_in[category] >= share):
                return
            self._asked_in[category] += link.key not in self._asked
            yield from self._product(link, category)

    def _goes_on(self, listing: Listing, category: Category, number: int, seen: int) -> bool:
        """True if the page after `listing` is to be read as well."""
        keys = {hash((category.path, link.key)) for link in listing.products}
        is_new = not keys <= self._listed
        self._listed |= keys
        share = -(-self.task.limit // len(self.task.categories)) if self.task.limit else None
        if self._is_full or (share is not None and seen >= share):
            return False
        if listing.next_url and number < self.context.shop.max_pages:
            if not is_new:
                logger.warning("%s: page %d of %s repeats the pages before it", self.name, number, category.path)
            return is_new
        if listing.announced and (missed := listing.announced - seen) > 0:
            logger.warning(
                "%s: %d of %d products are on no page of %s", self.name, missed, listing.announced, category.path
            )
            self.context.counts["products:missed"] += missed
        return False

    # Sitemaps

    async def _sitemaps(self) -> tuple[str, ...]:
        """The addresses of the sitemaps to read; those that robots.txt names in place of the word "robots"."""
        if "robots" not in self.task.sitemaps:
            return self.task.sitemaps
        rules = (await self.context.policies.of(f"{self.context.shop.base_url}/")).rules
        named = tuple(rules.sitemaps) if rules is not None else ()
        if not named:
            self._give_up(ExitStatus.REFUSED, f"the robots.txt of {self.context.shop.host} names no sitemap")
        return tuple(dict.fromkeys((*(url for url in self.task.sitemaps if url != "robots"), *named)))

    def _sitemap_request(self, sitemaps: tuple[str, ...]) -> Request:
        """A request for the first of `sitemaps`; the others are asked for one after the other, while there is need."""
        request = self.request(
            sitemaps[0], self.parse_sitemap, {"rest": sitemaps[1:]}, errback=self.sitemap_failed, kind="sitemap"
        )
        request.meta["download_maxsize"] = MAX_BYTES
        return request

    def parse_sitemap(self, response: Response, rest: tuple[str, ...]) -> Leads:
        """The products of a sitemap, or the parts of an index that may concern us."""
        try:
            sitemap = read_sitemap(response.body)
        except MarkupError as error:
            self._refuse(response.url, "sitemap", Outcome(FetchReason.HTTP_ERROR, str(error), response.status))
        else:
            self.context.ledger.record_fetch(_fetch(self.name, "sitemap", response))
            own = [url for url in sitemap.locations if (urlsplit(url).hostname or "").lower() == self.context.shop.host]
            if sitemap.is_index:
                rest += tuple(url for url in own if self.pages.is_wanted_sitemap(url, self.context.shop.market))
            else:
                links = (self.pages.product_link(url) for url in own if url.startswith(f"{self.site.market_url}/"))
                for link in links:
                    if link is not None and not self._is_full:
                        yield from self._product(link, None)
        if rest and not self._is_full:
            yield self._sitemap_request(rest)

    def sitemap_failed(self, failure: Failure) -> Leads:
        """Record why a sitemap did not come, and go on with the next."""
        self.failed(failure)
        rest = failure.request.cb_kwargs["rest"]  # type: ignore[attr-defined]
        if rest and not self.context.is_stopping:
            yield self._sitemap_request(rest)

    # Products

    @property
    def _is_full(self) -> bool:
        return self.task.limit is not None and len(self._asked) >= self.task.limit

    def _product(self, link: ProductLink, category: Category | None) -> Leads:
        """A request for a product's page, or what the ledger knows of it; nothing where asking is no use."""
        counts = self.context.counts
        if link.key in self._asked:
            return
        self._asked.add(link.key)
        due = self.context.memory.product(link.url)
        if due is Due.ASK:
            yield self.request(link.url, self.parse_product, {"category": category}, priority=10)
            return
        counts[f"page:{due.value}"] += 1
        if due is Due.KNOWN:
            for item in self.context.memory.items(link.url):
                self.context.tally.add(item, category.gender if category else Gender.UNKNOWN)
                yield item

    async def parse_product(self, response: Response, category: Category | None) -> AsyncIterator[ProductItem]:
        """One product, or one in several colours; what its page does not say is taken from the category."""
        items = self._read(response, lambda page: self.pages.read_products(page, self.site))
        if items is None:
            return
        if category is not None:
            items = tuple(
                replace(
                    item,
                    gender=category.gender if item.gender is None else item.gender,
                    category=item.category or category.category,
                )
                for item in items
            )
        await sightings.record(self.context, _fetch(self.name, "page", response), items)
        for item in items:
            self.context.tally.add(item, category.gender if category else Gender.UNKNOWN)
            yield item

    # What may go wrong

    def failed(self, failure: Failure) -> None:
        """Record why a page did not come."""
        request: Request = failure.request  # type: ignore[attr-defined]
        if failure.value is None or isinstance(failure.value, Stopped):
            return
        outcome = outcome_of_error(failure.value)
        self._refuse(request.url, request.meta[KIND], outcome)
        if outcome.reason is FetchReason.GONE and self.context.ledger.mark_gone(request.url):
            self.context.counts["products:gone"] += 1

    def _read(self, response: Response, reader: Callable[[SavedPage], Found]) -> Found | None:
        """What `reader` makes of a response; None, recorded, if it led elsewhere or holds nothing."""
        asked = response.meta["vestiary_asked"]
        if not same_page(asked, response.url):
            detail = f"redirected to {response.url}; what is there is not what was asked for"
            self._refuse(asked, "page", Outcome(FetchReason.HTTP_ERROR, detail, response.status))
            return None
        try:
            if not isinstance(response, TextResponse):
                raise MarkupError(f"{response.url} is no text")
            found = reader(SavedPage(response.url, response.text))
        except MarkupError as error:
            self._suspects += 1
            self._refuse(asked, "page", Outcome(FetchReason.HTTP_ERROR, str(error), response.status))
            if self._suspects >= SUSPECTS_TO_STOP:
                self.context.stop(
                    ExitStatus.MARKUP, f"{self._suspects} pages in a row without product data, the last: {error}"
                )
            return None
        self._suspects = 0
        self.context.counts["page:ok"] += 1
        return found

    def _refuse(self, url: str, kind: FetchKind, outcome: Outcome) -> None:
        logger.warning("%s: %s (%s)", url, outcome.reason, outcome.detail)
        self.context.record(url, kind, outcome)

    def _give_up(self, status: ExitStatus, why: str) -> None:
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
        meta = {KIND: kind, "vestiary_asked": url}
        return Request(
            url, callback=callback, errback=errback or self.failed, cb_kwargs=arguments, meta=meta, priority=priority
        )


def same_page(asked: str, came: str) -> bool:
    """True if a final URL is the one asked for: same host and path, but for a slash at the end or doubled slashes."""
    one, other = urlsplit(asked), urlsplit(came)
    paths = ["/".join(part for part in url.path.split("/") if part) for url in (one, other)]
    return one.hostname == other.hostname and paths[0] == paths[1]


def _fetch(source: str, kind: FetchKind, response: Response) -> Fetch:
    """The ledger's row of an answer that was read."""
    return Fetch(response.meta["vestiary_asked"], kind, source, "ok", response.status, None, len(response.body))
