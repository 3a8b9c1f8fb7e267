from __future__ import annotations

from collections.abc import Callable

import pytest

from manifests.reasons import Gender, View
from scrapers.pages import farfetch
from scrapers.pages.saved import MarkupError, SavedPage

Saved = Callable[[str, str], SavedPage]
ROOT = "https://www.farfetch.com"
PAGE = f"{ROOT}/uk/shopping/women/nobody-invented-dress-item-12345678.aspx"


def test_a_listing_drops_boutiques_and_joins_linked_data_and_cards(saved: Saved) -> None:
    listing = farfetch.read_listing(saved("farfetch/listing.html", f"{ROOT}/shopping/women/dresses-1/items.aspx"))
    assert [link.url for link in listing.products] == [
        f"{ROOT}/shopping/women/nobody-invented-dress-item-12345678.aspx",
        f"{ROOT}/shopping/women/sale/nobody-invented-dress-item-12345678.aspx",
        f"{ROOT}/shopping/women/nobody--item-87654321.aspx",
    ]
    assert listing.next_url == f"{ROOT}/shopping/women/dresses-1/items.aspx?page=2"


def test_the_last_page_of_a_listing_has_no_next(saved: Saved) -> None:
    url = f"{ROOT}/shopping/women/dresses-1/items.aspx?page=12"
    assert farfetch.read_listing(saved("farfetch/listing.html", url)).next_url is None


def test_linked_data_gives_the_product(saved: Saved) -> None:
    item = farfetch.read_product(saved("farfetch/product.html", f"{PAGE}?storeid=9"))
    assert (item.product_id, item.page_url) == ("12345678", PAGE)
    assert (item.title, item.brand, item.colour) == ("Invented dress", "Nobody", "Plum")
    assert (item.category, item.gender) == ("Midi Dresses", Gender.WOMEN)
    assert [image.image_key for image in item.images] == ["111", "112"], "each once, none of another product"
    assert [image.view for image in item.images] == [View.UNKNOWN, View.UNKNOWN]
    assert [image.url.rpartition("/")[2] for image in item.images] == ["12345678_111_1000.jpg", "12345678_112_1000.jpg"]


def test_the_nearest_size_that_is_served_is_asked_for(saved: Saved) -> None:
    item = farfetch.read_product(saved("farfetch/product.html", PAGE), width=700)
    assert item.images[0].url.endswith("_600.jpg")


def test_the_hydration_state_stands_in_and_joins_colours(saved: Saved) -> None:
    item = farfetch.read_product(saved("farfetch/product_hydration.html", PAGE))
    assert (item.product_id, item.style_id, item.colour) == ("12345678", "7000001", "PLUM 501")
    assert (item.title, item.brand, item.category) == ("Invented dress", "Nobody", "Dresses")
    assert [image.image_key for image in item.images] == ["111", "112"], "in the order of their index"


def test_kids_are_neither_women_nor_men(saved: Saved) -> None:
    url = f"{ROOT}/de/shopping/kids/nobody-invented-dress-item-12345678.aspx"
    assert farfetch.read_product(saved("farfetch/product.html", url)).gender == Gender.UNKNOWN


@pytest.mark.parametrize("text", ["<html></html>", "", "{}"])
def test_a_page_without_data_is_an_error(text: str) -> None:
    with pytest.raises(MarkupError):
        farfetch.read_product(SavedPage(PAGE, text))
    with pytest.raises(MarkupError):
        farfetch.read_listing(SavedPage(f"{ROOT}/shopping/women/dresses-1/items.aspx", text))
