"""The demo's Zalando: www.zalando.test and img01.zalando.test."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from demo import zalando_data as data
from demo.answers import (
    MINIMAL_MP4,
    SYNTHETIC,
    TEXT,
    Answer,
    Target,
    html_answer,
    json_answer,
    not_found,
    redirect,
)
from demo.catalogue import Catalogue, Photo, Product
from demo.identity import number

PAGE_SIZE = 6
SERVED_TILES = 3
"""Tiles of one page that stand in the HTML; a script asks for the others and paints them."""

EMPTY_LISTING = "/womens-clothing-swimwear/"
"""A listing without articles: the shop leads to another one instead of saying so."""

ROBOTS = f"""# {SYNTHETIC}
User-agent: ClaudeBot
User-agent: GPTBot
User-agent: Google-Extended
User-agent: CCBot
Disallow: /

User-agent: *
Allow: /api/graphql/
Allow: /api/navigation
Disallow: /api/
Disallow: /*&*&*&*&
Disallow: /cart
Disallow: /wardrobe
Disallow: /myaccount
Disallow: /opinions
"""


@dataclass(frozen=True)
class Listing:
    """One listing at the root of the shop; `holds` is None where it shows everything of one gender."""

    path: str
    gender: str
    title: str
    holds: frozenset[str] | None = None

    @property
    def entity(self) -> str:
        return f"ern:collection:cat:categ:{self.path.strip('/')}"


LISTINGS: tuple[Listing, ...] = (
    Listing("/womens-clothing/", "women", "Women's clothing"),
    Listing("/womens-clothing-dresses/", "women", "Women's dresses", frozenset({"dresses"})),
    Listing("/womens-clothing-tops/", "women", "Women's tops", frozenset({"tops", "shirts"})),
    Listing("/womens-clothing-trousers/", "women", "Women's trousers", frozenset({"trousers"})),
    Listing("/womens-clothing-skirts/", "women", "Women's skirts", frozenset({"skirts"})),
    Listing("/mens-clothing/", "men", "Men's clothing"),
    Listing("/mens-clothing-t-shirts/", "men", "Men's t-shirts", frozenset({"t-shirts"})),
    Listing("/mens-clothing-shirts/", "men", "Men's shirts", frozenset({"shirts"})),
    Listing("/mens-clothing-trousers/", "men", "Men's trousers", frozenset({"trousers", "shorts"})),
    Listing("/mens-clothing-jackets/", "men", "Men's jackets", frozenset({"jackets"})),
    Listing("/mens-clothing-knitwear/", "men", "Men's knitwear", frozenset({"knitwear"})),
)


class Zalando:
    """Pages, query answers and pictures of the demo's Zalando."""

    page_host = data.HOST
    image_host = data.IMAGE_HOST

    def __init__(self, catalogue: Catalogue) -> None:
        self.products = catalogue.of("zalando")
        self._by_path = {data.product_path(product): product for product in self.products}
        self._listings = {listing.path: listing for listing in LISTINGS}

    @cached_property
    def photos(self) -> Mapping[str, Photo]:
        return {media.path: media.photo for product in self.products for media in data.medias(product)}

    def width(self, target: Target) -> int | None:
        width = target.query.get("imwidth", "")
        return int(width) if width.isdigit() and int(width) else None

    def respond(self, target: Target) -> Answer:
        if target.host == self.image_host:  # no robots.txt here: whatever it does not bar is allowed
            videos = {data.video_path(product) for product in self.products if product.video}
            return Answer(MINIMAL_MP4, "video/mp4") if target.path in videos else not_found(target.path)
        if target.path == "/robots.txt":
            return Answer(ROBOTS.encode(), TEXT)
        if target.path == "/":
            return html_answer("zalando/home.html", listings=LISTINGS)
        if target.path == "/api/graphql/":
            return self._graphql(target.body)
        if target.path == EMPTY_LISTING:
            return redirect(f"{data.ROOT}/womens-clothing/")
        if listing := self._listings.get(target.path):
            return self._listing(listing, target.query.get("p", "1"))
        if product := self._by_path.get(target.path):
            return self._product(product)
        return not_found(target.path)

    def pages(self) -> list[str]:
        """The address of everything that is no picture and is asked for with GET."""
        found = [f"{data.ROOT}/robots.txt", f"{data.ROOT}/"]
        for listing in LISTINGS:
            found.append(f"{data.ROOT}{listing.path}")
            found += [f"{data.ROOT}{listing.path}?p={page}" for page in range(2, self._page_count(listing) + 1)]
        return found + [f"{data.ROOT}{path}" for path in self._by_path]

    def era(self, product: Product) -> int:
        """The year whose page structure a product has: every other one is as of 2022-23, the rest as of 2025-26."""
        return 2022 if self.products.index(product) % 2 == 0 else 2025

    def _fitting(self, listing: Listing) -> list[Product]:
        return [
            product
            for product in self.products
            if product.gender == listing.gender and (listing.holds is None or product.category in listing.holds)
        ]

    def _tiles(self, listing: Listing, page: int) -> list[Product]:
        return self._fitting(listing)[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]

    def _page_count(self, listing: Listing) -> int:
        return math.ceil(len(self._fitting(listing)) / PAGE_SIZE)

    def _collection(self, listing: Listing, page: int, tiles: Sequence[Product]) -> dict[str, Any]:
        edges = [{"node": data.card(product)} for product in tiles]
        info = {"page": page, "pageCount": self._page_count(listing)}
        body = {"id": listing.entity, "title": listing.title, "pagination": info}
        total = len(self._fitting(listing))
        return {"data": {"collection": {**body, "entities": {"totalCount": total, "edges": edges}}}}

    def _listing(self, listing: Listing, asked: str) -> Answer:
        pages = self._page_count(listing)
        page = int(asked) if asked.isdigit() else 0
        if not 1 <= page <= pages:
            return html_answer("zalando/error.html", status=400, message=f"There is no page {asked}.")
        served = self._tiles(listing, page)[:SERVED_TILES]
        cache: dict[str, Any] = {
            data.query_key("listing", listing.entity): self._collection(listing, page, served),
        }
        cache |= {data.query_key("card", data.entity(p)): {"data": {"product": data.card(p)}} for p in served}
        state = {"graphqlCache": cache, "context": {"intent": {"navigationTargetGroup": listing.gender.upper()}}}
        request = [{"id": json.loads(next(iter(cache)))["id"], "variables": {"id": listing.entity, "page": page}}]
        return html_answer(
            "zalando/listing.html",
            listing=listing, page=page, pages=pages, tiles=[data.card(p) for p in served], state=state,
            request=request, served=len(served), painted=len(self._tiles(listing, page)) - len(served),
            listings=[other for other in LISTINGS if other.gender == listing.gender], empty=EMPTY_LISTING,
        )  # fmt: skip

    def _graphql(self, body: bytes) -> Answer:
        """Answers a list of persisted queries; the only one known is that for the tiles of a listing's page."""
        try:
            queries = json.loads(body)
            wanted = [(query["variables"]["id"], int(query["variables"]["page"])) for query in queries]
        except (ValueError, KeyError, TypeError):
            return json_answer({"errors": [{"message": "POST a list of persisted queries with variables"}]}, 400)
        answers: list[dict[str, Any]] = []
        for identity, page in wanted:
            listing = next((other for other in LISTINGS if other.entity == identity), None)
            if listing is None or page < 1:
                answers.append({"data": {"collection": None}, "errors": [{"message": "collection not found"}]})
            else:
                answers.append(self._collection(listing, page, self._tiles(listing, page)))
        return json_answer(answers)

    def _product(self, product: Product) -> Answer:
        family = [other for other in self.products if other.style == product.style]
        alike = [p for p in self.products if p.gender == product.gender and p.style != product.style]
        start = number(f"zalando recommendations {product.key}", 0, len(alike))
        others = [alike[(start + step) % len(alike)] for step in range(4)]
        recommended = data.recommendation_cache(product, others)
        cache = data.product_cache(product, family)
        era = self.era(product)
        return html_answer(
            f"zalando/product_{era}.html",
            product=product, sku=data.config_sku(product), path=data.product_path(product), name=data.name(product),
            price=data.formatted(data.price(product.style)), linked=data.linked_data(product, era),
            family=[{"colour": p.colour, "path": data.product_path(p)} for p in family],
            gallery=[media.uri(156) for media in data.medias(product)],
            others=[data.card(other) for other in others],
            position=number(f"zalando position {product.key}", 12, 16),
            entity={"id": data.entity(product), "type": "product"}, cache=cache, recommended=recommended,
        )  # fmt: skip
