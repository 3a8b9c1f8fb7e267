from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from manifests.ledger import Ledger
from scrapers.config import Gates
from scrapers.gates import failures, last_good_run, regressions
from scrapers.items import FIELDS

FULL = {"products": 10, "products:described": 9, "pictures": 30, "pictures:unknown_view": 6, "page:ok": 12} | {
    f"field:{name}": 10 for name in FIELDS
}


def test_a_full_crawl_passes() -> None:
    assert failures(Gates(unknown_views=0.2, unknown_genders=0, fields={"price": 1.0}), FULL) == []


@pytest.mark.parametrize(
    ("gates", "counts", "words"),
    [
        ({"products": 11}, {}, "10 products, at least 11 expected"),
        ({"field_coverage": 0.95}, {}, "90% of products have title, id and gender, at least 95% expected"),
        ({"fields": {"colour": 0.8}}, {"field:colour": 7}, "70% of products have colour, at least 80% expected"),
        ({"images_per_product": 4}, {}, "3.0 pictures per product, at least 4 expected"),
        ({"unknown_views": 0.1}, {}, "20% of pictures have an unknown view, at most 10% expected"),
        ({"unknown_genders": 0.1}, {"field:gender": 8}, "20% of products have an unknown gender, at most 10% expected"),
        ({}, {"pictures:repeated": 18}, "60% of pictures were seen with another product as well, at most 50% expected"),
        ({"errors": 0.2}, {"page:http_error": 2, "page:timeout": 2}, "25% of pages failed, at most 20% expected"),
        ({"lost_images": 0.2}, {"image:not_image": 1, "image:stored": 3}, "25% of pictures asked for failed"),
    ],
)  # fmt: skip
def test_each_gate_fails_in_words(gates: dict[str, object], counts: dict[str, int], words: str) -> None:
    [failed] = failures(Gates.model_validate(gates), FULL | counts)
    assert failed.startswith(words)


def test_what_is_gone_or_barred_is_no_error() -> None:
    assert failures(Gates(errors=0.0, lost_images=0.0), FULL | {"page:gone": 50, "image:robots_barred": 50}) == []


def test_an_empty_crawl_fails_by_default_and_divides_by_nothing() -> None:
    assert failures(Gates(), {}) == ["0 products, at least 1 expected"]
    assert failures(Gates(products=0), {}) == []


def test_a_crawl_that_was_narrowed_down_need_not_have_all_products() -> None:
    assert failures(Gates(products=500), FULL, is_partial=True) == []
    assert failures(Gates(products=500), {}, is_partial=True) == ["0 products, at least 1 expected"]


def test_falling_behind_the_last_good_run_fails_in_words() -> None:
    before = {name: number * 2 for name, number in FULL.items()}
    assert regressions(Gates(), before, before, is_same=True) == []
    assert regressions(Gates(), FULL, before, is_same=True) == ["10 products, 20 in the last good run"]
    assert regressions(Gates(), FULL, before, is_same=False) == [], "of another configuration: shares alone compare"
    assert regressions(Gates(fall=0.6), FULL, before, is_same=True) == []
    worse = before | {"pictures": 20, "field:price": 2, "field:colour": 19, "pictures:unknown_view": 20}
    assert regressions(Gates(), worse, before, is_same=True) == [
        "1.0 pictures per product, 3.0 in the last good run",
        "10% of products have price, 100% in the last good run",
        "100% of pictures have an unknown view, 20% in the last good run",
    ]
    failing = before | {"page:http_error": 24, "image:timeout": 5, "pictures:repeated": 40}
    assert regressions(Gates(), failing, before, is_same=True) == [
        "67% of pictures were seen with another product as well, 0% in the last good run",
        "50% of pages failed, 0% in the last good run",
        "100% of pictures asked for failed, 0% in the last good run",
    ]


def test_few_products_are_not_compared_by_their_shares() -> None:
    few = {"products": 3, "pictures": 1}
    assert regressions(Gates(), few, FULL, is_same=True) == ["3 products, 10 in the last good run"]
    assert regressions(Gates(), few, few, is_same=True) == []


def test_the_last_good_run_passed_and_was_whole(tmp_path: Path) -> None:
    with Ledger(tmp_path / "crawl.sqlite") as ledger:
        assert last_good_run(ledger, "zara") is None
        for fingerprint, reason in (("f", "finished"), ("g", "markup"), ("partial:f", "finished"), ("f", None)):
            run = ledger.start_run("zara", fingerprint)
            if reason:
                ledger.finish_run(run, reason, {"counts": {"products": 1}})
        found = last_good_run(ledger, "zara")
        assert found is not None and (found["fingerprint"], found["reason"]) == ("f", "finished")
        assert last_good_run(ledger, "zalando") is None


def test_gates_are_set_for_fields_that_there_are() -> None:
    with pytest.raises(ValidationError, match="no such field: prize"):
        Gates(fields={"prize": 1.0})
