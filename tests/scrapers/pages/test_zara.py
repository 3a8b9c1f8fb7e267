from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from manifests.reasons import Gender, View
from scrapers.items import ProductItem
from scrapers.pages import zara, zara_media
from scrapers.pages.saved import MarkupError, SavedPage

Saved = Callable[[str, str], SavedPage]
MARKET = "https://www.zara.com/us/en"
PAGE = f"{MARKET}/invented-shirt-p00000001.html"


def _one(page: SavedPage, market_url: str = MARKET, width: int = zara_media.LARGEST_WIDTH) -> ProductItem:
    [item] = zara.read_products(page, market_url, width)
    return item


def test_a_category_answer_leads_to_answers_and_a_category_page_to_pages(saved: Saved) -> None:
    answer = zara.read_listing(saved("zara/category.json", f"{MARKET}/category/1/products?ajax=true"), MARKET)
    assert [link.url for link in answer.products] == [
        f"{MARKET}/products-details?productIds=111&ajax=true",
        f"{MARKET}/products-details?productIds=121&ajax=true",
    ]
    page = zara.read_listing(saved("zara/category.html", f"{MARKET}/man-shirts-l737.html"), MARKET)
    assert [link.url for link in page.products] == [
        f"{PAGE}?v1=111",
        f"{MARKET}/invented-shirt-p00000002.html?v1=121",
    ]
    assert [link.key for link in page.products] == ["111", "121"], (
        "looks and a repeat of article and colour are left out"
    )


def test_a_product_page_speaks_for_the_colour_in_its_address(saved: Saved) -> None:
    item = _one(saved("zara/product.html", f"{PAGE}?v1=111"), MARKET)
    assert (item.product_id, item.style_id, item.title) == ("111", "00000001-I2026", "INVENTED SHIRT")
    assert (item.brand, item.colour, item.category, item.gender) == ("Zara", "Black", "SHIRT", Gender.MEN)
    assert item.page_url == f"{PAGE}?v1=111"
    other = _one(saved("zara/product.html", f"{PAGE}?v1=112&v2=9"), MARKET)
    assert (other.product_id, other.colour) == ("112", "White")
    assert {image.image_key for image in other.images}.isdisjoint(image.image_key for image in item.images)
    every = zara.read_products(saved("zara/product.html", PAGE), MARKET)
    assert [item.product_id for item in every] == ["111", "112"], "a sitemap has one address for all colours"
    assert every[1] == other
    with pytest.raises(MarkupError, match="999"):
        _one(saved("zara/product.html", f"{PAGE}?v1=999"), MARKET)


def test_the_gallery_has_each_asset_once_with_its_view_and_no_swatch_or_mark(saved: Saved) -> None:
    images = _one(saved("zara/product.html", f"{PAGE}?v1=111"), MARKET).images
    assert [(image.view, image.is_video) for image in images] == [
        (View.UNKNOWN, False),  # editorial
        (View.MODEL, False),
        (View.MODEL, True),
        (View.MODEL, False),
        (View.PACKSHOT, False),  # filed under a twin reference
        (View.UNKNOWN, False),
        (View.UNKNOWN, False),
    ]
    assert [image.position for image in images] == list(range(7))
    assert images[1].image_key == f"{0x101:032x}"
    assert images[1].url.endswith("/00000001800-p/00000001800-p.jpg?ts=1&w=2048")
    assert images[2].url.endswith("/video.mp4?ts=1")
    assert images[3].url.endswith("&w=1500"), "no more than the master has"


def test_a_narrower_width_is_asked_for_where_configured(saved: Saved) -> None:
    item = _one(saved("zara/product.html", f"{PAGE}?v1=112"), MARKET, width=1024)
    assert [image.url.rpartition("&")[2] for image in item.images] == ["w=1024", "w=1024"]


def test_names_of_before_2024_tell_the_view_where_kinds_mislead(saved: Saved) -> None:
    url = f"{MARKET}/products-details?productIds=141&ajax=true"
    item = _one(saved("zara/products-details_legacy.json", url), MARKET)
    assert [image.view for image in item.images] == [View.PACKSHOT, View.MODEL, View.MODEL]
    assert item.images[1].image_key == "0000003800_1_1_1"
    assert item.images[1].url == (
        "https://static.zara.net/photos///2016/V/0/1/p/1/1/800/2/w/1920/0000003800_1_1_1.jpg?ts=1"
    )
    assert item.gender == Gender.WOMEN


def test_linked_data_stands_in_where_the_payload_is_gone(saved: Saved) -> None:
    url = f"{MARKET}/invented-coat-p00000004.html?v1=152"
    item = _one(saved("zara/product_jsonld.html", url), MARKET)
    assert (item.product_id, item.style_id, item.colour, item.gender) == ("152", "00000004", "Camel", None)
    assert [image.view for image in item.images] == [View.MODEL]
    first = _one(saved("zara/product_jsonld.html", url.replace("152", "151")), MARKET)
    assert [image.view for image in first.images] == [View.MODEL, View.PACKSHOT], "the placeholder is no photograph"


@pytest.mark.parametrize("text", ["{}", "[]", "<html><title>sorry</title></html>", "", "null"])
def test_what_holds_no_data_is_an_error_and_not_an_empty_category(text: str) -> None:
    with pytest.raises(MarkupError):
        zara.read_listing(SavedPage(f"{MARKET}/man-shirts-l737.html", text), MARKET)
    with pytest.raises(MarkupError):
        _one(SavedPage(f"{PAGE}?v1=1", text), MARKET)


def test_a_look_is_no_product() -> None:
    look = {"type": "Bundle", "detail": {"colors": [{"productId": 1}]}}
    with pytest.raises(MarkupError, match="Bundle"):
        _one(SavedPage(f"{MARKET}/products-details?productIds=1", json.dumps([look])), MARKET)


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("p", View.MODEL),
        ("04341892700-a12", View.MODEL),
        ("04341892700-000-e1", View.PACKSHOT),
        ("04341892700-f1", View.UNKNOWN),
        ("04341892700-ult1", View.UNKNOWN),
        ("6d9ffc3e27a8e486f65e5ad36e69f27b", View.UNKNOWN),
        ("5584261800_2_5_1", View.MODEL),
        ("5584261800_6_3_1", View.PACKSHOT),
        ("scarp", View.UNKNOWN),
    ],
)
def test_view_by_name(name: str, view: View) -> None:
    assert zara_media.view_of(name) == view
