"""The traps that public scrapers of these shops fell into; what leads elsewhere is in test_spiders.py."""

from __future__ import annotations

import json
from typing import Any

import pytest

from manifests.reasons import Gender, View
from scrapers.items import ProductItem
from scrapers.pages import farfetch, zalando, zara, zara_media
from scrapers.pages.saved import MarkupError, SavedPage, offered_price, price_of

MARKET = "https://www.zara.com/us/en"
ZALANDO = "https://www.zalando.de/invented-shirt-zz122o0aa-q11.html"
FARFETCH = "https://www.farfetch.com/shopping/women/invented-item-12345678.aspx"
ASSET = "0123456789abcdef0123456789abcdef"


def _media(name: str, asset: str = ASSET, **more: Any) -> dict[str, Any]:
    path = f"/assets/public/{asset[:4]}/{asset[4:8]}/{asset[8:20]}/{asset[20:]}/{name}/{name}.jpg"
    url = f"https://static.zara.net{path}?ts=1&w={{width}}"
    return {"type": "image", "kind": "other", "name": name, "width": 2048, "url": url} | more


def _zara(xmedia: list[Any], *others: dict[str, Any], **product: Any) -> tuple[ProductItem, ...]:
    colours = [{"id": "800", "productId": 11, "name": "Black", "xmedia": xmedia}, *others]
    answer = {"type": "Product", "name": "X", "detail": {"reference": "1-V2026", "colors": colours}} | product
    return zara.read_products(SavedPage(f"{MARKET}/products-details?productIds=11", json.dumps([answer])), MARKET)


def _zalando(product: dict[str, Any], entity: dict[str, Any] | None = None, ld: Any = None) -> ProductItem:
    sku = {"sku": "ZZ122O0AA-Q11"}
    cache = {"1": {"data": {"product": sku | product}}, "2": {"data": {"entity": sku | (entity or {})}}}
    linked = f'<script type="application/ld+json">{json.dumps(ld)}</script>' if ld else ""
    text = f"<script>window.__hydrationDataConsume({json.dumps({'graphqlCache': cache})})</script>{linked}"
    return zalando.read_product(SavedPage(ZALANDO, text))


def _picture(number: int, query: str = "imwidth=762") -> str:
    return f"https://img01.ztat.net/article/spp-media-p1/{number:032x}/{number + 99:032x}.jpg?{query}"


def _farfetch(group: dict[str, Any], url: str = FARFETCH, trail: str = "") -> ProductItem:
    nodes: list[Any] = [{"@type": "ProductGroup", "productGroupID": "12345678"} | group]
    if trail:
        item = {"@id": f"/shopping/{trail}/items.aspx", "name": "Erste Stufe"}
        nodes.append({"@type": "BreadcrumbList", "itemListElement": [{"item": item}]})
    scripts = "".join(f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes)
    return farfetch.read_product(SavedPage(url, scripts))


def test_lazy_placeholders_are_no_photographs() -> None:
    photograph = "https://static.zara.net/photos///2022/V/0/1/p/5320/204/807/2/w/485/5320204807_1_1_1.jpg?ts=1"
    placeholder = "https://static.zara.net/stdstatic/2.26.0-b.6/images/transparent-background.png"
    assert [image.image_key for image in zara_media.gallery_of_urls([placeholder, photograph, placeholder], 2048)] == [
        "5320204807_1_1_1"
    ]


def test_the_largest_variant_is_asked_for_whatever_size_the_page_shows() -> None:
    assert _zara([_media("00000001800-p")])[0].images[0].url.endswith("?ts=1&w=2048")
    assert _zalando({"media": [{"uri": _picture(1, "imwidth=103")}]}).images[0].url.endswith("?imwidth=1800")
    small = "https://cdn-images.farfetch-contents.com/12/34/56/78/12345678_111_54.jpg?ov=true"
    assert _farfetch({"image": [small]}).images[0].url.endswith("/12345678_111_1000.jpg")


def test_pictures_of_other_colours_belong_to_other_products() -> None:
    other = {"id": "250", "productId": 12, "name": "White", "xmedia": [_media("00000001250-p", "f" * 32)]}
    [item] = _zara([_media("00000001800-p")], other)
    assert item.colour == "Black" and [image.image_key for image in item.images] == [ASSET]
    family = {"products": {"edges": [{"node": {"sku": "ZZ122O0AA-K11", "galleryMedia": [{"uri": _picture(7)}]}}]}}
    shown = _zalando({"galleryMedia": [{"uri": _picture(1)}], "family": family})
    assert [image.image_key for image in shown.images] == [f"{100:032x}"]


