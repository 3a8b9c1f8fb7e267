from __future__ import annotations

import pytest

from scrapers.pages.shops import SHOPS


@pytest.mark.parametrize(
    ("shop", "url", "key"),
    [
        ("zara", "https://www.zara.com/us/en/a-shirt-p01255713.html?v1=545470428&v2=1", "545470428"),
        ("zara", "https://www.zara.com/us/en/a-shirt-p01255713.html", "01255713"),
        ("zara", "https://www.zara.com/us/en/products-details?productIds=5&ajax=true", "5"),
        ("zara", "https://www.zara.com/us/en/-pT9180542113.html", None),
        ("zara", "https://www.zara.com/us/en/woman-dresses-l1066.html", None),
        ("zalando", "https://www.zalando.de/some-shirt-ar322o0bc-c11.html?size=M", "AR322O0BC-C11"),
        ("zalando", "https://www.zalando.de/outfits/ar322o0bc-c11.html", None),
        ("zalando", "https://www.zalando.de/herren-hemden/", None),
        ("farfetch", "https://www.farfetch.com//shopping/men/x--item-30688530.aspx?storeid=9359", "30688530"),
        ("farfetch", "https://www.farfetch.com/de/shopping/men/clothing-2/items.aspx", None),
    ],
)
def test_product_addresses_are_told_from_all_others(shop: str, url: str, key: str | None) -> None:
    link = SHOPS[shop].product_link(url)
    assert (link.key if link else None) == key
    if link is not None and shop != "zara":
        assert "?" not in link.url and "//shopping" not in link.url


@pytest.mark.parametrize(
    ("shop", "part", "market", "wanted"),
    [
        ("zara", "sitemap-product-us-en.xml.gz", "us/en", True),
        ("zara", "sitemap-product-es-es.xml.gz", "us/en", False),
        ("zara", "sitemap-category-us-en.xml.gz", "us/en", False),
        ("farfetch", "us-sitemap-products-1.xml.gz", "", True),
        ("farfetch", "us-sitemap-products-1.xml.gz", "uk", False),
        ("farfetch", "de-sitemap-products-2.xml.gz", "de", True),
        ("farfetch", "us-sitemap-categories-1.xml.gz", "", False),
        ("zalando", "products-1.xml.gz", "", True),
    ],
)
def test_the_parts_of_a_sitemap_that_concern_a_market(shop: str, part: str, market: str, wanted: bool) -> None:
    assert SHOPS[shop].is_wanted_sitemap(f"https://h.test/sitemaps/{part}", market) is wanted
