"""The Zara spider: category answer, then one answer for each product in one colour."""

from __future__ import annotations

from scrapers.pages import zara
from scrapers.spiders.base import ShopSpider


class ZaraSpider(ShopSpider):
    """Categories are pages (`/us/en/woman-dresses-l1066.html`) or JSON (`/us/en/category/…/products?ajax=true`)."""

    name = zara.SOURCE
