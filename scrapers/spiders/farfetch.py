"""The Farfetch spider: listing pages, then product pages."""

from __future__ import annotations

from scrapers.pages import farfetch
from scrapers.spiders.base import ShopSpider


class FarfetchSpider(ShopSpider):
    """Categories are listing paths such as `/uk/shopping/women/dresses-1/items.aspx`; further pages are `?page=N`."""

    name = farfetch.SOURCE
