"""The three shops' page objects behind one surface: what a spider, and the check of saved pages, needs of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from scrapers.items import ImageRef, Listing, ProductItem, ProductLink
from scrapers.pages import farfetch, zalando, zara, zara_media
from scrapers.pages.saved import SavedPage


@dataclass(frozen=True, slots=True)
class Site:
    """Where a page was found.

    Attributes:
        base_url: scheme and host.
        market: country and language segments of the paths, such as "us/en"; "" where there are none.
        image_host: serves the pictures that are given as a path alone.
        width: pixels to ask of the pictures; None for the shop's largest.
    """

    base_url: str
    market: str = ""
    image_host: str = ""
    width: int | None = None

    @property
    def market_url(self) -> str:
        return f"{self.base_url}/{self.market}" if self.market else self.base_url

    @property
    def image_origin(self) -> str:
        return f"{urlsplit(self.base_url).scheme}://{self.image_host}"


@dataclass(frozen=True, slots=True)
class ShopPages:
    """What one shop's pages hold. Readers raise MarkupError where there is nothing of theirs.

    Attributes:
        read_products: a product page; several items where one address stands for several colours.
        product_link: the product that an address names, or None.
        is_wanted_sitemap: whether a part of a sitemap may list products of a market.
        gallery: bare image URLs of one product (its id second) as references.
        painted_tile: CSS selector of a tile, where listings paint tiles by script.
    """

    read_listing: Callable[[SavedPage, Site], Listing]
    read_products: Callable[[SavedPage, Site], tuple[ProductItem, ...]]
    product_link: Callable[[str], ProductLink | None]
    is_wanted_sitemap: Callable[[str, str], bool]
    gallery: Callable[[Sequence[str], str], tuple[ImageRef, ...]]
    painted_tile: str | None = None


SHOPS: dict[str, ShopPages] = {
    zara.SOURCE: ShopPages(
        lambda page, site: zara.read_listing(page, site.market_url),
        lambda page, site: zara.read_products(
            page, site.market_url, site.width or zara_media.LARGEST_WIDTH, site.image_origin
        ),
        zara.product_link,
        zara.is_wanted_sitemap,
        lambda urls, _: zara_media.gallery_of_urls(urls, zara_media.LARGEST_WIDTH),
    ),
    zalando.SOURCE: ShopPages(
        lambda page, _: zalando.read_listing(page),
        lambda page, site: (zalando.read_product(page, site.width or zalando.LARGEST_WIDTH),),
        zalando.product_link,
        zalando.is_wanted_sitemap,
        lambda urls, _: zalando.images_of([(url, False) for url in urls], zalando.LARGEST_WIDTH),
        painted_tile='article a[href*=".html"]',
    ),
    farfetch.SOURCE: ShopPages(
        lambda page, _: farfetch.read_listing(page),
        lambda page, site: (farfetch.read_product(page, site.width or farfetch.LARGEST_WIDTH),),
        farfetch.product_link,
        farfetch.is_wanted_sitemap,
        lambda urls, product_id: farfetch.images_of(urls, product_id, farfetch.LARGEST_WIDTH),
    ),
}
