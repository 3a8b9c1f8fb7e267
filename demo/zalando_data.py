"""The JSON of the demo's Zalando: articles, galleries, cards and the query cache that pages ship.

Names and places of the fields are the real shop's of 2022-23 and 2025-26; all values are the demo's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demo.catalogue import Photo, Product
from demo.identity import choice, hexadecimal, number

HOST = "www.zalando.test"
IMAGE_HOST = "img01.zalando.test"
ROOT = f"http://{HOST}"

SILHOUETTE = {
    "dresses": "DRESS", "tops": "T_SHIRT_TOP", "trousers": "TROUSER", "skirts": "SKIRT", "shirts": "SHIRT",
    "t-shirts": "T_SHIRT_TOP", "shorts": "TROUSER", "jackets": "JACKET", "knitwear": "PULLOVER",
}  # fmt: skip
SIZES = ("XS", "S", "M", "L", "XL")

Json = dict[str, Any]


def config_sku(product: Product) -> str:
    """Article and colour, such as AV422C0BC-C11. Colours of one garment share the article."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    style = product.style
    letters = re.sub("[^A-Z]", "", product.brand.upper())[:2]
    tail = "".join(choice(f"zalando sku {style} {i}", digits) for i in range(3))
    target = "21C" if product.gender == "women" else "22O"
    article = f"{letters}{number(f'zalando brand {product.brand}', 1, 10)}{target}{tail}"
    return f"{article}-{choice(f'zalando colour {product.colour}', 'ABCDEFGHJKMNOQT')}{number(product.colour, 11, 20)}"


def name(product: Product) -> str:
    return f"{product.title} - {product.colour}"


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def product_path(product: Product) -> str:
    return f"/{slug(product.brand)}-{slug(product.title)}-{slug(product.colour)}-{config_sku(product).lower()}.html"


def entity(product: Product) -> str:
    return f"ern:product::{config_sku(product)}"


def price(style: str) -> int:
    """Pence."""
    return number(f"zalando price {style}", 12, 110) * 100 + 99


def formatted(amount: int) -> str:
    return f"£{amount / 100:.2f}"


@dataclass(frozen=True)
class Media:
    """One picture of a gallery."""

    photo: Photo

    @property
    def path(self) -> str:
        folder = hexadecimal(f"zalando folder {self.photo.key}", 32)
        return f"/article/spp-media-p1/{folder}/{hexadecimal(f'zalando picture {self.photo.key}', 32)}.jpg"

    def uri(self, width: int) -> str:
        mark = "&filter=packshot" if self.photo.kind == "packshot" else ""
        return f"http://{IMAGE_HOST}{self.path}?imwidth={width}{mark}"


def video_path(product: Product) -> str:
    folder = hexadecimal(f"zalando video folder {product.key}", 32)
    return f"/article/spp-media-p1/{folder}/{hexadecimal(f'zalando video {product.key}', 32)}.mp4"


def medias(product: Product) -> list[Media]:
    """The gallery in the shop's order: worn, with the still life second from last."""
    worn = [Media(photo) for photo in product.worn]
    still = [Media(photo) for photo in product.packshots]
    return [*worn[:-1], *still, *worn[-1:]] if len(worn) > 1 else [*worn, *still]


def gallery(product: Product, width: int) -> list[Json]:
    entries = [{"__typename": "Image", "uri": media.uri(width)} for media in medias(product)]
    if product.video:
        entries.insert(1, {"__typename": "Video", "uri": f"http://{IMAGE_HOST}{video_path(product)}"})
    return entries


def query_key(query: str, identity: str) -> str:
    """The name of one answer in the cache: the hash of a persisted query, and its variables."""
    return json.dumps(
        {"id": hexadecimal(f"zalando query {query}", 64), "variables": {"id": identity}}, separators=(",", ":")
    )


def display_price(product: Product) -> Json:
    amount = price(product.style)
    whole = {"formatted": formatted(amount), "amount": amount, "lowerBoundLabel": None}
    return {"promotional": None, "original": whole, "current": {"formatted": formatted(amount), "amount": amount}}


def simples(product: Product) -> list[Json]:
    sku = config_sku(product)
    return [
        {"size": size, "sku": f"{sku}{size.rjust(7, '0')}000", "offer": {"stock": {"quantity": "MANY"}}}
        for size in SIZES
    ]


def gallery_product(product: Product, family: Sequence[Product]) -> Json:
    """The product as the gallery's query sees it: its own pictures, and those that lead to other colours."""
    return {
        "id": entity(product),
        "name": name(product),
        "sku": config_sku(product),
        "uri": f"{ROOT}{product_path(product)}",
        "comingSoon": False,
        "brand": {"name": product.brand, "uri": f"{ROOT}/{slug(product.brand)}/"},
        "flags": [],
        "galleryThumbnails": gallery(product, 156),
        "galleryMedia": gallery(product, 762),
        "galleryMediaZoom": gallery(product, 1800),
        "simples": [{"sku": s["sku"], "size": s["size"], "gallery": None} for s in simples(product)],
        "family": {"products": {"edges": [{"node": _family_node(other)} for other in family]}},
        "inWishlist": False,
    }


