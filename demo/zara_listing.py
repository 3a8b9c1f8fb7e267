"""The listings of the demo's Zara: categories, cards, looks, and what stands between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demo import zara_data as data
from demo import zara_media as media
from demo.catalogue import Product
from demo.identity import hexadecimal, number
from demo.planted import DUPLICATE_STYLING

OTHER_STYLING = 20
"""`stylingId` under which the duplicate card shows the same article in the same colour."""


@dataclass(frozen=True)
class Category:
    """One category: `code` ends its page's address, `id` names it in JSON and changes with the season."""

    id: int
    code: int
    gender: str
    slug: str
    name: str
    holds: frozenset[str] | None
    barred: bool = False

    @property
    def keyword(self) -> str:
        return f"{'woman' if self.gender == 'women' else 'man'}-{self.slug}"

    @property
    def path(self) -> str:
        return f"{data.MARKET}/{self.keyword}-l{self.code}.html"

    def products(self, products: Sequence[Product]) -> list[Product]:
        return [p for p in products if p.gender == self.gender and (self.holds is None or p.category in self.holds)]


CATEGORIES: tuple[Category, ...] = (
    Category(2546081, 1180, "women", "new-in", "NEW IN", None),
    Category(2417750, 1184, "women", "outerwear", "COATS", frozenset({"outerwear"})),
    Category(2420896, 1066, "women", "dresses", "DRESSES", frozenset({"dresses"})),
    Category(2419940, 1322, "women", "tops", "TOPS", frozenset({"tops"})),
    Category(2420417, 1217, "women", "shirts", "SHIRTS", frozenset({"shirts"})),
    Category(2420795, 1335, "women", "trousers", "TROUSERS", frozenset({"trousers"})),
    Category(2420454, 1299, "women", "skirts", "SKIRTS", frozenset({"skirts"})),
    Category(2411600, 1314, "women", "special-prices", "SPECIAL PRICES", frozenset({"dresses", "tops"}), barred=True),
    Category(2544454, 711, "men", "new-in", "NEW IN", None),
    Category(2536906, 640, "men", "jackets", "JACKETS", frozenset({"jackets"})),
    Category(2431994, 737, "men", "shirts", "SHIRTS", frozenset({"shirts"})),
    Category(2432042, 855, "men", "tshirts", "T-SHIRTS", frozenset({"t-shirts"})),
    Category(2432096, 838, "men", "trousers", "TROUSERS", frozenset({"trousers"})),
    Category(2432265, 681, "men", "knitwear", "KNITWEAR", frozenset({"knitwear"})),
)


def tree() -> list[dict[str, Any]]:
    """`categories` of /categories?ajax=true."""
    sections = (("women", "WOMAN", "MUJER", 1881757), ("men", "MAN", "HOMBRE", 1881758))
    return [
        {
            "id": identity,
            "name": section,
            "key": f"{data.SEASON}-{key}",
            "sectionName": section,
            "subcategories": [_branch(c, section, key) for c in CATEGORIES if c.gender == gender],
            "seo": {"keyword": section.lower(), "seoCategoryId": number(section, 1000, 2000), "irrelevant": True},
        }
        for gender, section, key, identity in sections
    ]


def _branch(category: Category, section: str, key: str) -> dict[str, Any]:
    return {
        "id": category.id,
        "name": category.name,
        "key": f"{data.SEASON}-{key}-{category.slug.upper()}",
        "sectionName": section,
        "subcategories": [],
        "seo": {"keyword": category.keyword, "seoCategoryId": category.code},
        "redirectCategoryId": category.id,
    }


def card(product: Product, colours: Sequence[Product], position: int, styling: int = 0) -> dict[str, Any]:
    """One product in a listing: one colour with its first pictures, the other colours by name alone."""
    code = media.article(product.style)
    found = media.medias(product)
    shown = [*found[1:2], found[0], media.selector_media(product)]
    pictures = [media.xmedia(one, "other", None) for one in shown]
    # the main picture stands in the list once for small screens and once for large ones
    pictures.insert(1, media.xmedia(found[0], "other", None, ("small",)))
    identity = data.colour_product_id(product, styling)
    return {
        "id": identity,
        "reference": f"{code}-{data.SEASON}",
        "type": "Product",
        "kind": "Wear",
        "brand": {"brandId": 1, "brandGroupId": 1, "brandGroupCode": "zara"},
        "xmedia": [],
        "name": product.title,
        "description": "",
        "price": data.price(product.style),
        "section": 1 if product.gender == "women" else 2,
        "sectionName": "WOMAN" if product.gender == "women" else "MAN",
        "familyName": data.FAMILY[product.category],
        "subfamilyName": data.FAMILY[product.category],
        "detail": {
            "reference": f"{code}-{data.SEASON}",
            "displayReference": f"{int(code[:5])}/{code[5:]}",
            "colors": [
                {
                    "id": media.colour_code(product.colour),
                    "productId": identity,
                    "name": product.colour.capitalize(),
                    "stylingId": str(styling),
                    "outfitId": "EDITION" if styling else "BASESTYLE",
                    "xmedia": pictures,
                    "pdpMedia": media.xmedia(media.selector_media(product), "other", None),
                    "price": data.price(product.style),
                    "availability": "in_stock",
                    "reference": f"C{code}{media.colour_code(product.colour)}{styling:03}-{data.SEASON}",
                    "extraInfo": {"highlightPrice": False},
                    "canonicalReference": f"{code}{media.colour_code(product.colour)}-{data.SEASON}",
                }
            ],
        },
        "seo": {"keyword": data.keyword(product), "seoProductId": code, "discernProductId": identity},
        "availability": "in_stock",
        "tagTypes": [],
        "extraInfo": {
            "highlightPrice": False,
            "hideProductInfo": True,
            "isAddToCartInGridDisabled": True,
            "duplicateReference": bool(styling),
        },
        "availableColors": [
            {"colorName": other.colour.capitalize(), "hexColor": data.HEX_OF_COLOUR.get(other.colour, "#808080")}
            for other in colours
        ],
        "colorInfo": {
            "mainColorHexCode": data.HEX_OF_COLOUR.get(product.colour, "#808080"),
            "numAdditionalColors": len(colours) - 1,
            "shouldUseColorcutInColorLabel": False,
        },
        "gridPosition": position,
        "productTag": [],
        "isDivider": False,
        "priceUnavailable": False,
    }


