"""Zalando: listings (embedded data and painted tiles) and product pages (`graphqlCache`, or JSON-LD).

The page's data sits in a script whose class and number change from one front-end to the next (`re-1-13`, `re-1-15`,
`__hydrationDataConsume(…)`), so it is found by what it holds. Class names are build hashes and select nothing.
"""

from __future__ import annotations

import re
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
from scrapers.pages.zalando_cache import cache_of, ern_sku, facts_of

SOURCE = "zalando"
LARGEST_WIDTH = 1800
"""`imwidth` of the zoomed gallery."""

_PRODUCT_PATH = re.compile(r"^/[^/]*?([a-z0-9]{8,}-[a-z0-9]{3})\.html$")
_IMAGE_PATH = re.compile(r"/article/[^/]+/[0-9a-f]{32}/([0-9a-f]{32})\.\w+$")
_PAGE_OF = re.compile(r"\b(\d+)\s+(?:of|von|sur|di|de|z|van|af|av|/)\s+(\d+)\b", re.IGNORECASE)
_GENDERS = {"MEN": Gender.MEN, "WOMEN": Gender.WOMEN, "UNISEX": Gender.UNISEX, "ADULT": Gender.UNISEX}
_GALLERIES = ("galleryMediaZoom", "galleryMedia", "media")
_FILMS = (".mp4", ".m3u8", ".webm", ".mov")


def read_listing(page: SavedPage) -> Listing:
    """The category's own products: from the embedded data first, then from the tiles painted on the page.

    Recommendations and advertised collections are left out, and so are the other colours a tile offers.

    Raises:
        MarkupError: neither embedded data nor a tile.
    """
    cache = cache_of(page)
    collection = _category_collection(cache)
    urls = [*_collection_urls(collection, cache), *_tile_urls(page)]
    products: dict[str, ProductLink] = {}
    for url in urls:
        path = urlsplit(page.absolute(url)).path
        if match := _PRODUCT_PATH.match(path):
            products.setdefault(match[1].upper(), ProductLink(_without_query(page.absolute(url)), match[1].upper()))
    if not products and not cache:
        raise MarkupError(f"{page.url}: no graphqlCache and no product tile")
    return Listing(tuple(products.values()), _next_url(page, collection), _announced(collection))


def read_product(page: SavedPage, width: int = LARGEST_WIDTH) -> ProductItem:
    """The product of this page, in its colour.

    Args:
        width: `imwidth` to ask of the pictures.

    Raises:
        MarkupError: the page has no data of its product.
    """
    sku = sku_of(page.url) or _canonical_sku(page)
    facts, entity = facts_of(page, sku)
    media = _gallery(facts)
    ld = _linked(page, sku)
    if not media:
        if ld is None:
            raise MarkupError(f"{page.url}: no graphqlCache with a gallery and no JSON-LD product")
        return _of_json_ld(page, ld, sku, entity, width)
    colour = as_dict(facts.get("color"))
    price, currency = _price(facts, entity, ld or {})
    return ProductItem(
        source=SOURCE,
        page_url=_without_query(page.url),
        product_id=sku,
        style_id=sku.rpartition("-")[0],
        title=text_of(facts.get("name")),
        brand=name_of(facts.get("brand")),
        colour=text_of(colour.get("name")) or text_of(colour.get("label")),
        category=text_of(facts.get("category")) or text_of(entity.get("category")) or text_of(entity.get("silhouette")),
        gender=_gender(entity),
        images=images_of(media, width),
        garment=_garment(facts, entity),
        price=price,
        currency=currency,
    )


def product_link(url: str) -> ProductLink | None:
    """The product that an address names; None if it is that of something else, such as an outfit."""
    sku = sku_of(url)
    return ProductLink(_without_query(url), sku) if sku else None


def is_wanted_sitemap(url: str, market: str) -> bool:
    """Every part of a sitemap may list products: the countries' shops have hosts of their own."""
    return True


def sku_of(url: str) -> str:
    """The config SKU that ends a product URL, such as "AR322O0BC-C11"; "" if it is no product URL."""
    match = _PRODUCT_PATH.match(urlsplit(url).path)
    return match[1].upper() if match else ""


def images_of(media: list[tuple[str, bool]], width: int) -> tuple[ImageRef, ...]:
    """Gallery entries (URL, is it a film) as references: each file once, in order."""
    unique: dict[str, tuple[str, View, bool]] = {}
    for url, is_film in media:
        match = _IMAGE_PATH.search(urlsplit(url).path)
        key = match[1] if match else urlsplit(url).path.rpartition("/")[2]
        view = View.PACKSHOT if ("filter", "packshot") in parse_qsl(urlsplit(url).query) else View.MODEL
        unique.setdefault(key, (url if is_film else _sized(url, width), View.UNKNOWN if is_film else view, is_film))
    return tuple(
        ImageRef(url, key, view, position, is_film)
        for position, (key, (url, view, is_film)) in enumerate(unique.items())
    )


def _gallery(facts: Json) -> list[tuple[str, bool]]:
    for name in _GALLERIES:
        entries = [
            (uri, "video" in text_of(item.get("__typename")).lower() or urlsplit(uri).path.endswith(_FILMS))
            for item in as_dicts(facts.get(name))
            if (uri := text_of(item.get("uri") or item.get("url")))
        ]
        if entries:
            return entries
    return []


