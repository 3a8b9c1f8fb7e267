from __future__ import annotations

import json
import re
from typing import Any

import pytest
from parsel import Selector

from demo import zalando_data
from demo.catalogue import Catalogue
from demo.zalando import LISTINGS, SERVED_TILES
from tests.demo import reading
from tests.demo.conftest import Fetch

ROOT = "http://www.zalando.test"


def products(cache: dict[str, Any]) -> list[dict[str, Any]]:
    return [answer["data"]["product"] for answer in cache.values() if answer["data"].get("product")]


@pytest.fixture(scope="module")
def pages(catalogue: Catalogue, fetch: Fetch) -> dict[str, str]:
    return {p.key: fetch(f"{ROOT}{zalando_data.product_path(p)}").text for p in catalogue.of("zalando")}


def test_both_eras_of_pages_are_served(pages: dict[str, str]) -> None:
    old = [html for html in pages.values() if re.search(r'class="re-1-1[2-5]"', html)]
    new = [html for html in pages.values() if 'id="re-concurrent-data-hydrate"' in html]
    assert len(old) >= 5 and len(new) >= 5 and len(old) + len(new) == len(pages)
    assert all('class="re-data-el-hydrate"' in html for html in old)
    for html in old:
        (linked,) = reading.linked_data(html)
        assert linked["@type"] == "Product" and len(linked["image"]) == 1 and linked["url"].startswith("/")
    for html in new:
        (linked,) = reading.linked_data(html)
        assert [group["@type"] for group in linked] == ["ProductGroup"]


def test_a_page_holds_its_own_gallery_and_other_products_pictures(pages: dict[str, str], catalogue: Catalogue) -> None:
    for product in catalogue.of("zalando"):
        cache = reading.query_cache(pages[product.key])
        sku = zalando_data.config_sku(product)
        (gallery,) = [entry for entry in products(cache) if "galleryMediaZoom" in entry]
        assert gallery["sku"] == sku
        zoom = gallery["galleryMediaZoom"]
        assert len([entry for entry in zoom if entry["__typename"] == "Image"]) == len(product.photos)
        assert [entry["uri"][-4:] for entry in zoom if entry["__typename"] == "Video"] == [".mp4"] * product.video
        stills = [entry["uri"] for entry in zoom if entry["uri"].endswith("&filter=packshot")]
        assert len(stills) == len(product.packshots)
        assert all("?imwidth=1800" in entry["uri"] for entry in zoom if entry["__typename"] == "Image")
        others = {entry["sku"] for entry in products(cache)} - {sku}
        assert len(others) == 4  # recommendations: a trap for whoever takes every picture of the page
        foreign = [url for entry in products(cache) if entry["sku"] in others for url in reading.addresses(entry)]
        own = {entry["uri"].split("?")[0] for entry in zoom}
        assert foreign and not own & {url.split("?")[0] for url in foreign}
        family = [edge["node"]["sku"] for edge in gallery["family"]["products"]["edges"]]
        assert set(family) == {zalando_data.config_sku(p) for p in catalogue.colours(product)}


def test_gender_and_kind_are_in_the_data(pages: dict[str, str], catalogue: Catalogue) -> None:
    for product in catalogue.of("zalando"):
        cache = reading.query_cache(pages[product.key])
        (entity,) = [answer["data"]["entity"] for answer in cache.values() if "entity" in answer["data"]]
        assert entity["navigationTargetGroup"] == product.gender.upper() and entity["group"] == "CLOTHING"


def test_colours_share_the_article_and_differ_in_the_suffix(catalogue: Catalogue) -> None:
    skus = {p.key: zalando_data.config_sku(p) for p in catalogue.of("zalando")}
    assert len(set(skus.values())) == len(skus)
    for product in catalogue.of("zalando"):
        assert re.fullmatch(r"[A-Z0-9]{9}-[A-Z]\d\d", skus[product.key])
        assert re.search(r"[a-z0-9]{8,}-[a-z0-9]{3}\.html$", zalando_data.product_path(product))
        articles = {skus[colour.key].split("-")[0] for colour in catalogue.colours(product)}
        assert len(articles) == 1


def test_half_of_a_long_page_comes_by_script(fetch: Fetch) -> None:
    html = fetch(f"{ROOT}/womens-clothing/").text
    tiles = Selector(html).css("article[data-entity-id^='ern:product::'] a::attr(href)").getall()
    assert len(tiles) == SERVED_TILES
    request = re.search(r"body: JSON\.stringify\((\[.*?\])\)\n", html)
    assert request is not None
    headers = {"Content-Type": "application/json"}
    answer = json.loads(fetch(f"{ROOT}/api/graphql/", "POST", request[1].encode(), headers).text)
    edges = [edge["node"]["uri"] for edge in answer[0]["data"]["collection"]["entities"]["edges"]]
    assert edges[:SERVED_TILES] == tiles and len(edges) == 2 * SERVED_TILES


def test_listings_of_one_kind_need_no_script_and_name_every_product(fetch: Fetch, catalogue: Catalogue) -> None:
    found: set[str] = set()
    for listing in LISTINGS:
        html = fetch(f"{ROOT}{listing.path}").text
        if listing.holds is not None:
            assert "fetch(" not in html
            found |= {p["sku"] for p in products(reading.query_cache(html))}
    assert found == {zalando_data.config_sku(p) for p in catalogue.of("zalando")}


def test_pages_of_a_listing(fetch: Fetch) -> None:
    first, second = fetch(f"{ROOT}/mens-clothing/").text, fetch(f"{ROOT}/mens-clothing/?p=2").text
    assert "Page 1 of 2" in first and "Page 2 of 2" in second
    assert f"{ROOT}/mens-clothing/?p=2" in reading.links(f"{ROOT}/mens-clothing/", first)
    assert len(products(reading.query_cache(second))) == 1
    for beyond in ("3", "0", "x"):
        assert fetch(f"{ROOT}/mens-clothing/?p={beyond}").status == 400


def test_the_consent_banner_hides_nothing(fetch: Fetch) -> None:
    html = fetch(f"{ROOT}/womens-clothing/").text
    assert 'id="uc-btn-accept-banner"' in html


def test_an_unknown_collection_is_answered_as_one(fetch: Fetch) -> None:
    query = [{"id": "0", "variables": {"id": "ern:collection:cat:categ:hats", "page": 1}}]
    answer = json.loads(fetch(f"{ROOT}/api/graphql/", "POST", json.dumps(query).encode()).text)
    assert answer[0]["data"] == {"collection": None} and answer[0]["errors"]
