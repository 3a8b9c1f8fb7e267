"""Farfetch: listings (JSON-LD ItemList and product cards) and product pages (JSON-LD ProductGroup, hydration state).

The shop's data does not tell a worn garment from a cut-out one, so every view is unknown and left to the pixels.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

from manifests.reasons import Gender, View
from scrapers.items import ImageRef, Listing, ProductItem, ProductLink
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

SOURCE = "farfetch"
LARGEST_WIDTH = 1000
SIZES = (1000, 600, 480, 322, 300, 240, 200)
"""Widths that the image host serves, largest first."""

_PRODUCT_PATH = re.compile(r"/[^/]+-item-(\d+)\.aspx$")
_IMAGE_PATH = re.compile(r"^(?P<head>.*/(?P<product>\d+)_(?P<image>\d+)_)\d+(?P<end>\.\w+)$")
_DEPARTMENT = re.compile(r"/shopping/([a-z]+)/")
_GENDERS = {"men": Gender.MEN, "women": Gender.WOMEN, "unisex": Gender.UNISEX}
_HYDRATION = "__HYDRATION_STATE__"


def read_listing(page: SavedPage) -> Listing:
    """The products of a listing: JSON-LD first, then the cards on the page.

    Raises:
        MarkupError: neither an ItemList nor a card.
    """
    item_list = page.json_ld_of("ItemList")
    cards = page.selector.css("a[data-component=ProductCardLink], li[data-testid=productCard] a")
    if item_list is None and not cards:
        raise MarkupError(f"{page.url}: no ItemList and no product card")
    urls = [_url_of_node(node) for node in as_dicts(as_dict(item_list).get("itemListElement"))]
    urls += [card.attrib.get("href", "") for card in cards]
    products: dict[str, ProductLink] = {}
    for url in urls:
        absolute = page.absolute(_single_slashes(url)) if url else ""
        if number := product_id_of(absolute):
            # The same product may stand under a sale path as well, which robots.txt has been known to bar.
            key = _without_query(absolute) if "/sale/" in absolute else number
            products.setdefault(key, ProductLink(_without_query(absolute), key))
    return Listing(tuple(products.values()), _next_url(page))


def read_product(page: SavedPage, width: int = LARGEST_WIDTH) -> ProductItem:
    """The product of this page.

    Args:
        width: pixels to ask of the pictures; the nearest size that the shop serves is taken.

    Raises:
        MarkupError: neither JSON-LD nor a hydration state with the product.
    """
    group = page.json_ld_of("ProductGroup", "Product") or {}
    model = _view_model(page)
    if not group and not model and not _apollo_images(page, product_id_of(page.url)):
        raise MarkupError(f"{page.url}: no JSON-LD product and no hydration state")
    details, designer = as_dict(model.get("details")), as_dict(model.get("designerDetails"))
    product_id = text_of(group.get("productGroupID")) or text_of(details.get("productId")) or product_id_of(page.url)
    urls = image_urls(group.get("image")) or _hydrated_images(model) or _apollo_images(page, product_id)
    trail = _breadcrumb(page, model)
    price, currency = _price(group, model)
    return ProductItem(
        source=SOURCE,
        page_url=_without_query(page.url),
        product_id=product_id,
        style_id=text_of(details.get("styleId")) or product_id,
        title=text_of(group.get("name")) or text_of(details.get("shortDescription")),
        brand=name_of(group.get("brand")) or text_of(designer.get("name")),
        colour=text_of(group.get("color")) or text_of(designer.get("designerColour")),
        category=trail[-1][0] if trail else "",
        gender=_gender(page, details, trail),
        images=images_of((page.absolute(url) for url in urls), product_id, width),
        garment=_garment(trail),
        price=price,
        currency=currency,
    )


def product_link(url: str) -> ProductLink | None:
    """The product that an address names, boutique left off; None if it is that of something else."""
    number = product_id_of(url)
    return ProductLink(_without_query(_single_slashes(url)), number) if number else None


def is_wanted_sitemap(url: str, market: str) -> bool:
    """True for the parts that list the products of `market`, such as us-sitemap-products-1.xml.gz."""
    name = urlsplit(url).path.rpartition("/")[2]
    country = re.match(r"([a-z]{2})-sitemap-", name)
    return "categor" not in name and (country is None or country[1] == (market.partition("/")[0] or "us"))


def product_id_of(url: str) -> str:
    """The digits that end a product URL, or ""."""
    match = _PRODUCT_PATH.search(re.sub("/{2,}", "/", urlsplit(url).path))
    return match[1] if match else ""


def images_of(urls: Any, product_id: str, width: int) -> tuple[ImageRef, ...]:
    """Image URLs of one product as references: each picture once, in order, `?ov=` and size not part of identity.

    A picture filed under another product (a recommendation) is left out.
    """
    size = next((size for size in SIZES if size <= width), SIZES[-1])
    unique: dict[str, str] = {}
    for url in urls:
        parts = urlsplit(url)
        match = _IMAGE_PATH.match(parts.path)
        if match and match["product"] == product_id:
            path = f"{match['head']}{size}{match['end']}"
            unique.setdefault(match["image"], urlunsplit(parts._replace(path=path, query="", fragment="")))
    return tuple(ImageRef(url, key, View.UNKNOWN, position) for position, (key, url) in enumerate(unique.items()))


def _url_of_node(node: Json) -> str:
    item = as_dict(node.get("item")) or node
    offers = item.get("offers")
    offer = as_dict(offers[0] if isinstance(offers, list) and offers else offers)
    return text_of(offer.get("url")) or text_of(item.get("url"))


def _next_url(page: SavedPage) -> str | None:
    current = int((parse_qs(urlsplit(page.url).query).get("page") or ["1"])[0])
    label = " ".join(
        page.selector.css("[data-component=PaginationLabel] ::text, [data-component=PaginationLabel]::text").getall()
    )
    numbers = [int(number) for number in re.findall(r"\d+", label)]
    if len(numbers) >= 2:
        return _with_page(page.url, current + 1) if current < numbers[-1] else None
    linked = page.selector.css("link[rel=next]::attr(href), a[rel~=next]::attr(href)").get()
    return page.absolute(linked) if linked else None


def _view_model(page: SavedPage) -> Json:
    state = as_dict(page.assigned(_HYDRATION))
    slices = as_dict(as_dict(state.get("initialStates", state)).get("slice-product"))
    model = as_dict(slices.get("productViewModel"))
    if not model:
        model = as_dict(as_dict(page.assigned("__initialState_slice-pdp__']")).get("productViewModel"))
    return model


def _hydrated_images(model: Json) -> list[str]:
    entries = as_dicts(as_dict(model.get("images")).get("main"))
    ordered = sorted(entries, key=lambda entry: entry["index"] if isinstance(entry.get("index"), int) else 0)
    return [url for entry in ordered if (url := text_of(entry.get("zoom")) or text_of(entry.get("large")))]


def _apollo_images(page: SavedPage, product_id: str) -> list[str]:
    """The pictures in the page state's `Variation:<id>` of the product."""
    state = as_dict(as_dict(page.assigned(_HYDRATION)).get("apolloInitialState"))
    images = as_dicts(as_dict(state.get(f"Variation:{product_id}")).get("images"))
    ordered = sorted(images, key=lambda image: image["order"] if isinstance(image.get("order"), int) else 0)
    return [url for image in ordered if (url := text_of(as_dict(image.get("size480")).get("url")))]