def test_linked_data_of_other_colours_alone_is_refused() -> None:
    variants = [
        {"@type": "Product", "image": ["https://static.zara.net/a-p.jpg"], "offers": {"url": f"/a-p1.html?v1={n}"}}
        for n in (21, 22)
    ]
    group = {"@type": "ProductGroup", "hasVariant": variants}
    text = f'<script type="application/ld+json">{json.dumps(group)}</script>'
    with pytest.raises(MarkupError, match="other colours"):
        zara.read_products(SavedPage(f"{MARKET}/a-p00000001.html?v1=23", text), MARKET)


def test_a_recommendation_is_not_the_product() -> None:
    recommended = {"@type": "Product", "sku": "YY999O0AA-K11", "name": "Recommended", "image": [_picture(5)]}
    own = {"@type": "Product", "sku": "ZZ122O0AA-Q11", "name": "Own", "image": [_picture(1)]}
    item = _zalando({}, ld=[recommended, own])
    assert item.title == "Own" and [image.image_key for image in item.images] == [f"{100:032x}"]
    with pytest.raises(MarkupError):
        _zalando({}, ld=[recommended])
    stranger = "https://cdn-images.farfetch-contents.com/87/65/43/21/87654321_9_1000.jpg"
    assert _farfetch({"image": [stranger]}).images == ()


def test_the_price_is_the_end_of_a_chain_and_never_what_is_struck_through() -> None:
    specified = [
        {"price": 90, "priceCurrency": "EUR", "priceType": "https://schema.org/StrikethroughPrice"},
        {"price": 45, "priceCurrency": "EUR"},
    ]
    offers = {"@type": "Offer", "priceSpecification": specified}
    item = _farfetch({"hasVariant": [{"@type": "Product", "offers": offers}]})
    assert (item.price, item.currency) == ("45", "EUR")
    offer = {"price": {"original": {"amount": 3499, "currency": "EUR"}}}
    reduced = {"display_price": {"original": {"amount": 3499}, "promotional": {"amount": 1490}}}
    cheap = _zalando({"galleryMedia": [{"uri": _picture(1)}], "simples": [{"offer": offer}]}, reduced)
    assert (cheap.price, cheap.currency) == ("14.90", "EUR")


def test_minor_units_follow_their_own_exponent_and_a_bare_number_is_no_price() -> None:
    def priced(value: int, code: str, exponent: int) -> tuple[str, str]:
        pricing = {"price": {"value": value, "currency": {"code": code, "exponent": exponent}}}
        colour = {"id": "8", "productId": 11, "xmedia": [], "price": value, "pricing": pricing}
        answer = {"type": "Product", "detail": {"colors": [colour]}}
        page = SavedPage(f"{MARKET}/products-details?productIds=11", json.dumps([answer]))
        [item] = zara.read_products(page, MARKET)
        return item.price, item.currency

    assert priced(21900, "PLN", -2) == ("219.00", "PLN")
    assert priced(17900, "KRW", 0) == ("17900", "KRW")
    [bare] = _zara([], price=17900)
    assert (bare.price, bare.currency) == ("", "")
    assert price_of("65 €46 €", "EUR") == price_of(0, "EUR") == price_of(65, "€") == price_of(None, "EUR") == ("", "")
    assert offered_price(
        {"offers": [{"price": "n/a", "priceCurrency": "EUR"}, {"price": "14.9", "priceCurrency": "EUR"}]}
    ) == ("14.9", "EUR")


@pytest.mark.parametrize(
    ("section", "gender"),
    [("WOMAN", Gender.WOMEN), ("MAN", Gender.MEN), ("KID", Gender.UNKNOWN), ("UNISEX", Gender.UNISEX), ("", None)],
)
def test_kids_and_unisex_are_what_they_are_at_zara(section: str, gender: Gender | None) -> None:
    assert _zara([], sectionName=section)[0].gender == gender


@pytest.mark.parametrize(
    ("group", "gender"),
    [("WOMEN", Gender.WOMEN), ("MEN", Gender.MEN), ("KIDS", Gender.UNKNOWN), ("UNISEX", Gender.UNISEX), (None, None)],
)
def test_kids_and_unisex_are_what_they_are_at_zalando(group: str | None, gender: Gender | None) -> None:
    assert _zalando({"galleryMedia": [{"uri": _picture(1)}]}, {"navigationTargetGroup": group}).gender == gender


def test_the_page_and_not_its_address_tells_the_department_at_farfetch() -> None:
    assert _farfetch({}).gender == Gender.WOMEN
    assert _farfetch({}, trail="men").gender == Gender.MEN
    assert _farfetch({}, trail="kids").gender == Gender.UNKNOWN
    assert (
        _farfetch({"description": "Kleidung für Girls | Boys | Kinder"}, url=FARFETCH.replace("women", "kids")).gender
        == Gender.UNKNOWN
    )