def _of_json_ld(page: SavedPage, ld: Json, sku: str, entity: Json, width: int) -> ProductItem:
    variants = as_dicts(ld.get("hasVariant"))
    variant = next((item for item in variants if sku and sku in str(item)), variants[0] if variants else {})
    urls = image_urls(ld.get("image")) or image_urls(variant.get("image"))
    product_id = sku or text_of(ld.get("sku"))
    price, currency = _price({}, entity, ld)
    return ProductItem(
        source=SOURCE,
        page_url=_without_query(page.url),
        product_id=product_id,
        style_id=product_id.rpartition("-")[0],
        title=text_of(ld.get("name")),
        brand=name_of(ld.get("brand")) or text_of(ld.get("manufacturer")),
        colour=text_of(ld.get("color")) or text_of(variant.get("color")),
        category=text_of(ld.get("category")) or text_of(entity.get("category")) or text_of(entity.get("silhouette")),
        gender=_gender(entity),
        images=images_of([(page.absolute(url), False) for url in urls], width),
        garment=_garment({}, entity) or garment_of(text_of(ld.get("category"))),
        price=price,
        currency=currency,
    )


def _linked(page: SavedPage, sku: str) -> Json | None:
    """The JSON-LD node of product `sku`; one that names another product (a recommendation) is passed over."""
    nodes = [node for node in page.json_ld if node.get("@type") in ("Product", "ProductGroup")]
    named = [(node, {text_of(node.get(key)).upper() for key in ("sku", "productGroupID")} - {""}) for node in nodes]
    return next((node for node, names in named if not names or not sku or sku in names), None)


def _price(facts: Json, entity: Json, ld: Json) -> tuple[str, str]:
    """What the product costs now: JSON-LD's offer, or the cache's amount in cents with the currency of its offers."""
    if (offered := offered_price(ld) if ld else ("", "")) != ("", ""):
        return offered
    for variant in as_dicts(ld.get("hasVariant")):
        if (offered := offered_price(variant)) != ("", ""):
            return offered
    simple = as_dict(as_dict(next(iter(as_dicts(facts.get("simples"))), {}).get("offer")).get("price"))
    amounts = as_dict(entity.get("display_price"))
    currency = as_dict(simple.get("original")).get("currency")
    for holder in (
        amounts.get("promotional"),
        amounts.get("current"),
        simple.get("promotional"),
        simple.get("original"),
    ):
        if (found := price_of(as_dict(holder).get("amount"), currency, -2)) != ("", ""):
            return found
    return "", ""


def _garment(facts: Json, entity: Json) -> str:
    silhouette = text_of(entity.get("silhouette")) or text_of(facts.get("silhouette"))
    return garment_of(silhouette, text_of(facts.get("category")), text_of(entity.get("category")))


def _canonical_sku(page: SavedPage) -> str:
    links = page.selector.css("link[rel=canonical]::attr(href), meta[property='og:url']::attr(content)").getall()
    return next((sku for link in links if (sku := sku_of(page.absolute(link)))), "")


def _gender(entity: Json) -> Gender | None:
    group = text_of(entity.get("navigationTargetGroup")).upper()
    return _GENDERS.get(group, Gender.UNKNOWN) if group else None


def _category_collection(cache: list[tuple[Json, Json]]) -> Json:
    """The collection that is the category itself, its entries merged."""
    merged: Json = {}
    for variables, data in cache:
        collection = as_dict(data.get("collection"))
        ern = text_of(collection.get("id")) or text_of(variables.get("id"))
        if ern.startswith("ern:collection:cat"):
            for field, value in collection.items():
                merged.setdefault(field, value)
    return merged


def _collection_urls(collection: Json, cache: list[tuple[Json, Json]]) -> list[str]:
    entities = collection.get("entities")
    edges = as_dicts(as_dict(entities).get("edges")) or as_dicts(entities)
    nodes = [as_dict(edge.get("node", edge)) for edge in edges]
    uris = {
        ern_sku(record.get("id")): text_of(record.get("uri"))
        for _, data in cache
        if (record := as_dict(data.get("product"))).get("uri")
    }
    return [url for node in nodes if (url := text_of(node.get("uri")) or uris.get(ern_sku(node.get("id")), ""))]


def _tile_urls(page: SavedPage) -> list[str]:
    """The first product link of every tile; later ones in a tile lead to its other colours."""
    tiles = page.selector.css("article") or page.selector.css('[data-entity-id^="ern:product::"]')
    return [url for tile in tiles if (url := tile.css('a[href*=".html"]::attr(href)').get())]


def _announced(collection: Json) -> int | None:
    for name in ("totalCount", "total_count"):
        for holder in (collection, as_dict(collection.get("entities"))):
            if isinstance(holder.get(name), int):
                return int(holder[name])
    return None


def _next_url(page: SavedPage, collection: Json) -> str | None:
    current = int((parse_qs(urlsplit(page.url).query).get("p") or ["1"])[0])
    linked = page.selector.css("link[rel=next]::attr(href), a[rel~=next]::attr(href)").get()
    pagination = as_dict(collection.get("pagination"))
    pages = pagination.get("pageCount") or pagination.get("page_count") or pagination.get("totalPages")
    if not isinstance(pages, int):
        label = " ".join(page.selector.xpath("//nav//text()").getall())
        counts = [int(total) for at, total in _PAGE_OF.findall(label) if int(at) == current]
        pages = counts[0] if counts else None
    if pages is None:
        return page.absolute(linked) if linked else None
    return _with_page(page.url, current + 1) if current < pages else None


def _with_page(url: str, number: int) -> str:
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "p"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("p", str(number))]), fragment=""))


def _sized(url: str, width: int) -> str:
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "imwidth"]
    return urlunsplit(parts._replace(query=urlencode([("imwidth", str(width)), *query]), fragment=""))


def _without_query(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))
