"""What a crawl and a curation of the demo shops must find: demo/planted.json, and the inventory behind it.

A picture's address in the ledger depends on the width that a spider asks for, so addresses are given as prefixes: a URL
belongs to an entry if it starts with one of the entry's `url_prefixes`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from demo import farfetch_data, zalando_data, zara_data, zara_listing, zara_media
from demo.catalogue import Catalogue, Photo, Product, ShopName, load
from demo.planted import DUPLICATE_STYLING, PHOTOS, SALE_PRODUCT
from demo.zalando import EMPTY_LISTING, LISTINGS
from demo.zara import PLACEHOLDER

PLANTED_JSON = Path(__file__).parent / "planted.json"

NEVER = "never"
"""Value of `fetch` where a spider must not even ask: no row at all, or for a page that is barred one that says so."""


@dataclass(frozen=True)
class Expectation:
    """One planted trouble.

    `fetch` is the ledger's outcome for the URLs ("stored", a FetchReason, or "never"); `required` says whether the
    ledger must have such a row (a spider need not come across every one). `status` and `reasons` are those of
    images.parquet, None and empty where the image has no row there. `same_image_as` and `duplicate_of` are the prefixes
    of the URL with the same bytes, and of the picture it was made from.
    """

    kind: str
    shop: ShopName
    why: str
    pages: tuple[str, ...]
    url_prefixes: tuple[str, ...]
    fetch: str
    required: bool = True
    status: Literal["kept", "dropped"] | None = None
    reasons: tuple[str, ...] = ()
    same_image_as: str | None = None
    duplicate_of: str | None = None


@dataclass(frozen=True)
class Picture:
    """One picture of a product's own gallery: what a crawl with no mistake attributes to that product."""

    url_prefix: str
    page: str
    product: Product
    photo: Photo


def url_prefix(product: Product, photo: Photo) -> str:
    """The part of the photo's address that does not depend on the width."""
    match product.shop:
        case "zara":
            return next(media.url for media in zara_media.medias(product) if media.photo == photo).split("?")[0]
        case "zalando":
            return zalando_data.Media(photo).uri(1800).split("?")[0]
        case "farfetch":
            return f"http://{farfetch_data.IMAGE_HOST}{farfetch_data.image_stem(product, photo)}_"


def page_url(product: Product) -> str:
    """The address of the product's page, without the parts that a listing may add."""
    match product.shop:
        case "zara":
            identity = zara_data.colour_product_id(product)
            return f"http://{zara_data.HOST}{zara_data.product_path(product)}?v1={identity}"
        case "zalando":
            return f"{zalando_data.ROOT}{zalando_data.product_path(product)}"
        case "farfetch":
            return f"{farfetch_data.ROOT}{farfetch_data.product_path(product)}"


def inventory(catalogue: Catalogue) -> list[Picture]:
    """Every picture of every product's gallery, the planted ones among them, in catalogue order."""
    return [
        Picture(url_prefix(product, photo), page_url(product), product, photo)
        for product in catalogue.products
        for photo in product.photos
    ]


def expectations(catalogue: Catalogue) -> list[Expectation]:
    """Everything planted, in a fixed order."""
    return [
        *_photos(catalogue),
        *_colours(catalogue),
        *_packshots(catalogue),
        *_videos(catalogue),
        *_zara(catalogue),
        *_zalando(catalogue),
        *_farfetch(catalogue),
    ]


def document(catalogue: Catalogue) -> str:
    """The text of demo/planted.json."""
    return json.dumps([asdict(entry) for entry in expectations(catalogue)], indent=1, ensure_ascii=False) + "\n"


def write(pictures: Path | None = None) -> Path:
    """Writes demo/planted.json for the listing in `pictures`; returns its path."""
    PLANTED_JSON.write_text(document(load(pictures, with_files=False)), "utf-8")
    return PLANTED_JSON


def _photos(catalogue: Catalogue) -> Iterable[Expectation]:
    owner = {photo.key: product for product in catalogue.products for photo in product.photos}
    for plant in PHOTOS:
        product, original = catalogue.by_key[plant.product], catalogue.photo(plant.source)
        source = url_prefix(owner[plant.source], original)
        yield Expectation(
            kind=plant.kind,
            shop=product.shop,
            why=plant.why,
            pages=(page_url(product),),
            url_prefixes=(url_prefix(product, catalogue.photo(plant.key)),),
            fetch=plant.fetch,
            status=plant.status,
            reasons=plant.reasons,
            same_image_as=source if plant.kind == "exact_duplicate" else None,
            duplicate_of=source if plant.kind == "near_duplicate" else None,
        )


def _colours(catalogue: Catalogue) -> Iterable[Expectation]:
    for product in catalogue.products:
        colours = catalogue.colours(product)
        if len(colours) > 1 and product is colours[0]:
            yield Expectation(
                kind="other_colour",
                shop=product.shop,
                why="The same garment on the same person in the same pose, in another colour: related, not duplicates.",
                pages=tuple(page_url(colour) for colour in colours),
                url_prefixes=tuple(url_prefix(colour, colour.worn[0]) for colour in colours),
                fetch="stored",
                status="kept",
            )


