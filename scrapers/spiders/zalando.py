"""The Zalando spider: listing pages, whose tiles a browser paints where there is one, then product pages."""

from __future__ import annotations

from scrapers.pages import zalando
from scrapers.spiders.base import ShopSpider


class ZalandoSpider(ShopSpider):
    """Categories are listing paths such as `/mens-clothing-shirts/`; further pages are `?p=N`."""

    name = zalando.SOURCE
