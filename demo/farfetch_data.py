"""The JSON of the demo's Farfetch: linked data, page state, prices and picture addresses.

Names and places of the fields are the real shop's; all values are the demo's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demo.catalogue import Photo, Product
from demo.identity import number

HOST = "www.farfetch.test"
IMAGE_HOST = "cdn-images.farfetch.test"
ROOT = f"http://{HOST}"

WORN_FIRST = frozenset({"dresses", "jackets", "shirts"})
"""Categories whose galleries begin with a worn picture; in the others the garment alone comes first."""

SIZES = ("XS", "S", "M", "L")
FIRST_SIZE = 18

Json = dict[str, Any]


@dataclass(frozen=True)
class Category:
    """A listing: its slug ends with 1 for women and 2 for men; `holds` is None where it shows everything."""

    gender: str
    slug: str
    name: str
    holds: frozenset[str] | None = None

    @property
    def path(self) -> str:
        return f"/shopping/{self.gender}/{self.slug}/items.aspx"


CATEGORIES: tuple[Category, ...] = (
    Category("women", "clothing-1", "Clothing"),
    Category("women", "dresses-1", "Dresses", frozenset({"dresses"})),
    Category("women", "tops-1", "Tops", frozenset({"tops"})),
    Category("women", "trousers-1", "Trousers", frozenset({"trousers"})),
    Category("women", "jackets-1", "Jackets", frozenset({"jackets"})),
    Category("women", "skirts-1", "Skirts", frozenset({"skirts"})),
    Category("men", "clothing-2", "Clothing"),
    Category("men", "t-shirts-vests-2", "T-Shirts & Vests", frozenset({"t-shirts"})),
    Category("men", "shirts-2", "Shirts", frozenset({"shirts"})),
    Category("men", "trousers-2", "Trousers", frozenset({"trousers"})),
    Category("men", "jackets-2", "Jackets", frozenset({"jackets"})),
    Category("men", "knitwear-2", "Sweaters & Knitwear", frozenset({"knitwear"})),
)


def category_of(product: Product) -> Category:
    return next(c for c in CATEGORIES if c.gender == product.gender and product.category in (c.holds or ()))


def product_id(product: Product) -> int:
    return number(f"farfetch product {product.key}", 14_000_000, 39_000_000)


def style_id(product: Product) -> int:
    return number(f"farfetch style {product.style}", 1_000_000, 9_000_000)


def store_id(product: Product) -> int:
    return number(f"farfetch store {product.key}", 9_000, 14_000)


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def product_path(product: Product, department: str = "") -> str:
    """Path of the product's page; `department` "sale" gives the path that robots.txt bars."""
    folder = f"{product.gender}/{department}" if department else product.gender
    return f"/shopping/{folder}/{slug(product.brand)}-{slug(product.title)}-item-{product_id(product)}.aspx"


@dataclass(frozen=True)
class Price:
    """US dollars: what the garment cost, what it costs, and what a code at the till leaves of that (or None)."""

    initial: int
    current: int
    with_code: int | None

    @property
    def chain(self) -> list[str]:
        steps = [self.initial, self.current] if self.current != self.initial else [self.initial]
        return [f"${step:,}" for step in [*steps, *([self.with_code] if self.with_code else [])]]