def _packshots(catalogue: Catalogue) -> Iterable[Expectation]:
    for product in catalogue.products:
        for photo in product.packshots:
            yield Expectation(
                kind="packshot",
                shop=product.shop,
                why="The garment alone: the shop says so, or no person is found.",
                pages=(page_url(product),),
                url_prefixes=(url_prefix(product, photo),),
                fetch="stored",
                status="dropped",
                reasons=("packshot", "no_person") if product.shop == "farfetch" else ("packshot",),
            )


def _videos(catalogue: Catalogue) -> Iterable[Expectation]:
    for product in catalogue.products:
        if product.video:
            zara = f"http://{zara_media.IMAGE_HOST}{zara_media.video_folder(product)}/"
            zalando = f"http://{zalando_data.IMAGE_HOST}{zalando_data.video_path(product)}"
            yield Expectation(
                kind="video",
                shop=product.shop,
                why="A film among the pictures; its still is no picture of the gallery.",
                pages=(page_url(product),),
                url_prefixes=(zara if product.shop == "zara" else zalando,),
                fetch="video",
            )


def _zara(catalogue: Catalogue) -> Iterable[Expectation]:
    root, images = f"http://{zara_data.HOST}", f"http://{zara_media.IMAGE_HOST}"
    products = catalogue.of("zara")
    for category in zara_listing.CATEGORIES:
        if category.barred:
            json_path = f"{root}{zara_data.MARKET}/category/{category.id}/"
            yield Expectation(
                kind="page_barred_by_robots",
                shop="zara",
                why="A category that the category tree and the sitemap name and robots.txt bars.",
                pages=(f"{root}{zara_data.MARKET}/categories?ajax=true",),
                url_prefixes=(f"{root}{category.path}", json_path),
                fetch="robots_barred",
                required=False,
            )
    dresses = next(c for c in zara_listing.CATEGORIES if c.slug == "dresses")
    new_in = next(c for c in zara_listing.CATEGORIES if c.slug == "new-in" and c.gender == "women")
    dress = dresses.products(products)[0]
    yield Expectation(
        kind="product_in_two_categories",
        shop="zara",
        why="One product in two categories, where its links differ in v2: one product, each picture fetched once.",
        pages=tuple(f"{root}{category.path}?v1={category.id}" for category in (dresses, new_in)),
        url_prefixes=(page_url(dress),),
        fetch="ok",
        required=False,
    )
    twice = catalogue.by_key[DUPLICATE_STYLING]
    styling = zara_data.colour_product_id(twice, zara_listing.OTHER_STYLING)
    yield Expectation(
        kind="duplicate_styling",
        shop="zara",
        why="A card marked duplicateReference: the same article and colour under another productId is no new product.",
        pages=(f"{root}{new_in.path}?v1={new_in.id}",),
        url_prefixes=(f"{root}{zara_data.product_path(twice)}?v1={styling}",),
        fetch=NEVER,
        required=False,
    )
    for gender in ("women", "men"):
        first = next(product for product in products if product.gender == gender)
        hero = zara_media.hero_path(zara_media.hero_photo(gender, first.worn[0]))
        yield Expectation(
            kind="look",
            shop="zara",
            why="A Bundle is no product: neither its page nor its editorial picture and drawing belong to one.",
            pages=(f"{root}{zara_data.MARKET}/-p{zara_listing.look_code(gender)}.html",),
            url_prefixes=(f"{images}{hero}", f"{images}{zara_listing.drawing_path(gender)}"),
            fetch=NEVER,
            required=False,
        )
    swatches = [zara_media.swatch_media(p) for p in products if len(catalogue.colours(p)) > 1]
    yield Expectation(
        kind="not_a_photo",
        shop="zara",
        why="Placeholders of lazy images and swatches of cloth are no photographs.",
        pages=tuple(page_url(p) for p in products if len(catalogue.colours(p)) > 1),
        url_prefixes=(f"{images}{PLACEHOLDER}", *(media.url.split("?")[0] for media in swatches)),
        fetch=NEVER,
        required=False,
    )


def _zalando(catalogue: Catalogue) -> Iterable[Expectation]:
    root = zalando_data.ROOT
    yield Expectation(
        kind="page_barred_by_robots",
        shop="zalando",
        why="A filter's address has four ampersands.",
        pages=(f"{root}{LISTINGS[0].path}",),
        url_prefixes=(f"{root}{LISTINGS[0].path}?order=",),
        fetch="robots_barred",
        required=False,
    )
    yield Expectation(
        kind="redirected_listing",
        shop="zalando",
        why="A listing without articles leads to another one: its articles must not get the wrong label.",
        pages=(f"{root}{LISTINGS[0].path}",),
        url_prefixes=(f"{root}{EMPTY_LISTING}",),
        fetch="http_error",
        required=False,
    )


def _farfetch(catalogue: Catalogue) -> Iterable[Expectation]:
    product = catalogue.by_key[SALE_PRODUCT]
    root = farfetch_data.ROOT
    clothing = next(c for c in farfetch_data.CATEGORIES if c.gender == product.gender and c.holds is None)
    yield Expectation(
        kind="page_barred_by_robots",
        shop="farfetch",
        why="The listing names the product a second time under the sale path, which robots.txt bars.",
        pages=(f"{root}{clothing.path}", f"{root}{clothing.path}?page=2"),
        url_prefixes=(f"{root}{farfetch_data.product_path(product, 'sale')}",),
        fetch="robots_barred",
        required=False,
    )
