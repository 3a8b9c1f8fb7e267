"""The part of a spider that finds products in sitemaps, where the shop lists all of them in one place.

Sitemaps are read anew by every run: they say what the shop has today.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from manifests.reasons import FetchReason
from scrapers.exit_status import ExitStatus
from scrapers.outcomes import Outcome
from scrapers.pages.saved import MarkupError
from scrapers.pages.sitemaps import MAX_BYTES, read_sitemap
from scrapers.spiders.asking import Asking, Leads, fetch_of

if TYPE_CHECKING:
    from scrapers.config import Category
    from scrapers.items import ProductLink


class Sitemaps(Asking):
    """Mixed into `ShopSpider`: from `sitemaps` and `sitemap_request` to `product`."""

    if TYPE_CHECKING:

        @property
        def is_full(self) -> bool: ...
        def product(self, link: ProductLink, category: Category | None) -> Leads: ...

    async def sitemaps(self) -> tuple[str, ...]:
        """The addresses of the sitemaps to read; those that robots.txt names in place of the word "robots"."""
        if "robots" not in self.task.sitemaps:
            return self.task.sitemaps
        rules = (await self.context.policies.of(f"{self.context.shop.base_url}/")).rules
        named = tuple(rules.sitemaps) if rules is not None else ()
        if not named:
            self.give_up(ExitStatus.REFUSED, f"the robots.txt of {self.context.shop.host} names no sitemap")
        return tuple(dict.fromkeys((*(url for url in self.task.sitemaps if url != "robots"), *named)))

    def sitemap_request(self, sitemaps: tuple[str, ...]) -> Request:
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
            self.refuse(response.url, "sitemap", Outcome(FetchReason.HTTP_ERROR, str(error), response.status))
        else:
            self.context.ledger.record_fetch(fetch_of(self.name, "sitemap", response))
            own = [url for url in sitemap.locations if (urlsplit(url).hostname or "").lower() == self.context.shop.host]
            if sitemap.is_index:
                rest += tuple(url for url in own if self.pages.is_wanted_sitemap(url, self.context.shop.market))
            else:
                links = (self.pages.product_link(url) for url in own if url.startswith(f"{self.site.market_url}/"))
                for link in links:
                    if link is not None and not self.is_full:
                        yield from self.product(link, None)
        if rest and not self.is_full:
            yield self.sitemap_request(rest)

    def sitemap_failed(self, failure: Failure) -> Leads:
        """Record why a sitemap did not come, and go on with the next."""
        self.failed(failure)
        rest = failure.request.cb_kwargs["rest"]  # type: ignore[attr-defined]
        if rest and not self.context.is_stopping:
            yield self.sitemap_request(rest)
