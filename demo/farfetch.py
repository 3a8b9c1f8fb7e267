"""The demo's Farfetch: www.farfetch.test and cdn-images.farfetch.test."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from demo import farfetch_data as data
from demo.answers import (
    SYNTHETIC,
    TEXT,
    Answer,
    Target,
    gzip_answer,
    html_answer,
    not_found,
    sitemap,
    sitemap_index,
)
from demo.catalogue import Catalogue, Photo, Product
from demo.planted import SALE_PRODUCT

PAGE_SIZE = 4
IMAGE_SIZES = (54, 70, 120, 200, 240, 300, 480, 600, 1000)

COUNTRIES_WITHOUT_SHOP = ("bg", "ee", "hr", "is", "lt", "lu", "lv", "rs", "si")

ROBOTS = "\n".join(
    [
        f"# {SYNTHETIC}",
        f"Sitemap: {data.ROOT}/sitemap.xml",
        f"Host: {data.ROOT}",
        "",
        "User-agent: *",
        "Disallow: /*.htm$",
        "Disallow: /forum/",
        "Disallow: /tag/",
        *(f"Disallow: /{country}/" for country in COUNTRIES_WITHOUT_SHOP),
        *(f"Disallow: /{country.upper()}/" for country in COUNTRIES_WITHOUT_SHOP),
        "Disallow: /*?*view=",
        "Disallow: /*?*scale=",
        "Disallow: /*?*sort=",
        "Disallow: */Product/",
        "Disallow: /*/sale/*-item-*",
        "Disallow: /*/private-sale/",
        "Disallow: /*/all/",
        "Disallow: */login.aspx*",
        "Disallow: */search/",
        "Disallow: */checkout",
        "Disallow: */recommendations/",
        "Disallow: */sizeguide/*",
        "Disallow: */pdpslice/*",
        "Disallow: */plpslice/*",
        "Clean-param: storeid&from&tglmdl&page&ffref",
        "",
    ]
)


class Farfetch:
    """Pages and pictures of the demo's Farfetch."""

    page_host = data.HOST
    image_host = data.IMAGE_HOST

    def __init__(self, catalogue: Catalogue) -> None:
        self.products = catalogue.of("farfetch")

    @cached_property
    def photos(self) -> Mapping[str, Photo]:
        return {
            f"{data.image_stem(product, photo)}_{size}.jpg": photo
            for product in self.products
            for photo in product.photos
            for size in IMAGE_SIZES
        }

    def width(self, target: Target) -> int | None:
        match = re.search(r"_(\d+)\.jpg$", target.path)
        return int(match[1]) if match else None

    def respond(self, target: Target) -> Answer:
        path = target.path
        if target.host == self.image_host:
            return Answer(self._image_robots().encode(), TEXT) if path == "/robots.txt" else not_found(path)
        if path == "/robots.txt":
            return Answer(ROBOTS.encode(), TEXT)
        if path == "/":
            return html_answer("farfetch/hub.html", title="Women, men", categories=data.CATEGORIES)
        if path == "/sitemap.xml":
            index = sitemap_index([f"{data.ROOT}/sitemaps/us-sitemap-products-1.xml.gz"])
            return Answer(index.encode(), "application/xml")
        if path == "/sitemaps/us-sitemap-products-1.xml.gz":
            return gzip_answer(sitemap([f"{data.ROOT}{data.product_path(product)}" for product in self.products]))
        path = re.sub("^/+", "/", path)  # the linked data of real pages names //shopping/…, which the shop serves
        if match := re.fullmatch(r"/shopping/(women|men)/items\.aspx", path):
            hubs = [category for category in data.CATEGORIES if category.gender == match[1]]
            return html_answer("farfetch/hub.html", title=match[1].capitalize(), categories=hubs)
        if match := re.fullmatch(r"/shopping/(?:women|men)/(?:sale/)?[a-z0-9-]+-item-(\d+)\.aspx", path):
            product = next((p for p in self.products if str(data.product_id(p)) == match[1]), None)
            return self._product(product) if product else not_found(path)
        if re.fullmatch(r"/shopping/(women|men)/[a-z0-9-]+/items\.aspx", path):
            category = next((c for c in data.CATEGORIES if c.path == path), None)
            if category is None:
                return html_answer("farfetch/error.html", status=410, message="This page is no longer available.")
            return self._listing(category, target.query.get("page", "1"))
        return not_found(path)

    def pages(self) -> list[str]:
        """The address of everything that is no picture."""
        found = [f"{data.ROOT}/robots.txt", f"http://{self.image_host}/robots.txt", f"{data.ROOT}/"]
        found += [f"{data.ROOT}/sitemap.xml", f"{data.ROOT}/sitemaps/us-sitemap-products-1.xml.gz"]
        found += [f"{data.ROOT}/shopping/{gender}/items.aspx" for gender in ("women", "men")]
        for category in data.CATEGORIES:
            found.append(f"{data.ROOT}{category.path}")
            found += [f"{data.ROOT}{category.path}?page={page}" for page in range(2, self._page_count(category) + 1)]
        found += [f"{data.ROOT}{data.product_path(product)}" for product in self.products]
        found += [f"{data.ROOT}{data.product_path(p, 'sale')}" for p in self.products if p.key == SALE_PRODUCT]
        return found

    def barred_photos(self) -> list[tuple[Product, Photo]]:
        """The pictures that the image host's robots.txt bars."""
        return [
            (product, photo)
            for product in self.products
            for photo in product.photos
            if photo.planted == "image_barred_by_robots"
        ]

    def _image_robots(self) -> str:
        rules = [f"Disallow: /*_{data.image_id(photo)}_" for _, photo in self.barred_photos()]
        return "\n".join([f"# {SYNTHETIC}", "User-agent: *", *rules, ""])

    def _cards(self, category: data.Category) -> list[dict[str, Any]]:
        cards = [
            data.card(product)
            for product in self.products
            if product.gender == category.gender and (category.holds is None or product.category in category.holds)
        ]
        if category.holds is None:
            on_sale = [p for p in self.products if p.key == SALE_PRODUCT and p.gender == category.gender]
            cards += [data.card(product, "sale") for product in on_sale]
        return cards

    def _page_count(self, category: data.Category) -> int:
        return math.ceil(len(self._cards(category)) / PAGE_SIZE)

    def _listing(self, category: data.Category, asked: str) -> Answer:
        pages = self._page_count(category)
        page = int(asked) if asked.isdigit() else 0
        if not 1 <= page <= pages:
            return html_answer("farfetch/error.html", status=404, message=f"There is no page {asked}.")
        cards = self._cards(category)[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        siblings = [other for other in data.CATEGORIES if other.gender == category.gender]
        return html_answer(
            "farfetch/listing.html",
            category=category, categories=siblings, page=page, pages=pages, cards=cards,
            linked=data.linked_listing(category, cards),
        )  # fmt: skip

    def _product(self, product: Product) -> Answer:
        """The product's page; every third product has linked data alone, and one of two forms of page state else."""
        form = self.products.index(product) % 3
        state: dict[str, Any] | None = None
        if form == 1:
            state = {"initialStates": {"slice-product": {"productViewModel": data.view_model(product)}}}
        elif form == 2:
            state = {"initialStates": {}, "apolloInitialState": data.apollo_state(product)}
        return html_answer(
            "farfetch/product.html",
            product=product, state=state, name=data.full_name(product), category=data.category_of(product),
            linked=data.linked_product(product, overlay=form == 0), trail=data.breadcrumbs(product),
            path=data.product_path(product), price=data.price(product),
            first=data.image_url(product, data.gallery(product)[0], 600),
        )  # fmt: skip