def price(product: Product) -> Price:
    initial = number(f"farfetch price {product.style}", 180, 1900)
    match number(f"farfetch sale {product.style}", 0, 3):
        case 0:
            return Price(initial, initial, None)
        case 1:
            return Price(initial, initial * 7 // 10, None)
        case _:
            return Price(initial, initial * 7 // 10, initial * 7 // 10 * 9 // 10)


def image_id(photo: Photo) -> int:
    return number(f"farfetch image {photo.key}", 50_000_000, 68_000_000)


def image_stem(product: Product, photo: Photo) -> str:
    """Path of a picture up to its size."""
    digits = str(product_id(product))
    return f"/{digits[:2]}/{digits[2:4]}/{digits[4:6]}/{digits[6:]}/{digits}_{image_id(photo)}"


def image_url(product: Product, photo: Photo, size: int) -> str:
    return f"http://{IMAGE_HOST}{image_stem(product, photo)}_{size}.jpg"


def gallery(product: Product) -> list[Photo]:
    if product.category in WORN_FIRST:
        return [*product.worn, *product.packshots]
    return [*product.packshots, *product.worn]


def full_name(product: Product) -> str:
    return f"{product.brand} {product.title}"


def linked_product(product: Product, overlay: bool) -> Json:
    """JSON-LD of a product page. Captions are search words: they say nothing about what a picture shows."""
    category = category_of(product)
    colour = product.colour.capitalize()
    captions = [colour, category.name, "Clothing", f"{product.gender.capitalize()}'s Clothing"]
    words = [full_name(product), colour, product.garment, category.name, "Clothing", product.gender.capitalize()]
    suffix = "?ov=true" if overlay else ""
    images = [
        {
            "@type": "ImageObject",
            "contentUrl": image_url(product, photo, 1000) + suffix,
            "description": f"{full_name(product)} | {captions[min(index, 3)]}",
        }
        for index, photo in enumerate(gallery(product))
    ]
    cost = price(product)
    specification: list[Json] = [{"@type": "UnitPriceSpecification", "price": cost.current, "priceCurrency": "USD"}]
    if cost.current != cost.initial:
        old = {"@type": "UnitPriceSpecification", "price": cost.initial, "priceCurrency": "USD"}
        specification.append({**old, "priceType": "https://schema.org/StrikethroughPrice"})
    variants = [
        {
            "@type": "Product",
            "sku": f"{product_id(product)}-{size}",
            "name": f"{full_name(product)} | {label}",
            "size": label,
            "image": images[0]["contentUrl"],
            "offers": {
                "@type": "Offer",
                "url": f"{ROOT}/{product_path(product)}?size={size}",
                "availability": "https://schema.org/InStock",
                "priceSpecification": specification,
            },
        }
        for size, label in enumerate(SIZES, start=FIRST_SIZE)
    ]
    return {
        "@context": "https://schema.org",
        "@type": "ProductGroup",
        "name": product.title,
        "image": images,
        "description": " | ".join(words),
        "productGroupID": str(product_id(product)),
        "color": colour,
        "brand": {"@type": "Brand", "name": product.brand},
        "itemCondition": "https://schema.org/NewCondition",
        "variesBy": ["https://schema.org/size"],
        "hasVariant": variants,
        "url": f"{ROOT}/{product_path(product)}",
    }


def breadcrumbs(product: Product) -> Json:
    brand = f"/shopping/{product.gender}/{slug(product.brand)}"
    category = category_of(product)
    trail = [
        (f"/shopping/{product.gender}/items.aspx", product.gender.capitalize()),
        (f"{brand}/items.aspx", product.brand),
        (f"{brand}/clothing-{category.slug[-1]}/items.aspx", "Clothing"),
        (f"{brand}/{category.slug}/items.aspx", category.name),
    ]
    return {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "item": {"@id": path, "name": name}}
            for position, (path, name) in enumerate(trail, start=1)
        ],
    }


def linked_listing(category: Category, cards: Sequence[Json]) -> Json:
    """JSON-LD of a listing: neither sku nor url on a product, and the middle step of its price."""
    return {
        "@context": "https://schema.org",
        "@type": "ItemList",
        "url": category.path,
        "numberOfItems": len(cards),
        "itemListElement": [
            {
                "@type": "Product",
                "position": str(position),
                "name": card["title"],
                "image": [card["image"]],
                "brand": {"@type": "Brand", "name": card["brand"]},
                "offers": {
                    "@type": "Offer",
                    "price": card["price"].current,
                    "priceCurrency": "USD",
                    "url": card["url"],
                    "availability": "https://schema.org/InStock",
                },
            }
            for position, card in enumerate(cards, start=1)
        ],
    }


def card(product: Product, department: str = "") -> Json:
    return {
        "id": product_id(product),
        "title": product.title,
        "brand": product.brand,
        "price": price(product),
        "image": image_url(product, gallery(product)[0], 480),
        "url": f"{product_path(product, department)}?storeid={store_id(product)}",
    }


def view_model(product: Product) -> Json:
    """Page state as pages of 2022 and later have it."""
    main = [
        {
            "index": index,
            "alt": f"{full_name(product)}, {index}",
            "zoom": image_url(product, photo, 1000),
            "large": image_url(product, photo, 600),
            "medium": image_url(product, photo, 480),
            "small": image_url(product, photo, 240),
        }
        for index, photo in enumerate(gallery(product), start=1)
    ]
    category = category_of(product)
    trail = breadcrumbs(product)["itemListElement"]
    return {
        "details": {
            "productId": product_id(product),
            "styleId": style_id(product),
            "genderName": product.gender.capitalize(),
            "department": "Clothing",
            "colors": product.colour.capitalize(),
            "merchantId": store_id(product),
        },
        "designerDetails": {"name": product.brand, "designerColour": product.colour.upper()},
        "shortDescription": product.title,
        "images": {"main": main},
        "categories": {"all": {"1": "Clothing", "2": category.name}},
        "breadcrumb": [{"text": step["item"]["name"], "href": step["item"]["@id"]} for step in trail],
        "measurements": {"modelHeight": {"cm": "178"}},
        "priceInfo": {
            "default": {"initialPrice": price(product).initial, "finalPrice": price(product).current},
            "currencyCode": "USD",
        },
        "composition": {"materials": [{"name": "Invented for the demo shop"}]},
    }


def apollo_state(product: Product) -> Json:
    """Page state as later pages have it."""
    images = [
        {
            "__typename": "ResponsiveImages",
            "order": order,
            "size480": {"alt": f"{full_name(product)}, {order}", "url": image_url(product, photo, 480)},
            "size1000": {"alt": f"{full_name(product)}, {order}", "url": image_url(product, photo, 1000)},
        }
        for order, photo in enumerate(gallery(product), start=1)
    ]
    return {f"Variation:{product_id(product)}": {"__typename": "Variation", "images": images}}
