from __future__ import annotations

from scrapers.config import Gates
from scrapers.gates import failures

FULL = {"products": 10, "products:described": 9, "pictures": 30, "pictures:unknown_view": 6}


def test_a_full_crawl_passes() -> None:
    assert failures(Gates(unknown_views=0.2), FULL) == []


def test_each_gate_fails_in_words() -> None:
    assert failures(Gates(products=11), FULL) == ["10 products, at least 11 expected"]
    assert "90% of products" in failures(Gates(field_coverage=0.95), FULL)[0]
    assert "3.0 pictures per product" in failures(Gates(images_per_product=4), FULL)[0]
    assert "20% of pictures" in failures(Gates(unknown_views=0.1), FULL)[0]


def test_an_empty_crawl_fails_by_default_and_divides_by_nothing() -> None:
    assert failures(Gates(), {}) == ["0 products, at least 1 expected"]
    assert failures(Gates(products=0), {}) == []
