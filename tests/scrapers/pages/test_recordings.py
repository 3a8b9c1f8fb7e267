"""Recorded responses of the real shops, where they are at hand: each gives the product that it shows."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from manifests.reasons import Gender, View
from scrapers.items import ProductItem
from scrapers.pages import farfetch, zalando, zara, zara_media
from scrapers.pages.saved import SavedPage

Recording = Callable[[str], str]
M, P, U = View.MODEL, View.PACKSHOT, View.UNKNOWN


def _facts(item: ProductItem) -> tuple[object, ...]:
    return item.product_id, item.style_id, item.colour, item.category, item.gender


def test_zara_product_details_2026(recording: Recording) -> None:
    market = "https://www.zara.com/pl/pl"
    text = recording("zara/product_details_2026-10_pl_545470428.json")
    [item] = zara.read_products(SavedPage(f"{market}/products-details?productIds=545470428&ajax=true", text), market)
    assert _facts(item) == ("545470428", "01255713-I2026", "Czarny", "ANORAK", Gender.WOMEN)
    assert [image.view for image in item.images] == [M, M, M, M, M, P, P, P]
    assert item.images[0].image_key == "ad3381332ee94436a587acc54c3ad13f"
    assert item.page_url.endswith("-p01255713.html?v1=545470428")


def test_zara_product_of_2024_with_a_twin_reference(recording: Recording) -> None:
    market = "https://www.zara.com/es/es"
    text = f"[{recording('zara/product_2024_es_315241755_excerpt.json')}]"
    [item] = zara.read_products(SavedPage(f"{market}/products-details?productIds=315241755", text), market)
    assert _facts(item) == ("315241755", "05584361-V2024", "Negro", "", None)
    assert [image.view for image in item.images] == [M, M, M, M, M, M, P, P, P]


def test_zara_listing_2026_has_two_products_in_three_cards(recording: Recording) -> None:
    market = "https://www.zara.com/kr/ko"
    cards = json.loads(recording("zara/listing_2026-05_kr_women_newin_first3.json"))["samples"]
    answer = {"productGroups": [{"elements": [{"commercialComponents": cards}]}]}
    listing = zara.read_listing(SavedPage(f"{market}/category/2546081/products?ajax=true", json.dumps(answer)), market)
    assert [link.key for link in listing.products] == ["529513640", "545852914"]
    views = {
        529513640: [(U, False), (U, False), (M, False), (U, False)],
        545852914: [(M, False), (M, False), (U, False)],
        545852925: [(M, True), (M, False), (U, False)],
    }
    for card in cards:
        number = card["detail"]["colors"][0]["productId"]
        url = f"{market}/products-details?productIds={number}"
        [item] = zara.read_products(SavedPage(url, json.dumps([card])), market)
        assert [(image.view, image.is_video) for image in item.images] == views[number]
        assert item.gender == Gender.WOMEN


def test_zara_look_is_left_out(recording: Recording) -> None:
    market = "https://www.zara.com/us/en"
    cards = json.loads(recording("zara/listing_2026-05_us_women_newin_first_bundle.json"))["samples"]
    answer = {"productGroups": [{"elements": [{"commercialComponents": cards}]}]}
    page = SavedPage(f"{market}/category/2546081/products?ajax=true", json.dumps(answer))
    assert zara.read_listing(page, market).products == ()


def test_zara_urls_of_2022_without_the_placeholders(recording: Recording) -> None:
    products = json.loads(recording("zara/scraped_2022-10_in_men.json"))
    galleries = [product["imageUrl"] for product in products if "imageUrl" in product]
    assert galleries
    for urls in galleries:
        images = zara_media.gallery_of_urls(urls, 1024)
        assert len(images) == sum("transparent-background" not in url and "label" not in url for url in urls)
        assert all("/w/1024/" in image.url and image.view in (M, P) for image in images)


@pytest.mark.parametrize("name", ["zalando/product_2022-04_de_tshirt.html", "zalando/product_2023-09_de_tshirt.html"])
def test_zalando_product_2022_and_2023(recording: Recording, name: str) -> None:
    url = "https://www.zalando.de/armedangels-jaames-turntables-t-shirt-print-acid-black-ar322o0bc-c11.html"
    item = zalando.read_product(SavedPage(url, recording(name)))
    assert _facts(item) == ("AR322O0BC-C11", "AR322O0BC", "acid black", "T-Shirt print", Gender.MEN)
    assert (item.title, item.brand) == ("JAAMES TURNTABLES - T-Shirt print - acid black", "ARMEDANGELS")
    [image] = item.images
    assert image.view == P and image.image_key == "4ec5b5c24c3d4e9fb4cd424d18003622"
    assert image.url.endswith(".jpg?imwidth=1800&filter=packshot")


def test_zalando_listing_2021_has_84_tiles(recording: Recording) -> None:
    text = recording("zalando/listing_2021_de_jeans_fragment.html")
    listing = zalando.read_listing(SavedPage("https://www.zalando.de/jeans/", text))
    assert len(listing.products) == 84
    assert listing.products[0].key == "DI121N08P-K12"


def test_zalando_galleries_2025_have_at_most_one_packshot(recording: Recording) -> None:
    products = json.loads(recording("zalando/scraped_2025-10_it_women_tshirts.json"))
    assert len(products) == 270
    for product in products:
        assert zalando.sku_of(product["url"]) == product["id"].upper()
        images = zalando.images_of([(url, False) for url in product["images"]], 1800)
        assert len(images) == len(set(product["images"]))
        assert [image.view for image in images].count(P) == sum("filter=packshot" in url for url in product["images"])


@pytest.mark.parametrize(
    ("name", "facts", "images"),
    [
        (
            "farfetch/product_2026-09_de_32485456_sale_jsonld.html",
            ("32485456", "32485456", "Grau", "Gestricktes Top", Gender.UNKNOWN),
            ["62556294", "62556268", "62571423", "62556313"],
        ),
        (
            "farfetch/product_2026-09_de_36899289_jsonld.html",
            ("36899289", "36899289", "Weiß", "Klassisches T-Shirt", Gender.UNKNOWN),
            ["69172521", "69623678"],
        ),
    ],
)
def test_farfetch_products_2026(recording: Recording, name: str, facts: tuple[object, ...], images: list[str]) -> None:
    url = f"https://www.farfetch.com/de/shopping/kids/something-item-{facts[0]}.aspx"
    item = farfetch.read_product(SavedPage(url, recording(name)))
    assert _facts(item) == facts
    assert [image.image_key for image in item.images] == images
    assert not any("ov=" in image.url for image in item.images)


def test_farfetch_listing_2026(recording: Recording) -> None:
    url = "https://www.farfetch.com/shopping/kids/girls-clothing-4/items.aspx"
    page = SavedPage(url, recording("farfetch/listing_2026-08_us_kids_jsonld_trimmed.html"))
    assert [link.key for link in farfetch.read_listing(page).products] == ["33055894", "32485327"]


def test_farfetch_card_links_of_2026_are_product_links(recording: Recording) -> None:
    cards = json.loads(recording("farfetch/listing_2026-05_kr_men_clothing_cards.json"))["cards"]
    assert len(cards) == 32
    for card in cards:
        number = farfetch.product_id_of(card["href"])
        assert number and len(farfetch.images_of([card["imageUrl"]], number, 1000)) == 1


def test_farfetch_interface_items_of_2021_share_the_image_scheme(recording: Recording) -> None:
    for item in json.loads(recording("farfetch/listing_2021_in_men_listing-api_items.json")):
        urls = [item["images"]["cutOut"], item["images"]["model"]]
        assert len(farfetch.images_of(urls, str(item["id"]), 1000)) == 2
