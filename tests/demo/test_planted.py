from __future__ import annotations

import io
import json
from collections import Counter

import imagehash
import pytest
from PIL import Image

from demo.catalogue import Catalogue
from demo.expectations import PLANTED_JSON, Expectation, document, expectations, inventory
from manifests.reasons import FetchReason, ImageReason
from tests.demo import reading
from tests.demo.conftest import Fetch


def of(catalogue: Catalogue, kind: str) -> list[Expectation]:
    found = [entry for entry in expectations(catalogue) if entry.kind == kind]
    assert found
    return found


def whole(prefix: str) -> str:
    """An address of the full-size picture under a prefix."""
    return f"{prefix}1000.jpg" if prefix.endswith("_") else prefix


def test_the_list_is_up_to_date(catalogue: Catalogue) -> None:
    assert PLANTED_JSON.read_text("utf-8") == document(catalogue), "run `python -m demo --write-planted`"


def test_the_list_is_complete_and_speaks_the_contract() -> None:
    entries = json.loads(PLANTED_JSON.read_text("utf-8"))
    kinds = Counter(entry["kind"] for entry in entries)
    assert set(kinds) == {
        "exact_duplicate", "near_duplicate", "other_colour", "packshot", "truncated_jpeg", "html_as_jpeg", "opted_out",
        "image_barred_by_robots", "page_barred_by_robots", "image_gone", "video", "product_in_two_categories",
        "duplicate_styling", "look", "not_a_photo", "redirected_listing",
    }  # fmt: skip
    assert kinds["near_duplicate"] >= 3
    assert {entry["fetch"] for entry in entries} <= {*FetchReason, "stored", "ok", "never"}
    assert {reason for entry in entries for reason in entry["reasons"]} <= set(ImageReason)
    for entry in entries:
        assert (entry["status"] is not None) == (entry["fetch"] == "stored")
        assert bool(entry["reasons"]) == (entry["status"] == "dropped")
        assert entry["pages"] and entry["url_prefixes"] and entry["why"]


def test_pages_name_what_is_planted_on_them(catalogue: Catalogue, fetch: Fetch) -> None:
    for entry in expectations(catalogue):
        if entry.kind == "duplicate_styling":
            continue  # a card's address is put together from its fields
        text = "".join(fetch(page).text for page in entry.pages).replace("\\u0026", "&").replace("&amp;", "&")
        for prefix in entry.url_prefixes:
            path = prefix.split(".test", 1)[1].split("?")[0]
            names = [
                path,
                path.rstrip("/").rsplit("-l", 1)[-1].removesuffix(".html"),
                path.rstrip("/").rsplit("/", 1)[-1],
            ]
            assert any(name in text for name in names), (entry.kind, prefix)


def test_an_exact_duplicate_has_the_same_bytes_under_two_addresses(catalogue: Catalogue, fetch: Fetch) -> None:
    for entry in of(catalogue, "exact_duplicate"):
        assert entry.same_image_as is not None and entry.same_image_as != entry.url_prefixes[0]
        first, second = fetch(whole(entry.same_image_as)), fetch(whole(entry.url_prefixes[0]))
        assert first.status == second.status == 200 and first.body == second.body


def test_near_duplicates_are_other_files_of_the_same_picture(catalogue: Catalogue, fetch: Fetch) -> None:
    sizes = []
    for entry in of(catalogue, "near_duplicate"):
        assert entry.duplicate_of is not None
        copy, original = fetch(whole(entry.url_prefixes[0])).body, fetch(whole(entry.duplicate_of)).body
        assert copy != original
        images = [Image.open(io.BytesIO(data)) for data in (copy, original)]
        sizes.append(images[0].size == images[1].size)
        assert imagehash.phash(images[0]) - imagehash.phash(images[1]) <= 6
    assert True in sizes and False in sizes  # saved again, and made smaller


def test_no_other_two_pictures_have_the_same_bytes(catalogue: Catalogue, fetch: Fetch) -> None:
    same = {entry.url_prefixes[0] for entry in of(catalogue, "exact_duplicate")}
    bodies: dict[bytes, str] = {}
    for picture in inventory(catalogue):
        if picture.url_prefix in same or picture.photo.treatment.name in ("gone", "html", "opted_out"):
            continue
        if picture.photo.planted == "image_barred_by_robots":
            continue
        body = fetch(whole(picture.url_prefix)).body
        assert body not in bodies, (picture.url_prefix, bodies[body])
        bodies[body] = picture.url_prefix
    assert len(bodies) >= 110


def test_other_colours_differ(catalogue: Catalogue, fetch: Fetch) -> None:
    for entry in of(catalogue, "other_colour"):
        assert len(entry.url_prefixes) == len(entry.pages) >= 2
        bodies = {fetch(whole(prefix)).body for prefix in entry.url_prefixes}
        assert len(bodies) == len(entry.url_prefixes)


def test_a_truncated_jpeg_arrives_whole_and_does_not_decode(catalogue: Catalogue, fetch: Fetch) -> None:
    for entry in of(catalogue, "truncated_jpeg"):
        response = fetch(whole(entry.url_prefixes[0]))
        assert (response.status, response.media_type) == (200, "image/jpeg")
        assert int(response.headers["Content-Length"]) == len(response.body)
        with pytest.raises(OSError, match="truncated"):
            Image.open(io.BytesIO(response.body)).load()


def test_a_page_calls_itself_a_jpeg(catalogue: Catalogue, fetch: Fetch) -> None:
    for entry in of(catalogue, "html_as_jpeg"):
        response = fetch(whole(entry.url_prefixes[0]))
        assert (response.status, response.media_type) == (200, "image/jpeg")
        assert response.body.startswith(b"<!DOCTYPE html>")


def test_only_the_reserved_picture_is_reserved(catalogue: Catalogue, fetch: Fetch) -> None:
    reserved = [entry.url_prefixes[0] for entry in of(catalogue, "opted_out")]
    for picture in inventory(catalogue):
        header = fetch(whole(picture.url_prefix), "HEAD").headers.get("X-Robots-Tag")
        assert header == ("noai, noimageai" if picture.url_prefix in reserved else None)


def test_a_withdrawn_picture_is_gone(catalogue: Catalogue, fetch: Fetch) -> None:
    for entry in of(catalogue, "image_gone"):
        assert fetch(whole(entry.url_prefixes[0])).status == 404


def test_films_are_films(catalogue: Catalogue, fetch: Fetch) -> None:
    zara, zalando = (entry.url_prefixes[0] for entry in of(catalogue, "video"))
    assert fetch(f"{zara}video.mp4").media_type == "video/mp4"
    assert fetch(f"{zara}master.m3u8").body.startswith(b"#EXTM3U")
    assert fetch(f"{zara}poster/poster.jpg").media_type == "image/jpeg"
    assert fetch(zalando).media_type == "video/mp4"


def test_one_product_stands_in_two_categories(catalogue: Catalogue, fetch: Fetch) -> None:
    for entry in of(catalogue, "product_in_two_categories"):
        target = [{url for url in reading.links(page, fetch(page).text)} for page in entry.pages]
        found = [[url for url in links if url.startswith(entry.url_prefixes[0])] for links in target]
        assert len(found) == 2 and all(len(urls) == 1 for urls in found) and found[0] != found[1]


def test_an_empty_listing_leads_elsewhere(catalogue: Catalogue, fetch: Fetch) -> None:
    for entry in of(catalogue, "redirected_listing"):
        response = fetch(entry.url_prefixes[0])
        assert response.status == 301 and response.headers["Location"] == entry.pages[0]
