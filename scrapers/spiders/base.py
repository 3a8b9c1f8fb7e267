"""What the three spiders share: from a category, a sitemap or addresses to products, and what may go wrong."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.http import Response, TextResponse

from manifests.ledger import Fetch, Ledger
from manifests.reasons import FetchReason, Gender
from scrapers import sightings
from scrapers.assignment import ARGUMENTS, assign
from scrapers.config import Category
from scrapers.context import CrawlContext
from scrapers.exit_status import ExitStatus
from scrapers.items import Listing, ProductItem, ProductLink
from scrapers.memory import Due
from scrapers.outcomes import Outcome
from scrapers.pages.saved import MarkupError, SavedPage
from scrapers.pages.shops import SHOPS, ShopPages, Site
from scrapers.politeness import robots
from scrapers.politeness.host_policies import HostPolicies
from scrapers.spiders.asking import ASKED, Leads, fetch_of, same_page
from scrapers.spiders.painting import PaintedListings
from scrapers.spiders.sitemaps import Sitemaps

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

SUSPECTS_TO_STOP = 3
"""Pages in a row without the data they should hold, after which the crawl stops."""

Found = TypeVar("Found")


class ShopSpider(PaintedListings, Sitemaps, Spider):
    """A shop's spider. What its pages hold is in scrapers.pages, by the spider's name; the way through them is here.

    Arguments of `scrapy crawl` (each after `-a`): those of `scrapers.assignment.assign`.
    """

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
        policies = HostPolicies(lambda origin: robots.ask(spider.context, origin))
        spider.context = CrawlContext(
            crawler, spider.name, config, shop, task.dataset, ledger, policies, task.is_partial, task.refresh
        )
        for name, value in {
            "USER_AGENT": config.user_agent,
            "DOWNLOAD_DELAY": config.delay_for(shop),
            "CONCURRENT_REQUESTS": config.concurrency_for(shop),
            "CONCURRENT_REQUESTS_PER_DOMAIN": config.concurrency_for(shop),
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
                self.give_up(ExitStatus.ROBOTS, f"{host}: {policy.why}")
        async for lead in self.entries():
            yield lead

    async def entries(self) -> AsyncIterator[Request | ProductItem]:
        """What to ask for first, once the hosts are known to be open."""
        for category in self.task.categories:
            for lead in self._listing(self.context.shop.base_url + category.path, category, 1, 0):
                yield lead
        sitemaps = await self.sitemaps()
        if sitemaps:
            yield self.sitemap_request(sitemaps)
        for link in self.task.products:
            for lead in self.product(link, None):
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
        arguments: dict[str, Any] = {"fetch": fetch_of(self.name, "page", response), "listing": listing}
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
            self.refuse(fetch.url, "page", Outcome(FetchReason.HTTP_ERROR, detail))
            return
        with self.context.ledger.batch():
            self.context.memory.keep_listing(fetch.url, listing)
            self.context.ledger.record_fetch(fetch)
        yield from self._products(listing, category)
        seen = before + len(listing.products)
        if self._goes_on(listing, category, number, seen) and listing.next_url is not None:
            yield from self._listing(listing.next_url, category, number + 1, seen)

    def _has_enough(self, category: Category) -> bool:
        """True once the limit is reached, or the category's even share of it."""
        limit = self.task.limit
        return limit is not None and (
            self.is_full or self._asked_in[category] >= -(-limit // len(self.task.categories))
        )

    def _products(self, listing: Listing, category: Category) -> Leads:
        for link in listing.products:
            if self._has_enough(category):
                return
            self._asked_in[category] += link.key not in self._asked
            yield from self.product(link, category)

    def _goes_on(self, listing: Listing, category: Category, number: int, seen: int) -> bool:
        """True if the page after `listing` is to be read as well."""
        keys = {hash((category.path, link.key)) for link in listing.products}
        is_new = not keys <= self._listed
        self._listed |= keys
        if self._has_enough(category):
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

    # Products

    @property
    def is_full(self) -> bool:
        return self.task.limit is not None and len(self._asked) >= self.task.limit

    def product(self, link: ProductLink, category: Category | None) -> Leads:
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
        await sightings.record(self.context, fetch_of(self.name, "page", response), items)
        for item in items:
            self.context.tally.add(item, category.gender if category else Gender.UNKNOWN)
            yield item

    # What may go wrong

    def _read(self, response: Response, reader: Callable[[SavedPage], Found]) -> Found | None:
        """What `reader` makes of a response; None, recorded, if it led elsewhere or holds nothing."""
        asked = response.meta[ASKED]
        if not same_page(asked, response.url):
            detail = f"redirected to {response.url}; what is there is not what was asked for"
            self.refuse(asked, "page", Outcome(FetchReason.HTTP_ERROR, detail, response.status))
            return None
        try:
            if not isinstance(response, TextResponse):
                raise MarkupError(f"{response.url} is no text")
            found = reader(SavedPage(response.url, response.text))
        except MarkupError as error:
            self._suspects += 1
            self.refuse(asked, "page", Outcome(FetchReason.HTTP_ERROR, str(error), response.status))
            if self._suspects >= SUSPECTS_TO_STOP:
                self.context.stop(
                    ExitStatus.MARKUP, f"{self._suspects} pages in a row without product data, the last: {error}"
                )
            return None
        self._suspects = 0
        self.context.counts["page:ok"] += 1
        return found
