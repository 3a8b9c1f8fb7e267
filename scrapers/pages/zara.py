"""Zara: category answers and product answers, as JSON or inside a page's `window.zara.viewPayload`.

A product of several colours has one `productId` per colour (the `v1` of its page); a page speaks for that colour alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from manifests.reasons import Gender
from scrapers.items import ImageRef, Listing, ProductItem, ProductLink
from scrapers.pages import zara_media
from scrapers.pages.garments import garment_of
from scrapers.pages.saved import (
    Json,
    MarkupError,
    SavedPage,
    as_dict,
    as_dicts,
    image_urls,
    name_of,
    offered_price,
    price_of,
    text_of,
)

SOURCE = "zara"
_PAYLOAD = "window.zara.viewPayload"
_PAGE_ID = re.compile(r"-p(\d{8})\.html$")
_GENDERS = {"WOMAN": Gender.WOMEN, "MAN": Gender.MEN, "UNISEX": Gender.UNISEX}
_SECTIONS = {1: Gender.WOMEN, 2: Gender.MEN}


def read_listing(page: SavedPage, market_url: str) -> Listing:
    """The products of a category, looks and other bundles left out, repeats of one article and colour once.

    A category that answered as JSON leads to the products' JSON, one that answered as a page to their pages.

    Raises:
        MarkupError: neither a category answer nor a page with one inside.
    """
    payload = page.json() if page.is_json else page.assigned(_PAYLOAD)
    groups = as_dict(payload).get("productGroups")
    if not isinstance(groups, list):
        raise MarkupError(f"{page.url}: no productGroups")
    links: dict[str, ProductLink] = {}
    for product, colour in _cards(groups):
        url = product_data_url(market_url, colour) if page.is_json else product_page_url(market_url, product, colour)
        links.setdefault(_article_and_colour(product, colour), ProductLink(url, text_of(colour.get("productId"))))
    return Listing(tuple(links.values()))


def read_products(
    page: SavedPage,
    market_url: str,
    width: int = zara_media.LARGEST_WIDTH,
    image_origin: str = "https://static.zara.net",
) -> tuple[ProductItem, ...]:
    """The product in the colour that the URL asks for (`v1` or `productIds`), else in each of its colours.

    A sitemap has one address for all colours of an article, so that such a page speaks for all that have pictures.

    Args:
        market_url: scheme, host and market, for the product's page URL.
        width: pixels to ask of the pictures.
        image_origin: scheme and host of pictures that are given as a path alone.

    Raises:
        MarkupError: no product inside, or not in the colour asked for.
    """
    product = _product(page)
    if product.get("type", "Product") != "Product":
        raise MarkupError(f"{page.url}: a {product.get('type')}, not a product")
    if as_dicts(as_dict(product.get("detail")).get("colors")):
        return tuple(
            _of_payload(
                page, product, colour, market_url, zara_media.gallery(colour.get("xmedia"), width, image_origin)
            )
            for colour in _colours_asked(page.url, product)
        )
    group = page.json_ld_of("ProductGroup", "Product") if not page.is_json else None
    if group is None:
        raise MarkupError(f"{page.url}: no product data")
    return (_of_json_ld(page, group, width),)


def product_link(url: str) -> ProductLink | None:
    """The product that an address names, a page's or a JSON answer's; None if it is that of something else."""
    query = parse_qs(urlsplit(url).query)
    if match := _PAGE_ID.search(urlsplit(url).path):
        return ProductLink(url, (query.get("v1") or [match[1]])[0])
    if urlsplit(url).path.endswith("/products-details") and len(query.get("productIds", ())) == 1:
        return ProductLink(url, query["productIds"][0])
    return None


def is_wanted_sitemap(url: str, market: str) -> bool:
    """True for the parts of a sitemap that list the products of `market`, such as sitemap-product-us-en.xml.gz."""
    name = urlsplit(url).path.rpartition("/")[2]
    return "category" not in name and (not market or market.replace("/", "-") in name)


def _product(page: SavedPage) -> Json:
    if page.is_json:
        answer = page.json()
        return next(iter(as_dicts(answer)), {}) if isinstance(answer, list) else as_dict(answer.get("product"))
    return as_dict(as_dict(page.assigned(_PAYLOAD)).get("product"))


def product_page_url(market_url: str, product: Json, colour: Json) -> str:
    """The page of a product in one colour."""
    seo = as_dict(product.get("seo"))
    keyword, article = text_of(seo.get("keyword")), text_of(seo.get("seoProductId"))
    query = urlencode({"v1": text_of(colour.get("productId"))})
    return f"{market_url}/{keyword or 'product'}-p{article}.html?{query}"


def product_data_url(market_url: str, colour: Json) -> str:
    """The JSON answer for a product in one colour."""
    return f"{market_url}/products-details?productIds={text_of(colour.get('productId'))}&ajax=true"


def _cards(groups: list[Any]) -> Iterator[tuple[Json, Json]]:
    for group in as_dicts(groups):
        for element in as_dicts(group.get("elements")):
            for product in as_dicts(element.get("commercialComponents")):
                colours = as_dicts(as_dict(product.get("detail")).get("colors"))
                if product.get("type") == "Product" and colours and colours[0].get("productId"):
                    yield product, colours[0]


def _article_and_colour(product: Json, colour: Json) -> str:
    return f"{_article(product)}-{text_of(colour.get('id'))}"


def _article(product: Json) -> str:
    detail = as_dict(product.get("detail"))
    reference = text_of(detail.get("reference")) or text_of(product.get("reference"))
    return reference or text_of(product.get("id"))


def _colours_asked(url: str, product: Json) -> list[Json]:
    colours = as_dicts(as_dict(product.get("detail")).get("colors"))
    query = parse_qs(urlsplit(url).query)
    asked = (query.get("v1") or query.get("productIds") or [""])[0]
    if not asked:
        return [colour for colour in colours if colour.get("xmedia")] or colours[:1]
    for colour in colours:
        if text_of(colour.get("productId")) == asked:
            return [colour]
    raise MarkupError(f"{url}: the answer has no colour with productId {asked}")


def _of_payload(
    page: SavedPage, product: Json, colour: Json, market_url: str, images: tuple[ImageRef, ...]
) -> ProductItem:
    amount = as_dict(as_dict(colour.get("pricing")).get("price"))
    currency = as_dict(amount.get("currency"))
    exponent = currency.get("exponent")  # without it the minor units of `value` cannot be told
    price = price_of(amount.get("value"), currency.get("code"), exponent) if isinstance(exponent, int) else ("", "")
    family = text_of(product.get("familyName")), text_of(product.get("subfamilyName"))
    has_page = bool(text_of(as_dict(product.get("seo")).get("seoProductId")))
    return ProductItem(
        source=SOURCE,
        page_url=product_page_url(market_url, product, colour) if has_page else page.url,
        product_id=text_of(colour.get("productId")),
        style_id=_article(product),
        title=text_of(product.get("name")),
        brand=text_of(as_dict(product.get("brand")).get("brandGroupCode")).capitalize() or "Zara",
        colour=text_of(colour.get("name")),
        category=family[0] or family[1],
        gender=_gender(product),
        images=images,
        garment=garment_of(*family),
        price=price[0],
        currency=price[1],
    )


def _of_json_ld(page: SavedPage, group: Json, width: int) -> ProductItem:
    asked = (parse_qs(urlsplit(page.url).query).get("v1") or [""])[0]
    variants = as_dicts(group.get("hasVariant"))
    fitting = [item for item in variants if asked and f"v1={asked}" in str(item)]
    if not fitting and asked and any("v1=" in str(item) for item in variants):
        raise MarkupError(f"{page.url}: the linked data has other colours alone")
    variant = next(iter(fitting or variants), group)
    article = _PAGE_ID.search(urlsplit(page.url).path)
    price, currency = offered_price(variant)
    urls = [page.absolute(url) for url in image_urls(variant.get("image")) or image_urls(group.get("image"))]
    return ProductItem(
        source=SOURCE,
        page_url=page.url,
        product_id=asked or text_of(variant.get("sku")) or text_of(group.get("productGroupID")),
        style_id=article[1] if article else text_of(group.get("productGroupID")),
        title=text_of(group.get("name")) or text_of(variant.get("name")),
        brand=name_of(group.get("brand")).capitalize() or "Zara",
        colour=text_of(variant.get("color")) or text_of(group.get("color")),
        category=text_of(group.get("category")),
        gender=None,
        images=zara_media.gallery_of_urls(urls, width),
        garment=garment_of(text_of(group.get("category"))),
        price=price,
        currency=currency,
    )


def _gender(product: Json) -> Gender | None:
    name = text_of(product.get("sectionName")).upper()
    if name:
        return _GENDERS.get(name, Gender.UNKNOWN)
    section = product.get("section")
    return _SECTIONS.get(section) if isinstance(section, int) else None
