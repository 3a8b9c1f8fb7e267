from __future__ import annotations

import pytest
from protego import Protego

from demo.catalogue import Catalogue
from demo.expectations import expectations, inventory
from tests.demo import reading
from tests.demo.conftest import Fetch

AGENT = "Vestiary/0.1 (+https://example.org)"


@pytest.fixture(scope="module")
def rules(fetch: Fetch) -> dict[str, Protego]:
    hosts = ("www.zara.test", "static.zara.test", "www.zalando.test", "www.farfetch.test", "cdn-images.farfetch.test")
    answers = {host: fetch(f"http://{host}/robots.txt") for host in hosts}
    assert all(answer.status == 200 and answer.media_type == "text/plain" for answer in answers.values())
    return {host: Protego.parse(answer.text) for host, answer in answers.items()}


def allowed(rules: dict[str, Protego], url: str, agent: str = AGENT) -> bool:
    return bool(rules[url.split("/")[2]].can_fetch(url, agent))


def test_what_is_planted_as_barred_is_barred(rules: dict[str, Protego], catalogue: Catalogue) -> None:
    barred = [entry for entry in expectations(catalogue) if entry.fetch == "robots_barred"]
    assert {entry.kind for entry in barred} == {"page_barred_by_robots", "image_barred_by_robots"}
    for entry in barred:
        for prefix in entry.url_prefixes:
            url = f"{prefix}price&upper_price=50&activation_date=0-7&sort=asc&p=1" if "order=" in prefix else prefix
            assert not allowed(rules, url), url


def test_all_products_and_their_pictures_are_allowed(rules: dict[str, Protego], catalogue: Catalogue) -> None:
    for picture in inventory(catalogue):
        assert allowed(rules, picture.page), picture.page
        if picture.product.shop != "zalando" and picture.photo.planted != "image_barred_by_robots":
            assert allowed(rules, picture.url_prefix), picture.url_prefix


def test_zalando_has_no_rules_for_pictures(fetch: Fetch) -> None:
    assert fetch("http://img01.zalando.test/robots.txt").status == 404


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://www.zara.test/us/en/category/2420896/products?ajax=true", True),
        ("http://www.zara.test/us/en/categories?ajax=true", True),
        ("http://www.zara.test/us/en/woman-dresses-l1066.html?v1=2420896", True),
        ("http://www.zara.test/us/en/search?searchTerm=dress", False),
        ("http://www.zara.test/us/en/woman-dresses-l1066.html?color=blue", False),
        ("http://www.zara.test/assets/public/ab/cd.jpg", False),
        ("http://www.zalando.test/womens-clothing/?p=2", True),
        ("http://www.zalando.test/api/graphql/", True),
        ("http://www.zalando.test/api/rr/e", False),
        ("http://www.farfetch.test/shopping/women/dresses-1/items.aspx?page=2", True),
        ("http://www.farfetch.test/shopping/women/dresses-1/items.aspx?page=2&view=180", False),
        ("http://www.farfetch.test/plpslice/listing-api/products-facets", False),
        ("http://www.farfetch.test/shopping/women/all/items.aspx", False),
        ("http://www.farfetch.test/bg/shopping/women/dresses-1/items.aspx", False),
    ],
)
def test_the_rules_are_those_of_the_real_shops(rules: dict[str, Protego], url: str, expected: bool) -> None:
    assert allowed(rules, url) is expected


def test_zalando_bars_the_crawlers_of_model_makers(rules: dict[str, Protego]) -> None:
    for agent in ("GPTBot", "ClaudeBot", "Google-Extended"):
        assert not allowed(rules, "http://www.zalando.test/womens-clothing/", agent)


def test_sitemaps_named_by_robots_list_the_products(
    rules: dict[str, Protego], fetch: Fetch, catalogue: Catalogue
) -> None:
    for shop in ("zara", "farfetch"):
        (index,) = rules[f"www.{shop}.test"].sitemaps
        listed = {url for part in reading.locations(fetch(index).body) for url in reading.locations(fetch(part).body)}
        pages = {picture.page.split("?")[0] for picture in inventory(catalogue) if picture.product.shop == shop}
        assert pages <= listed
        assert all(fetch(url).status == 200 for url in sorted(listed))