def look_code(gender: str) -> str:
    """`seoProductId` of the look at the head of a new-in listing: T and ten digits."""
    return f"T{number(f'zara look {gender}', 9_000_000_000, 9_999_999_999)}"


def look(gender: str, products: Sequence[Product]) -> dict[str, Any]:
    """A set of garments (`Bundle`) with an editorial picture: a card that is no product."""
    parts = [p for p in products if p.gender == gender][:2]
    photo = media.hero_photo(gender, parts[0].worn[0])
    path = media.hero_path(photo)
    stamp = media.timestamp(photo.key)
    name = path.rsplit("/", 1)[1].removesuffix(".jpg")
    layer = {
        "datatype": "xmedia",
        "set": 2,
        "type": "image",
        "kind": "other",
        "path": path.rsplit("/", 2)[0] + "/",
        "name": name,
        "width": photo.width,
        "height": photo.height,
        "timestamp": stamp,
        "allowedScreens": ["large", "small"],
        "extraInfo": {"isDarkModeCompatible": False},
    }
    drawing = {
        **layer,
        "type": "vector",
        "name": hexadecimal(f"zara drawing {gender}", 32),
        "url": f"http://{media.IMAGE_HOST}{drawing_path(gender)}?ts={stamp}",
    }
    hero = {**layer, "layers": [{**layer, "url": f"http://{media.IMAGE_HOST}{path}?ts={stamp}&w={{width}}"}, drawing]}
    identity = number(f"zara look id {gender}", 540_000_000, 560_000_000)
    code = look_code(gender)
    cents = sum(data.price(p.style) for p in parts)
    return {
        "id": identity,
        "reference": f"{code}-{data.SEASON}",
        "type": "Bundle",
        "kind": "Wear",
        "bundleProperties": {},
        "xmedia": [],
        "name": "LOOK",
        "price": cents,
        "bundleProducts": [
            {"id": data.colour_product_id(p), "name": p.title, "price": data.price(p.style), "isMainComponent": False}
            for p in parts
        ],
        "section": -1,
        "detail": {
            "reference": f"{code}-{data.SEASON}",
            "displayReference": f"{code[1:5]}/{code[5:8]}",
            "colors": [
                {
                    "id": media.colour_code(parts[0].colour),
                    "productId": identity,
                    "name": parts[0].colour.capitalize(),
                    "stylingId": "0",
                    "xmedia": [hero, media.xmedia(media.medias(parts[0])[0], "other", None)],
                    "price": cents,
                    "availability": "IN_STOCK",
                    "reference": f"{code}-{data.SEASON}",
                }
            ],
        },
        "seo": {"keyword": "", "seoProductId": code, "discernProductId": identity, "irrelevant": True},
        "availability": "IN_STOCK",
        "extraInfo": {"highlightPrice": False, "duplicateReference": False},
        "availableColors": [],
        "gridPosition": 1,
    }


def drawing_path(gender: str) -> str:
    folder = media.asset_folder(hexadecimal(f"zara drawing asset {gender}", 32))
    return f"{folder}/{hexadecimal(f'zara drawing {gender}', 32)}.svg"


def product_groups(category: Category, products: Sequence[Product]) -> list[dict[str, Any]]:
    """`productGroups` of one category, in the page's state and in the category's JSON alike.

    A category of one kind of garment shows one card for a style, the new-in listing one for each colour.
    """
    components: list[dict[str, Any]] = []
    seen: set[str] = set()
    for product in category.products(products):
        if category.holds is not None and product.style in seen:
            continue
        seen.add(product.style)
        colours = [p for p in products if p.style == product.style]
        components.append(card(product, colours, len(components) + 1))
        if category.holds is None and product.key == DUPLICATE_STYLING:
            components.append(card(product, colours, len(components) + 1, OTHER_STYLING))
    groups = [components[i : i + 3] for i in range(0, len(components), 3)]
    elements = [
        {"id": f"{category.id}-{index}", "layout": "BLOCK", "commercialComponents": group}
        for index, group in enumerate(groups)
    ]
    divider = {"id": f"{category.id}-divider", "type": "Divider", "isDivider": True, "name": "NEW", "xmedia": []}
    info = {"id": f"{category.id}-seo", "type": "seo-info", "kind": "Marketing", "text": category.name, "xmedia": []}
    if category.holds is None:
        elements[0]["commercialComponents"] = [look(category.gender, products), *groups[0]]
        elements.insert(1, {"id": f"{category.id}-d", "layout": "DIVIDER", "commercialComponents": [divider]})
    elements.append({"id": f"{category.id}-s", "layout": "SEO", "commercialComponents": [info]})
    return [{"type": "main", "elements": elements, "hasStickyBanner": False}]
