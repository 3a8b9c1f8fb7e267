from __future__ import annotations

from collections.abc import Callable

import pytest

from manifests.reasons import Gender, View
from scrapers.pages import zalando
from scrapers.pages.saved import MarkupError, SavedPage

Saved = Callable[[str, str], SavedPage]
ROOT = "https://www.zalando.co.uk"
PAGE = f"{ROOT}/nobody-invented-shirt-indigo-zz122o0aa-q11.html"


@pytest.mark.parametrize("name", ["zalando/product_2022.html", "zalando/product_2025.html"])
def test_the_product_is_found_by_content_in_every_era(saved: Saved, name: str) -> None:
    item = zalando.read_product(saved(name, f"{PAGE}?size=M"))
    assert (item.product_id, item.style_id, item.page_url) == ("ZZ122O0AA-Q11", "ZZ122O0AA", PAGE)
    assert (item.title, item.brand, item.colour) == ("INVENTED - Shirt - indigo", "Nobody", "indigo")
    assert (item.category, item.gender) == ("Shirt", Gender.MEN)
    assert [(image.view, image.is_video, image.position) for image in item.images] == [
        (View.MODEL, False, 0),
        (View.MODEL, False, 1),
        (View.UNKNOWN, True, 2),
        (View.PACKSHOT, False, 3),
    ]
    assert [image.image_key for image in item.images if not image.is_video] == [f"{n + 0xABC:032x}" for n in (1, 2, 3)]
    assert item.images[0].url.endswith(".jpg?imwidth=1800")
    assert item.images[3].url.endswith(".jpg?imwidth=1800&filter=packshot")


def test_a_configured_width_is_asked_for(saved: Saved) -> None:
    item = zalando.read_product(saved("zalando/product_2025.html", PAGE), width=762)
    assert item.images[3].url.endswith("?imwidth=762&filter=packshot")


def test_linked_data_stands_in_where_the_cache_is_gone(saved: Saved) -> None:
    item = zalando.read_product(saved("zalando/product_jsonld.html", PAGE))
    assert (item.product_id, item.brand, item.colour, item.gender) == ("ZZ122O0AA-Q11", "Nobody", "indigo/blue", None)
    assert [image.view for image in item.images] == [View.MODEL, View.PACKSHOT]


def test_a_listing_joins_served_data_and_painted_tiles(saved: Saved) -> None:
    listing = zalando.read_listing(saved("zalando/listing.html", f"{ROOT}/mens-clothing-shirts/"))
    assert [link.key for link in listing.products] == ["ZZ122O0AA-Q11", "ZZ122O0AC-A11", "ZZ122O0AD-A11"]
    assert listing.products[1].url == f"{ROOT}/nobody-invented-zz122o0ac-a11.html"
    assert listing.announced == 7
    assert listing.next_url == f"{ROOT}/mens-clothing-shirts/?p=2"
    last = zalando.read_listing(saved("zalando/listing.html", f"{ROOT}/mens-clothing-shirts/?p=3"))
    assert last.next_url is None


def test_tiles_alone_are_enough_and_lead_to_one_colour_each(saved: Saved) -> None:
    listing = zalando.read_listing(saved("zalando/listing_tiles.html", "https://www.zalando.de/herren-hemden/?p=2"))
    assert [link.key for link in listing.products] == ["ZZ122O0AA-Q11", "ZZ122O0AD-A11"]
    assert listing.next_url == "https://www.zalando.de/herren-hemden/?p=3"


@pytest.mark.parametrize("text", ["<html></html>", "", '<script>{"graphqlCache":{}}</script>'])
def test_a_page_without_data_is_an_error(text: str) -> None:
    with pytest.raises(MarkupError):
        zalando.read_product(SavedPage(PAGE, text))
    with pytest.raises(MarkupError):
        zalando.read_listing(SavedPage(f"{ROOT}/shirts/", text))


@pytest.mark.parametrize(
    ("url", "sku"),
    [
        (PAGE, "ZZ122O0AA-Q11"),
        (f"{ROOT}/outfits/look.html", ""),
        (f"{ROOT}/mens-clothing-shirts/", ""),
    ],
)
def test_the_sku_ends_a_product_address(url: str, sku: str) -> None:
    assert zalando.sku_of(url) == sku
