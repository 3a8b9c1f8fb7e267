"""A visitor who follows every link and loads every picture meets no dead end but the planted ones."""

from __future__ import annotations

import json
from collections import deque
from urllib.parse import urlsplit

import pytest

from demo.catalogue import Catalogue
from demo.expectations import Expectation, expectations
from demo.gateway import Gateway
from tests.demo import reading
from tests.demo.conftest import Fetch

STARTS = ("http://www.zara.test/", "http://www.zalando.test/", "http://www.farfetch.test/")


@pytest.fixture(scope="module")
def visited(fetch: Fetch) -> dict[str, tuple[int, str, bytes]]:
    """Status, media type and body of every page and picture that links, sources and embedded JSON lead to."""
    queue = deque([*STARTS, "http://www.zara.test/us/en/categories?ajax=true"])
    queue += ["http://www.zara.test/sitemaps/sitemap-index.xml.gz", "http://www.farfetch.test/sitemap.xml"]
    seen: dict[str, tuple[int, str, bytes]] = {}
    while queue:
        url = queue.popleft()
        if url in seen:
            continue
        response = fetch(url)
        seen[url] = (response.status, response.media_type, response.body)
        if response.status == 301:
            queue.append(response.headers["Location"])
        elif response.media_type == "text/html" and "img" not in urlsplit(url).netloc:
            queue += reading.links(url, response.text) + reading.images(url, response.text)
            queue += _embedded(url, response.text)
        elif response.media_type in ("application/x-gzip", "application/xml"):
            queue += reading.locations(response.body)
        elif response.media_type == "application/json":
            queue += reading.addresses(json.loads(response.body))
    return seen


def _embedded(url: str, html: str) -> list[str]:
    host = urlsplit(url).netloc
    found = [address for value in reading.linked_data(html) for address in reading.addresses(value)]
    if host == "www.zara.test" and "viewPayload" in html:
        payload = reading.view_payload(html)
        found += reading.addresses(payload)
        if "category" in payload:
            found.append(f"http://{host}/us/en/category/{payload['category']['id']}/products?ajax=true")
    if host == "www.zalando.test":
        found += [a for a in reading.addresses(reading.query_cache(html)) if not _is_brand(a)]
    if host == "www.farfetch.test":
        found += reading.addresses(reading.hydration_state(html))
    return [address for address in found if urlsplit(address).netloc.endswith(".test")]


def _is_brand(url: str) -> bool:
    """Zalando's data names pages of brands, which the demo does not have; no page links to them."""
    parts = urlsplit(url)
    return parts.netloc == "www.zalando.test" and parts.path.endswith("/") and "clothing" not in parts.path


def test_only_what_is_planted_is_missing(visited: dict[str, tuple[int, str, bytes]], catalogue: Catalogue) -> None:
    gone = [entry for entry in expectations(catalogue) if entry.fetch == "gone"]
    missing = {url for url, (status, _, _) in visited.items() if status not in (200, 301)}
    assert missing
    assert [url for url in missing if not any(_fits(entry, url) for entry in gone)] == []


def test_every_page_is_marked_as_synthetic(visited: dict[str, tuple[int, str, bytes]]) -> None:
    pages = [body for status, media_type, body in visited.values() if media_type == "text/html" and status == 200]
    assert len(pages) > 90
    assert all(b'name="vestiary-demo"' in page for page in pages)


def test_every_picture_is_reached_and_is_a_picture(
    visited: dict[str, tuple[int, str, bytes]], shops: Gateway, catalogue: Catalogue, fetch: Fetch
) -> None:
    reached = {urlsplit(url).netloc + urlsplit(url).path for url in visited}
    for shop in shops.shops:
        stems = {path.rsplit("_", 1)[0] if shop.page_host == "www.farfetch.test" else path for path in shop.photos}
        for stem in stems:
            assert any(path.startswith(shop.image_host + stem) for path in reached), stem
    broken = [e for e in expectations(catalogue) if e.kind in ("html_as_jpeg", "truncated_jpeg")]
    jpegs = {url: body for url, (_, media_type, body) in visited.items() if media_type == "image/jpeg"}
    assert len({urlsplit(url).path for url in jpegs}) >= 120
    for url, body in jpegs.items():
        if not any(_fits(entry, url) for entry in broken):
            assert body.startswith(b"\xff\xd8") and body.rstrip(b"\0").endswith(b"\xff\xd9"), url


def test_every_page_of_the_index_is_served(shops: Gateway, fetch: Fetch) -> None:
    for shop in shops.shops:
        for url in shop.pages():
            expected = 404 if url == "http://img01.zalando.test/robots.txt" else 200
            assert fetch(url).status == expected, url


def _fits(entry: Expectation, url: str) -> bool:
    return any(url.startswith(prefix) for prefix in entry.url_prefixes)
