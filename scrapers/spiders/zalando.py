"""The Zalando spider: listing pages, whose tiles a browser paints where there is one, then product pages."""

from __future__ import annotations

from scrapers.items import Listing, ProductItem
from scrapers.pages import zalando
from scrapers.pages.saved import SavedPage
from scrapers.spiders.base import ShopSpider


class ZalandoSpider(ShopSpider):
    """Categories are listing paths such as `/mens-clothing-shirts/`; further pages are `?p=N`."""

    name = zalando.SOURCE
    painted_tile = 'article a[href*=".html"]'

    def read_listing(self, page: SavedPage) -> Listing:
        return zalando.read_listing(page)

    def read_product(self, page: SavedPage) -> ProductItem:
        return zalando.read_product(page, self.context.shop.image_width or zalando.LARGEST_WIDTH)
