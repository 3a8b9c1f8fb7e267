"""The demo's Zara: www.zara.test and static.zara.test."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from demo import zara_data as data
from demo import zara_listing as listing
from demo import zara_media as media
from demo.answers import (
    MINIMAL_MP4,
    SYNTHETIC,
    TEXT,
    TRANSPARENT_PNG,
    Answer,
    Target,
    gzip_answer,
    html_answer,
    json_answer,
    not_found,
    redirect,
    sitemap,
    sitemap_index,
)
from demo.catalogue import Catalogue, Photo, Product

PLACEHOLDER = "/stdstatic/2.26.0-b.6/images/transparent-background.png"
ROOT = f"http://{data.HOST}"

ROBOTS = f"""# {SYNTHETIC}
User-agent: *
Disallow: /users/
Disallow: /*/user
Disallow: /*/shop/
Disallow: /*/search
Disallow: /mkt/
Disallow: /*/size-guide
Disallow: /*/mini-shop-cart
Disallow: /share/
Disallow: /recom/
Disallow: *?amp
Disallow: *?catalogId=
Disallow: *?color=
Disallow: *?colorId=
Disallow: *?ref=
Disallow: *?rows=
Disallow: *&initialBlockId=*
Disallow: /*/-pM
Disallow: /?*
Disallow: */placement/*
Disallow: /_sec/
Disallow: /assets/public/
Disallow: /*/woman-special-prices-l
Disallow: /*/category/2411600/

Sitemap: {ROOT}/sitemaps/sitemap-index.xml.gz
"""
IMAGE_ROBOTS = f"""# {SYNTHETIC}
User-agent: *
Disallow: /contents/cm/watermarks/
"""


class Zara:
    """Pages, JSON and pictures of the demo's Zara."""

    page_host = data.HOST
    image_host = media.IMAGE_HOST

    def __init__(self, catalogue: Catalogue) -> None:
        self.products = catalogue.of("zara")

    @cached_property
    def photos(self) -> Mapping[str, Photo]:
        found: dict[str, Photo] = {}
        for product in self.products:
            colours = [other for other in self.products if other.style == product.style]
            swatch = [media.swatch_media(product)] if len(colours) > 1 else []
            for one in [*media.medias(product), media.selector_media(product), *swatch]:
                found[one.path] = one.photo
            if product.video:
                found[f"{media.video_folder(product)}/poster/poster.jpg"] = media.poster_photo(product)
        for gender in ("women", "men"):
            first = next(p for p in self.products if p.gender == gender)
            hero = media.hero_photo(gender, first.worn[0])
            found[media.hero_path(hero)] = hero
        return found

    def width(self, target: Target) -> int | None:
        width = target.query.get("w", "")
        return int(width) if width.isdigit() and int(width) else None

    def respond(self, target: Target) -> Answer:
        if target.host == self.image_host:
            return self._asset(target.path)
        path = target.path
        if path == "/robots.txt":
            return Answer(ROBOTS.encode(), TEXT)
        if path in ("/", "/us", "/us/", "/us/en"):
            return redirect(f"{ROOT}{data.MARKET}/")
        if path == f"{data.MARKET}/":
            return html_answer("zara/home.html", categories=listing.CATEGORIES, root=ROOT)
        if path == f"{data.MARKET}/categories":
            return json_answer({"categories": listing.tree()})
        if match := re.fullmatch(rf"{data.MARKET}/category/(\d+)/products", path):
            return self._category_json(int(match[1]))
        if path == f"{data.MARKET}/products-details":
            return self._details(target.query.get("productIds", ""))
        if match := re.fullmatch(rf"{data.MARKET}/[^/]*-l(\d+)\.html", path):
            return self._category_page(int(match[1]))
        if match := re.fullmatch(rf"{data.MARKET}/[^/]*-p(T\d{{10}}|\d{{8}})\.html", path):
            return self._product_page(match[1], target)
        if match := re.fullmatch(r"/sitemaps/sitemap-(index|category-us-en|product-us-en)\.xml\.gz", path):
            return self._sitemap(match[1])
        return not_found(target.path)

    def pages(self) -> list[str]:
        """The address of everything that is no picture."""
        market = f"{ROOT}{data.MARKET}"
        found = [f"{ROOT}/robots.txt", f"http://{self.image_host}/robots.txt", f"{market}/"]
        found.append(f"{market}/categories?ajax=true")
        for category in listing.CATEGORIES:
            found.append(f"{ROOT}{category.path}?v1={category.id}")
            found.append(f"{market}/category/{category.id}/products?ajax=true")
        for product in self.products:
            identity = data.colour_product_id(product)
            found.append(f"{ROOT}{data.product_path(product)}?v1={identity}")
            found.append(f"{market}/products-details?productIds={identity}&ajax=true")
        found += [f"{market}/-p{listing.look_code(gender)}.html" for gender in ("women", "men")]
        found += [f"{ROOT}/sitemaps/sitemap-{n}.xml.gz" for n in ("index", "category-us-en", "product-us-en")]
        return found

    def _category_json(self, identity: int) -> Answer:
        for category in listing.CATEGORIES:
            if category.id == identity:
                return json_answer({"productGroups": listing.product_groups(category, self.products)})
        return json_answer({}, 404)

    def _category_page(self, code: int) -> Answer:
        category = next((c for c in listing.CATEGORIES if c.code == code), None)
        if category is None:  # a code of another country or season leads home
            return redirect(f"{ROOT}{data.MARKET}/")
        groups = listing.product_groups(category, self.products)
        components = [c for element in groups[0]["elements"] for c in element["commercialComponents"]]
        cards = [
            {
                "name": c["name"],
                "url": f"{ROOT}{data.MARKET}/{c['seo']['keyword']}-p{c['seo']['seoProductId']}.html"
                f"?v1={c['seo']['discernProductId']}&v2={category.id}",
                "image": next(m["url"] for m in c["detail"]["colors"][0]["xmedia"] if "url" in m).format(width=563),
                "cents": c["price"],
            }
            for c in components
            if c["type"] == "Product"
        ]
        section = "WOMAN" if category.gender == "women" else "MAN"
        payload = {
            "category": {"id": category.id, "name": category.name, "sectionName": section},
            "productGroups": groups,
        }
        return html_answer(
            "zara/category.html",
            category=category, cards=cards, payload=payload, root=ROOT, categories=listing.CATEGORIES,
            placeholder=f"http://{self.image_host}{PLACEHOLDER}",
        )  # fmt: skip

    def _chosen(self, article: str, identity: str) -> tuple[Product, int] | None:
        """The colour that `v1` names, and its styling; the article's first colour where it names none."""
        colours = [p for p in self.products if media.article(p.style) == article or not article]
        for product in colours:
            for styling in (0, listing.OTHER_STYLING):
                if identity == str(data.colour_product_id(product, styling)):
                    return product, styling
        return (colours[0], 0) if colours and article else None

    def _detail(self, product: Product, styling: int) -> dict[str, Any]:
        return data.detail([p for p in self.products if p.style == product.style], product, styling)

    def _details(self, identities: str) -> Answer:
        chosen = [self._chosen("", identity) for identity in identities.split(",")]
        return json_answer([self._detail(*pair) for pair in chosen if pair is not None])

    def _product_page(self, code: str, target: Target) -> Answer:
        if code.startswith("T"):
            gender = next((g for g in ("women", "men") if listing.look_code(g) == code), None)
            if gender is None:
                return not_found(target.path)
            look = listing.look(gender, self.products)
            return html_answer("zara/look.html", look=look, payload={"product": look}, root=ROOT)
        chosen = self._chosen(code, target.query.get("v1", ""))
        if chosen is None:
            return not_found(target.path)
        product, styling = chosen
        detail = self._detail(product, styling)
        payload = {"product": detail, "parentId": detail["id"], "productMetaData": self._linked_data(product)}
        if target.query.get("ajax") == "true":
            return json_answer(payload)
        return html_answer(
            "zara/product.html",
            product=product, payload=payload, linked=self._linked_data(product), root=ROOT,
            images=[m for m in media.gallery(product) if m["type"] == "image"],
            colours=[
                {"name": p.colour, "url": f"{ROOT}{data.product_path(p)}?v1={data.colour_product_id(p)}"}
                for p in self.products
                if p.style == product.style
            ],
            placeholder=f"http://{self.image_host}{PLACEHOLDER}",
        )  # fmt: skip

    def _linked_data(self, product: Product) -> dict[str, Any]:
        """JSON-LD of one article; its variants are the sizes of the colour shown."""
        url = f"{ROOT}{data.product_path(product)}?v1={data.colour_product_id(product)}"
        images = [one.url for one in media.medias(product)]
        return {
            "@context": "https://schema.org",
            "@type": "ProductGroup",
            "name": product.title.upper(),
            "description": "Invented for the demo shop.",
            "brand": {"@type": "Brand", "name": "ZARA"},
            "productGroupID": media.article(product.style),
            "url": url,
            "variesBy": ["https://schema.org/size", "https://schema.org/color"],
            "hasVariant": [
                {
                    "@type": "Product",
                    "sku": f"{data.colour_product_id(product)}-{index}",
                    "name": product.title.upper(),
                    "color": product.colour.capitalize(),
                    "size": size,
                    "image": images,
                    "offers": {
                        "@type": "Offer",
                        "price": f"{data.price(product.style) / 100:.2f}",
                        "priceCurrency": "USD",
                        "availability": "https://schema.org/InStock",
                        "url": url,
                    },
                }
                for index, size in enumerate(data.SIZES, start=1)
            ],
        }

    def _sitemap(self, part: str) -> Answer:
        if part == "index":
            names = ("category-us-en", "product-us-en")
            return gzip_answer(sitemap_index([f"{ROOT}/sitemaps/sitemap-{name}.xml.gz" for name in names]))
        if part == "category-us-en":
            return gzip_answer(sitemap([f"{ROOT}{category.path}" for category in listing.CATEGORIES]))
        articles = dict.fromkeys(f"{ROOT}{data.product_path(product)}" for product in self.products)
        looks = [f"{ROOT}{data.MARKET}/-p{listing.look_code(gender)}.html" for gender in ("women", "men")]
        return gzip_answer(sitemap([*articles, *looks]))

    def _asset(self, path: str) -> Answer:
        if path == "/robots.txt":
            return Answer(IMAGE_ROBOTS.encode(), TEXT)
        if path == PLACEHOLDER:
            return Answer(TRANSPARENT_PNG, "image/png")
        if path in [listing.drawing_path(gender) for gender in ("women", "men")]:
            return Answer(b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>\n', "image/svg+xml")
        for product in self.products:
            folder = media.video_folder(product)
            if product.video and path == f"{folder}/master.m3u8":
                return Answer(b"#EXTM3U\n#EXT-X-ENDLIST\n", "application/vnd.apple.mpegurl")
            if product.video and path == f"{folder}/video.mp4":
                return Answer(MINIMAL_MP4, "video/mp4")
        if path.endswith("/meta.json"):
            return json_answer({"metadata": {}})
        return not_found(path)
