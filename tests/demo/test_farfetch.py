from __future__ import annotations

import re
from collections import Counter

from parsel import Selector

from demo import farfetch_data
from demo.catalogue import Catalogue
from tests.demo import reading
from tests.demo.conftest import Fetch

ROOT = "http://www.farfetch.test"


def test_listings_name_every_product_and_no_sku(fetch: Fetch, catalogue: Catalogue) -> None:
    found: set[str] = set()
    for category in farfetch_data.CATEGORIES:
        html = fetch(f"{ROOT}{category.path}").text
        (listing,) = reading.linked_data(html)
        assert listing["@type"] == "ItemList"
        for node in listing["itemListElement"]:
            assert not {"sku", "url"} & set(node)
            assert node["image"][0].endswith("_480.jpg")
        cards = (
            Selector(html).css('li[data-testid="productCard"] a[data-component="ProductCardLink"]::attr(href)').getall()
        )
        assert cards == [node["offers"]["url"] for node in listing["itemListElement"]]
        assert all("?storeid=" in card for card in cards)
        if category.holds is not None:
            found |= {re.sub(r".*-item-(\d+)\.aspx.*", r"\1", card) for card in cards}
    assert found == {str(farfetch_data.product_id(product)) for product in catalogue.of("farfetch")}


def test_listings_have_pages(fetch: Fetch) -> None:
    path = "/shopping/women/clothing-1/items.aspx"
    labels = [
        Selector(fetch(f"{ROOT}{path}{query}").text).css('span[data-component="PaginationLabel"]::text').get()
        for query in ("", "?page=1", "?page=2")
    ]
    assert labels == ["1 of 2", "1 of 2", "2 of 2"]
    assert fetch(f"{ROOT}{path}?page=3").status == 404
    assert fetch(f"{ROOT}/shopping/women/hats-1/items.aspx").status == 410


def test_a_price_in_linked_data_is_the_middle_of_the_chain(fetch: Fetch, catalogue: Catalogue) -> None:
    prices = [farfetch_data.price(product) for product in catalogue.of("farfetch")]
    assert any(price.with_code for price in prices) and any(price.current == price.initial for price in prices)
    html = fetch(f"{ROOT}/shopping/men/clothing-2/items.aspx").text
    nodes = reading.linked_data(html)[0]["itemListElement"]
    cards = Selector(html).css('li[data-testid="productCard"]')
    for node, card in zip(nodes, cards, strict=True):
        steps = [s.strip("$").replace(",", "") for s in card.css('[data-component="PriceContainer"] p::text').getall()]
        assert str(node["offers"]["price"]) == steps[min(1, len(steps) - 1)]


def test_product_pages_have_linked_data_and_three_forms_of_state(fetch: Fetch, catalogue: Catalogue) -> None:
    forms: Counter[str] = Counter()
    for product in catalogue.of("farfetch"):
        html = fetch(f"{ROOT}{farfetch_data.product_path(product)}").text
        group, trail = reading.linked_data(html)
        assert group["@type"] == "ProductGroup" and trail["@type"] == "BreadcrumbList"
        assert group["productGroupID"] == str(farfetch_data.product_id(product))
        assert trail["itemListElement"][0]["item"]["name"] == product.gender.capitalize()
        assert product.gender.capitalize() in group["description"].split(" | ")
        stems = [image["contentUrl"].split("?")[0] for image in group["image"]]
        digits = str(farfetch_data.product_id(product))
        folder = "/".join(digits[i : i + 2] for i in (0, 2, 4, 6))
        form = re.compile(rf"http://cdn-images\.farfetch\.test/{folder}/{digits}_\d{{8}}_1000\.jpg")
        assert len(stems) == len(product.photos) and all(form.fullmatch(stem) for stem in stems)
        assert fetch(group["url"]).text == html  # //shopping/ and /shopping/ are one page
        state = reading.hydration_state(html)
        if state is None:
            forms["linked data alone"] += 1
            assert all(image["contentUrl"].endswith("?ov=true") for image in group["image"])
        elif "apolloInitialState" in state:
            forms["apollo"] += 1
            images = state["apolloInitialState"][f"Variation:{digits}"]["images"]
            assert [image["size1000"]["url"] for image in images] == stems
        else:
            forms["view model"] += 1
            model = state["initialStates"]["slice-product"]["productViewModel"]
            assert model["details"]["productId"] == int(digits)
            assert model["details"]["genderName"] == product.gender.capitalize()
            assert [image["zoom"] for image in model["images"]["main"]] == stems
    assert len(forms) == 3


def test_some_galleries_begin_with_the_garment_alone(catalogue: Catalogue) -> None:
    first = Counter(farfetch_data.gallery(product)[0].kind for product in catalogue.of("farfetch"))
    assert first["model"] > 2 and first["packshot"] > 2


def test_hubs_hold_no_products(fetch: Fetch) -> None:
    html = fetch(f"{ROOT}/shopping/women/items.aspx").text
    assert reading.linked_data(html) == [] and "-item-" not in html
