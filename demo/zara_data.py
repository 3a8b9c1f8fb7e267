"""The JSON of the demo's Zara: products and their colours, in the structure of 2026; their media are in zara_media.

Names and places of the fields are the real shop's; all values are the demo's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from demo.catalogue import Product
from demo.identity import number
from demo.zara_media import article, colour_code, gallery, selector_media, swatch_media, xmedia

HOST = "www.zara.test"
MARKET = "/us/en"
SEASON = "I2026"

HEX_OF_COLOUR = {
    "ecru": "#E4D9C3", "white": "#EFEEEA", "black": "#1D1D20", "navy": "#1F2A44", "sky": "#9FBDD8",
    "rust": "#A4502C", "camel": "#B88A57", "khaki": "#8D8060", "olive": "#565A39", "bottle": "#1E4A3A",
    "burgundy": "#6A1F2F", "grey": "#8B8D90",
}  # fmt: skip
FAMILY = {
    "dresses": "DRESS", "shirts": "SHIRT", "trousers": "TROUSERS", "skirts": "SKIRT", "outerwear": "JACKET",
    "jackets": "WIND-JACKET", "tops": "T-SHIRT", "t-shirts": "T-SHIRT", "knitwear": "SWEATER",
}  # fmt: skip
SIZES = ("XS", "S", "M", "L", "XL")


def article_id(style: str) -> int:
    return number(f"zara parent {style}", 510_000_000, 540_000_000)


def colour_product_id(product: Product, styling: int = 0) -> int:
    """The key of one colour (`v1` in addresses); a colour shown in another styling has another."""
    return number(f"zara colour {product.key} {styling}", 540_000_000, 560_000_000)


def keyword(product: Product) -> str:
    return re.sub(r"[^a-z0-9]+", "-", product.title.lower()).strip("-")


def product_path(product: Product) -> str:
    return f"{MARKET}/{keyword(product)}-p{article(product.style)}.html"


def price(style: str) -> int:
    """US cents."""
    return number(f"zara price {style}", 19, 130) * 100 + 90


def detail_colour(product: Product, styling: int, siblings: int) -> dict[str, Any]:
    """One entry of `detail.colors` on a product page."""
    code, cents = article(product.style), price(product.style)
    pictures = gallery(product)
    selector = [xmedia(selector_media(product), "other", None)]
    swatch = [xmedia(swatch_media(product), "colorcut", None)] if siblings > 1 else []
    return {
        "id": colour_code(product.colour),
        "hexCode": HEX_OF_COLOUR.get(product.colour, "#808080"),
        "productId": colour_product_id(product, styling),
        "name": product.colour.capitalize(),
        "reference": f"C{code}{colour_code(product.colour)}{styling:03}-{SEASON}",
        "stylingId": str(styling),
        "xmedia": pictures,
        "shopcartMedia": selector,
        "colorSelectorMedias": [*selector, *swatch],
        "price": cents,
        "sizes": [
            {
                "availability": "in_stock",
                "id": index,
                "name": size,
                "price": cents,
                "reference": f"{code}{colour_code(product.colour)}{index:02}-{SEASON}",
                "sku": colour_product_id(product, styling) + index,
            }
            for index, size in enumerate(SIZES, start=1)
        ],
        "description": "Model height 178 cm\n\nInvented for the demo shop.",
        "rawDescription": "Model height 178 cm<br/><br/>Invented for the demo shop.",
        "extraInfo": {"highlightPrice": False, "editorialxMedias": [], "extraDetailSections": []},
        "tagTypes": [],
        "attributes": [],
        "relations": [],
        "pricing": {"price": {"value": cents, "currency": {"code": "USD", "exponent": -2}}},
        "mainImgs": [entry for entry in pictures if entry["type"] == "image"],
        "priceUnavailable": False,
    }


def detail(colours: Sequence[Product], chosen: Product, styling: int = 0) -> dict[str, Any]:
    """One article with all its colours, as product pages and products-details have it; `chosen` is the `v1` colour."""
    code = article(chosen.style)
    women = chosen.gender == "women"
    return {
        "id": article_id(chosen.style),
        "type": "Product",
        "kind": "Wear",
        "state": "visible",
        "brand": {"brandId": 1, "brandGroupId": 1, "brandGroupCode": "zara"},
        "name": chosen.title.upper(),
        "detail": {
            "reference": f"{code}-{SEASON}",
            "displayReference": f"{int(code[:5])}/{code[5:]}",
            "colors": [detail_colour(p, styling if p is chosen else 0, len(colours)) for p in colours],
            "colorSelectorLabel": "Color",
            "relatedProducts": [],
        },
        "section": 1 if women else 2,
        "sectionName": "WOMAN" if women else "MAN",
        "familyId": number(f"zara family {chosen.category}", 100, 5000),
        "familyName": FAMILY[chosen.category],
        "subfamilyName": FAMILY[chosen.category],
        "extraInfo": {"isSizeRecommender": True, "highlightPrice": False, "extraDetailSections": []},
        "seo": {
            "keyword": keyword(chosen),
            "description": "Invented for the demo shop.",
            "breadCrumb": [{"text": chosen.title.upper(), "id": 0}],
            "seoProductId": code,
            "discernProductId": colour_product_id(chosen, styling),
            "keyWordI18n": [{"langId": -1, "keyword": keyword(chosen)}],
        },
        "attributes": [],
        "sizeSystem": "2",
        "xmedia": [],
        "productTag": [],
    }
