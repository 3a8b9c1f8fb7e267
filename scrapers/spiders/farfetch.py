"""The Farfetch spider: listing pages, then product pages."""

from __future__ import annotations

from scrapers.items import Listing, ProductItem
from scrapers.pages import farfetch
from scrapers.pages.saved import SavedPage
from scrapers.spiders.base import ShopSpider


class FarfetchSpider(ShopSpider):
    """Categories are listing paths such as `/uk/shopping/women/dresses-1/items.aspx`; further pages are `?page=N`."""

    name = farfetch.SOURCE

    def read_listing(self, page: SavedPage) -> Listing:
        return farfetch.read_listing(page)

    def read_product(self, page: SavedPage) -> ProductItem:
        return farfetch.read_product(page, self.context.shop.image_width or farfetch.LARGEST_WIDTH)
