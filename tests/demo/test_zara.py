from __future__ import annotations

import json
import re
from typing import Any

import pytest

from demo import zara_data, zara_listing, zara_media
from demo.catalogue import Catalogue, Product
from demo.planted import DUPLICATE_STYLING
from tests.demo import reading
from tests.demo.conftest import Fetch

ROOT = "http://www.zara.test"


def page(product: Product, fetch: Fetch) -> str:
    return fetch(f"{ROOT}{zara_data.product_path(product)}?v1={zara_data.colour_product_id(product)}").text


def components(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [c for group in found for element in group["elements"] for c in element["commercialComponents"]]


def groups(fetch: Fetch, identity: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(fetch(f"{ROOT}/us/en/category/{identity}/products?ajax=true").text)[
        "productGroups"
    ]
    return found


@pytest.fixture(scope="module")
def new_in(fetch: Fetch) -> list[dict[str, Any]]:
    return components(groups(fetch, 2546081))


def test_a_category_page_holds_what_its_json_holds(fetch: Fetch) -> None:
    for category in zara_listing.CATEGORIES:
        html = fetch(f"{ROOT}{category.path}?v1={category.id}").text
        assert reading.view_payload(html)["productGroups"] == groups(fetch, category.id)


def test_every_product_is_in_a_category_of_its_kind(fetch: Fetch, catalogue: Catalogue) -> None:
    leaves = [c for c in zara_listing.CATEGORIES if c.holds is not None and not c.barred]
    cards = [card for category in leaves for card in components(groups(fetch, category.id))]
    styles = {zara_media.article(product.style) for product in catalogue.of("zara")}
    assert styles == {card["seo"]["seoProductId"] for card in cards if card["type"] == "Product"}


def test_listings_hold_more_than_products(new_in: list[dict[str, Any]]) -> None:
    assert {component["type"] for component in new_in} == {"Product", "Bundle", "Divider", "seo-info"}
    look = next(component for component in new_in if component["type"] == "Bundle")
    layers = look["detail"]["colors"][0]["xmedia"][0]["layers"]
    assert [layer["type"] for layer in layers] == ["image", "vector"]
    assert look["seo"]["seoProductId"].startswith("T") and look["section"] == -1


def test_a_card_shows_one_colour_and_calls_every_picture_other(new_in: list[dict[str, Any]]) -> None:
    for card in (component for component in new_in if component["type"] == "Product"):
        assert len(card["detail"]["colors"]) == 1
        media = card["detail"]["colors"][0]["xmedia"]
        assert {entry["kind"] for entry in media} == {"other"}
        assets = [entry["extraInfo"]["assetId"] for entry in media]
        assert len(set(assets)) < len(assets)  # the main picture, for small screens and for large ones
        assert {"p", "f1"} <= {entry["extraInfo"]["originalName"] for entry in media}


def test_a_repeated_card_says_so(new_in: list[dict[str, Any]], catalogue: Catalogue, fetch: Fetch) -> None:
    article = zara_media.article(catalogue.by_key[DUPLICATE_STYLING].style)
    cards = [c for c in new_in if c["type"] == "Product" and c["seo"]["seoProductId"] == article]
    assert [card["extraInfo"]["duplicateReference"] for card in cards] == [False, True]
    first, second = (card["detail"]["colors"][0] for card in cards)
    assert first["productId"] != second["productId"] and first["id"] == second["id"]
    url = f"{ROOT}/us/en/{cards[1]['seo']['keyword']}-p{article}.html?v1={second['productId']}"
    product = reading.view_payload(fetch(url).text)["product"]
    assert product["seo"]["discernProductId"] == second["productId"]


def test_a_product_page_has_all_colours_and_their_galleries(catalogue: Catalogue, fetch: Fetch) -> None:
    for product in catalogue.of("zara"):
        detail = reading.view_payload(page(product, fetch))["product"]
        assert detail["type"] == "Product" and detail["sectionName"] == {"women": "WOMAN", "men": "MAN"}[product.gender]
        assert detail["seo"]["discernProductId"] == zara_data.colour_product_id(product)
        colours = {colour["productId"]: colour for colour in detail["detail"]["colors"]}
        assert set(colours) == {zara_data.colour_product_id(p) for p in catalogue.colours(product)}
        own = colours[zara_data.colour_product_id(product)]
        pictures = [entry for entry in own["xmedia"] if entry["type"] == "image"]
        assert len(pictures) == len(product.photos) and own["mainImgs"] == pictures
        names = [entry["extraInfo"]["originalName"] for entry in pictures]
        assert names[0] == "p" and names.count("p") == 1
        assert [name for name in names if name.startswith("e")] == ["e1"] * len(product.packshots)
        assert {entry["kind"] for entry in pictures if entry["extraInfo"]["originalName"] == "e1"} <= {"plain"}
        assert all("{width}" in entry["url"] for entry in pictures)
        assert [entry["type"] for entry in own["xmedia"] if entry["type"] != "image"] == ["hls"] * product.video


def test_picture_addresses_have_the_shops_form(catalogue: Catalogue) -> None:
    form = re.compile(
        r"http://static\.zara\.test/assets/public/[0-9a-f]{4}/[0-9a-f]{4}/[0-9a-f]{12}/[0-9a-f]{12}"
        r"/(?P<name>\d{11}(-000)?-(p|a\d+|e\d+))/(?P=name)\.jpg\?ts=\d{13}"
    )
    for product in catalogue.of("zara"):
        for media in zara_media.medias(product):
            assert form.fullmatch(media.url), media.url


def test_products_details_answers_a_list(catalogue: Catalogue, fetch: Fetch) -> None:
    first, second = catalogue.of("zara")[0], catalogue.of("zara")[-1]
    identities = f"{zara_data.colour_product_id(first)},{zara_data.colour_product_id(second)}"
    answer = json.loads(fetch(f"{ROOT}/us/en/products-details?productIds={identities}&ajax=true").text)
    assert [product["name"] for product in answer] == [first.title.upper(), second.title.upper()]
    assert answer[0] == reading.view_payload(page(first, fetch))["product"]


def test_linked_data_is_a_group_of_sizes(catalogue: Catalogue, fetch: Fetch) -> None:
    product = catalogue.of("zara")[0]
    (group,) = reading.linked_data(page(product, fetch))
    assert group["@type"] == "ProductGroup" and group["productGroupID"] == zara_media.article(product.style)
    assert len(group["hasVariant"]) == len(zara_data.SIZES)


def test_lazy_pictures_show_a_placeholder(catalogue: Catalogue, fetch: Fetch) -> None:
    html = page(catalogue.of("zara")[0], fetch)
    sources = reading.images(ROOT, html)
    assert sum(source.endswith("/transparent-background.png") for source in sources) == len(sources) - 1
    assert fetch(sources[-1]).media_type == "image/png"


def test_wrong_codes(fetch: Fetch) -> None:
    home = fetch(f"{ROOT}/us/en/woman-dresses-l9999.html")
    assert home.status == 301 and home.headers["Location"] == f"{ROOT}/us/en/"
    assert fetch(f"{ROOT}/us/en/nothing-p00000000.html").status == 404
    assert fetch(f"{ROOT}/us/en/category/1/products?ajax=true").status == 404