def _price(group: Json, model: Json) -> tuple[str, str]:
    """What the product costs now: the end of a chain of discounts, never the struck-through price before it."""
    for variant in as_dicts(group.get("hasVariant")):
        if (found := offered_price(variant)) != ("", ""):
            return found
    information = as_dict(model.get("priceInfo"))
    final = as_dict(information.get("default")).get("finalPrice")
    return price_of(final, information.get("currencyCode"))


def _breadcrumb(page: SavedPage, model: Json) -> list[tuple[str, str]]:
    """(name, path) of every step, JSON-LD first."""
    node = page.json_ld_of("BreadcrumbList")
    if node is not None:
        steps = as_dicts(node.get("itemListElement"))
        found = [
            (name_of(step.get("item")) or text_of(step.get("name")), text_of(as_dict(step.get("item")).get("@id")))
            for step in steps
        ]
    else:
        found = [
            (text_of(step.get("text")) or name_of(step), text_of(step.get("href")))
            for step in as_dicts(model.get("breadcrumb"))
        ]
    return [step for step in found if step[0]]


def _garment(trail: list[tuple[str, str]]) -> str:
    """By the last step's path, which is English in every language ("…/knitwear-5/items.aspx"), then by its name."""
    name, path = trail[-1] if trail else ("", "")
    return garment_of(path.removesuffix("/items.aspx").rpartition("/")[2], name)


def _gender(page: SavedPage, details: Json, trail: list[tuple[str, str]]) -> Gender | None:
    """The department: of the breadcrumb's first step, else of the page's state, else of its address."""
    first = _DEPARTMENT.search(trail[0][1] if trail else "")
    address = _DEPARTMENT.search(urlsplit(page.url).path)
    name = first[1] if first else text_of(details.get("genderName")).lower() or (address[1] if address else "")
    return _GENDERS.get(name, Gender.UNKNOWN) if name else None


def _single_slashes(url: str) -> str:
    return re.sub(r"(?<!:)/{2,}", "/", url)


def _with_page(url: str, number: int) -> str:
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "page"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("page", str(number))]), fragment=""))


def _without_query(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))
