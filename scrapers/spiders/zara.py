"""The Zara spider: category answer, then one answer for each product in one colour."""

from __future__ import annotations

from urllib.parse import urlsplit

from scrapers.items import Listing, ProductItem
from scrapers.pages import zara, zara_media
from scrapers.pages.saved import SavedPage
from scrapers.spiders.base import ShopSpider


class ZaraSpider(ShopSpider):
    """Categories are pages (`/us/en/woman-dresses-l1066.html`) or JSON (`/us/en/category/…/products?ajax=true`)."""

    name = zara.SOURCE

    def read_listing(self, page: SavedPage) -> Listing:
        return zara.read_listing(page, self.context.shop.market_url)

    def read_product(self, page: SavedPage) -> ProductItem:
        shop = self.context.shop
        width = shop.image_width or zara_media.LARGEST_WIDTH
        origin = f"{urlsplit(shop.base_url).scheme}://{shop.image_hosts[0]}"
        return zara.read_product(page, shop.market_url, width, origin)