def test_a_look_is_in_no_listing_and_no_product() -> None:
    look = {"type": "Bundle", "detail": {"colors": [{"productId": 5}]}, "seo": {"seoProductId": "T9180542113"}}
    divider = {"type": "seo-info"}
    answer = {"productGroups": [{"elements": [{"commercialComponents": [look, divider]}]}]}
    assert zara.read_listing(SavedPage(f"{MARKET}/category/1/products", json.dumps(answer)), MARKET).products == ()
    with pytest.raises(MarkupError, match="Bundle"):
        zara.read_products(SavedPage(f"{MARKET}/-pT9180542113.html", json.dumps([look])), MARKET)


def test_films_are_marked_and_their_stills_are_no_pictures() -> None:
    film = {
        "type": "hls",
        "kind": "animation",
        "name": "00000001800-a1",
        "url": "https://static.zara.net/v/master.m3u8",
    }
    images = _zara([_media("00000001800-p"), film])[0].images
    assert [image.is_video for image in images] == [False, True]
    gallery = [
        {"uri": _picture(1)},
        {"__typename": "Video", "uri": "https://img01.ztat.net/a"},
        {"uri": "https://img01.ztat.net/b.mp4"},
    ]
    assert [image.is_video for image in _zalando({"galleryMedia": gallery}).images] == [False, True, True]


@pytest.mark.parametrize(
    "name", ["0000001800_3_1", "colorcut", "/contents/cm/watermarks/mark", "sustainability-extrainfo-label-join-life"]
)
def test_swatches_and_marks_are_dropped(name: str) -> None:
    path = "/2024/V/0/1/p/0001/800/2" if name.endswith("_3_1") else f"/x/{name}"
    swatch = {"type": "image", "kind": "colorcut", "path": path, "name": name, "timestamp": "1"}
    assert _zara([swatch, _media("00000001800-e1")])[0].images[0].image_key == ASSET


def test_the_same_asset_in_five_places_is_one_picture() -> None:
    image = _media("00000001800-p")
    again = [
        image | {"allowedScreens": ["small"]},
        image | {"allowedScreens": ["large"]},
        {"type": "image", "layers": [image]},
    ]
    [item] = zara.read_products(
        SavedPage(
            f"{MARKET}/products-details?productIds=11",
            json.dumps(
                [
                    {
                        "detail": {
                            "colors": [
                                {"productId": 11, "xmedia": again, "mainImgs": [image], "shopcartMedia": [image]}
                            ]
                        }
                    }
                ]
            ),
        ),
        MARKET,
    )
    assert [image.image_key for image in item.images] == [ASSET]
    sizes = [{"uri": _picture(1, f"imwidth={width}")} for width in (103, 762, 1800)]
    assert len(_zalando({"galleryMedia": sizes}).images) == 1
    urls = [f"https://cdn-images.farfetch-contents.com/12/34/56/78/12345678_111_{size}.jpg" for size in (480, 1000)]
    assert len(_farfetch({"image": [*urls, urls[1] + "?ov=true"]}).images) == 1


def test_a_boutique_is_no_part_of_a_product() -> None:
    cards = "".join(
        f'<a data-component=ProductCardLink href="/shopping/women/x-item-12345678.aspx?storeid={n}">' for n in (1, 2)
    )
    listing = farfetch.read_listing(SavedPage("https://www.farfetch.com/shopping/women/dresses-1/items.aspx", cards))
    assert [link.url for link in listing.products] == ["https://www.farfetch.com/shopping/women/x-item-12345678.aspx"]
    assert _farfetch({}, url=f"{FARFETCH}?storeid=9").page_url == FARFETCH


def test_an_extra_group_in_a_name_and_a_twin_reference_change_no_view() -> None:
    xmedia = [_media("04341892700-000-p"), _media("04341892700-000-e1", "e" * 32)]
    assert [image.view for image in _zara(xmedia)[0].images] == [View.MODEL, View.PACKSHOT]


def test_newer_page_state_stands_in_where_the_linked_data_is_gone() -> None:
    pictures = [
        {
            "order": order,
            "size480": {"url": f"https://cdn-images.farfetch-contents.com/12/34/56/78/12345678_{key}_480.jpg"},
        }
        for order, key in ((2, 112), (1, 111))
    ]
    state = {"apolloInitialState": {"Variation:12345678": {"images": pictures}, "Variation:9": {"images": pictures}}}
    text = f"<script>window.__HYDRATION_STATE__={json.dumps(json.dumps(state))}</script>"
    item = farfetch.read_product(SavedPage(FARFETCH, text))
    assert [image.image_key for image in item.images] == ["111", "112"]
    assert item.filled == ("product_id", "style_id", "gender")