def _family_node(product: Product) -> Json:
    first = next(media for media in medias(product) if media.photo.kind == "packshot")
    return {
        "sku": config_sku(product),
        "uri": f"{ROOT}{product_path(product)}",
        "color": {"name": product.colour},
        "beautyColorThumbnail": None,
        "standardColorThumbnail": {"uri": first.uri(156)},
        "fallbackStandardColorThumbnails": [{"uri": medias(product)[0].uri(156)}],
        "galleryMedia": [{"uri": medias(product)[0].uri(762)}],
    }


def card(product: Product) -> Json:
    """The product as a tile: in listings, and among the recommendations of other products."""
    found = medias(product)
    worn, still = found[0], next(media for media in found if media.photo.kind == "packshot")
    alternative = f"{product.brand} {name(product)}"
    return {
        "__typename": "Product",
        "id": entity(product),
        "sku": config_sku(product),
        "name": name(product),
        "navigationTargetGroup": product.gender.upper(),
        "silhouette": SILHOUETTE[product.category],
        "supplierName": product.title.split(" - ")[0],
        "brand": {"name": product.brand},
        "condition": None,
        "displayPrice": display_price(product),
        "smallMedia": [{"uri": worn.uri(300), "__typename": "Image"}],
        "mediumMedia": [{"uri": worn.uri(400), "__typename": "Image"}],
        "largeMedia": [{"uri": worn.uri(500), "__typename": "Image"}],
        "mediumDefaultMedia": {"uri": worn.uri(400), "__typename": "Image"},
        "mediumPackshotImage": {"uri": still.uri(400), "__typename": "Image"},
        "hoverMedia": {"uri": found[1].uri(400), "__typename": "Image"},
        "mediumDefaultMediaInfo": {"alternativeText": alternative},
        "displayFlags": [],
        "uri": f"{ROOT}{product_path(product)}",
        "inWishlist": False,
        "inStock": True,
    }


def product_cache(product: Product, family: Sequence[Product]) -> dict[str, Json]:
    """The answers that hold the product of the page: several, each with other fields."""
    uri_entity = f"ern:product:uri:{product_path(product)[1:].removesuffix('.html')}"
    shared = {
        "id": entity(product),
        "sku": config_sku(product),
        "brand": {"name": product.brand},
        "color": {"name": product.colour, "label": product.colour},
        "name": name(product),
        "uri": f"{ROOT}{product_path(product)}",
    }
    answers: list[tuple[str, Json]] = [
        (
            "entity",
            {
                "entity": {
                    "id": entity(product),
                    "navigationTargetGroup": product.gender.upper(),
                    "sku": config_sku(product),
                    "silhouette": SILHOUETTE[product.category],
                    "group": "CLOTHING",
                    "experience": None,
                }
            },
        ),
        (
            "context",
            {
                "context": {
                    "entity_id": entity(product),
                    "brand": {"name": product.brand},
                    "color": {"name": product.colour},
                    "display_price": {"original": {"amount": price(product.style)}, "promotional": None},
                    "navigationTargetGroup": product.gender.upper(),
                    "name": name(product),
                    "media": [{"__typename": "Image"}],
                    "simples": simples(product),
                    "group": "CLOTHING",
                    "category": product.title.split(" - ")[-1],
                }
            },
        ),
        ("head", {"product": {**shared, "displayPrice": display_price(product), "simples": simples(product)}}),
        ("gallery", {"product": gallery_product(product, family)}),
        ("cart", {"product": {**shared, "availabilityStatus": "AVAILABLE", "benefits": []}}),
    ]
    return {query_key(query, uri_entity): {"data": answer} for query, answer in answers}


def recommendation_cache(product: Product, others: Sequence[Product]) -> dict[str, Json]:
    """The answers about other products that a product page carries as well."""
    collection = f"ern:collection:rec:res-reco-products-similar-to-product:{config_sku(product)}"
    edges = [{"node": {"__typename": "Product", "id": entity(other), "inStock": True}} for other in others]
    body = {"id": collection, "title": "You might also like", "entities": {"edges": edges}}
    cache = {query_key("collection", collection): {"data": {"collection": body}}}
    return cache | {query_key("card", entity(other)): {"data": {"product": card(other)}} for other in others}


def linked_data(product: Product, era: int) -> Any:
    """JSON-LD: a Product with one picture until 2023, since 2025 a list with one ProductGroup."""
    sku, amount = config_sku(product), price(product.style) / 100
    offers = [
        {
            "@type": "Offer",
            "availability": "http://schema.org/InStock",
            "price": f"{amount:.2f}",
            "priceCurrency": "GBP",
            "sku": simple["sku"],
            "url": product_path(product),
        }
        for simple in simples(product)
    ]
    still = next(media for media in medias(product) if media.photo.kind == "packshot")
    shared = {
        "@context": "http://schema.org",
        "brand": {"@type": "Brand", "name": product.brand},
        "color": product.colour,
        "name": name(product),
        "description": f"{product.brand} {name(product)}. Invented for the demo shop.",
        "url": product_path(product),
    }
    if era < 2025:
        return {
            **shared,
            "@type": "Product",
            "image": [still.uri(103)],
            "itemCondition": "http://schema.org/NewCondition",
            "manufacturer": product.brand,
            "offers": offers,
            "sku": sku,
        }
    variants = [
        {"@type": "Product", "sku": offer["sku"], "name": name(product), "offers": offer, "image": still.uri(762)}
        for offer in offers
    ]
    return [{**shared, "@type": "ProductGroup", "productGroupID": sku, "hasVariant": variants}]
