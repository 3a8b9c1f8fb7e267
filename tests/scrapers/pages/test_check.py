from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from manifests.settings import SettingsError
from scrapers.items import FIELDS
from scrapers.pages.check import SIDECAR, check

PAGES = Path("tests/data/pages")
INDEX = "tests/data/recordings.toml"


def test_every_recording_gives_what_is_known_of_it(root: Path) -> None:
    sites = root.parent / "shared/sites"
    if not sites.is_dir():
        pytest.skip("recorded responses are not at hand")
    readings = check(sites, root / INDEX)
    assert [(reading.entry.file, reading.shortfall) for reading in readings if reading.shortfall] == []
    for reading in readings:
        expected = reading.entry.expected
        assert expected is not None
        if reading.kind != "block":
            assert (reading.items, reading.images) == (expected.items, expected.images), reading.entry.file
        assert set(reading.fields) == set(expected.fields), reading.entry.file
    shops = [path.relative_to(sites) for shop in ("zara", "zalando", "farfetch") for path in (sites / shop).iterdir()]
    assert {reading.entry.file for reading in readings} == {path.as_posix() for path in shops}
    assert sum(reading.kind == "block" for reading in readings) == 3


def test_the_index_names_no_unknown_field(root: Path) -> None:
    listed = tomllib.loads((root / INDEX).read_text("utf-8"))["pages"]
    assert {name for page in listed for name in page["expected"].get("fields", ())} <= set(FIELDS)


def test_pages_without_a_description_are_told_by_folder_and_content(root: Path) -> None:
    found = {reading.entry.file: (reading.kind, reading.items) for reading in check(root / PAGES)}
    assert found["zara/category.json"] == found["zara/category.html"] == ("listing", 2)
    assert found["zalando/listing.html"] == ("listing", 3)
    assert found["farfetch/product.html"] == ("product", 1)
    assert found["zara/product.html"] == ("product", 2)


def _saved(folder: Path, text: str, **expected: object) -> None:
    (folder / "page.html").write_text(text, "utf-8")
    about = {
        "file": "page.html",
        "shop": "farfetch",
        "url": "https://www.farfetch.com/shopping/women/x-item-12345678.aspx",
    }
    (folder / f"page.html{SIDECAR}").write_text(
        json.dumps(about | ({"expected": expected} if expected else {})), "utf-8"
    )


def test_a_page_that_gives_less_than_it_did_falls_short(root: Path, tmp_path: Path) -> None:
    text = (root / PAGES / "farfetch/product.html").read_text("utf-8")
    _saved(tmp_path, text, kind="product", items=1, images=2, fields=["title", "colour"])
    [whole] = check(tmp_path)
    assert whole.shortfall == "" and (whole.kind, whole.items, whole.images) == ("product", 1, 2)
    _saved(
        tmp_path, text.replace("contentUrl", "href").replace('"color"', '"hue"'), **whole.entry.expected.model_dump()
    )  # type: ignore[union-attr]
    assert check(tmp_path)[0].shortfall == "2 images before, now 0; no colour any more"
    _saved(tmp_path, "<html><title>Welcome</title></html>", kind="product", items=1)
    assert check(tmp_path)[0].shortfall.startswith("product before, now nothing: ")
    _saved(tmp_path, "<html><title>Welcome</title></html>")
    assert check(tmp_path)[0].shortfall.startswith("nothing: ")


def test_a_block_is_recognised_and_is_no_product_any_more(root: Path, tmp_path: Path) -> None:
    _saved(
        tmp_path,
        "<title>Access Denied</title>Reference&#32;&#35;1 errors&#46;edgesuite&#46;net",
        kind="product",
        items=1,
    )
    [reading] = check(tmp_path)
    assert reading.kind == "block" and reading.shortfall.startswith("product before, now block: Akamai error page")


def test_what_cannot_be_checked_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="vestiary savepage"):
        check(tmp_path)
    with pytest.raises(SettingsError, match="no index of saved pages"):
        check(tmp_path, tmp_path / "index.toml")
    (tmp_path / "index.toml").write_text('[[pages]]\nfile = "gone.html"\nshop = "zara"\n', "utf-8")
    assert "No such file" in check(tmp_path, tmp_path / "index.toml")[0].shortfall
    (tmp_path / "index.toml").write_text('[[pages]]\nfile = "gone.html"\nshopp = "zara"\n', "utf-8")
    with pytest.raises(SettingsError, match="shopp"):
        check(tmp_path, tmp_path / "index.toml")
