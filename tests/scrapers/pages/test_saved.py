from __future__ import annotations

import json

import pytest

from scrapers.pages.saved import MarkupError, SavedPage, image_urls, name_of, text_of


def _page(body: str) -> SavedPage:
    return SavedPage("https://x.test/a", f"<html><body>{body}</body></html>")


def test_linked_data_opens_lists_and_graphs_and_passes_over_what_is_broken() -> None:
    page = _page(
        '<script type="application/ld+json">{broken</script>'
        '<script type="application/ld+json">[{"@type": "A"}, {"@graph": [{"@type": ["B", "C"]}]}]</script>'
    )
    assert page.json_ld_of("A") == {"@type": "A"}
    assert page.json_ld_of("C") == {"@type": ["B", "C"]}
    assert page.json_ld_of("D") is None


def test_an_assigned_value_ends_where_its_json_ends() -> None:
    assert _page('<script>var a = 1; x.y = {"b": "};"}; x.z = {}</script>').assigned("x.y") == {"b": "};"}
    assert _page('<script>consume({"b": 1})</script>').assigned("consume") == {"b": 1}
    inner = json.dumps(json.dumps({"b": 'quote " and <'}))
    assert _page(f"<script>window.S={inner};</script>").assigned("window.S") == {"b": 'quote " and <'}
    assert _page("<script>x.y = nonsense</script>").assigned("x.y") is None


def test_json_scripts_are_chosen_by_content() -> None:
    page = _page(
        '<script type="application/json"><![CDATA[{"word": 1}]]></script>'
        '<script>call({"word": 2})</script><script>{"other": 3}</script>'
    )
    assert list(page.json_scripts("word")) == [{"word": 1}, {"word": 2}]


def test_fields_of_any_shape() -> None:
    assert [text_of(value) for value in (" a  b ", 7, None, True, {"a": 1})] == ["a b", "7", "", "", ""]
    assert name_of({"name": "N"}) == name_of("N") == "N"
    assert image_urls(["a", {"contentUrl": "b"}, {"url": "c"}, None, 5]) == ["a", "b", "c"]
    assert image_urls(None) == []


def test_json_that_is_none_is_an_error_with_the_address() -> None:
    with pytest.raises(MarkupError, match=r"https://x\.test/a"):
        SavedPage("https://x.test/a", "<html>").json()
