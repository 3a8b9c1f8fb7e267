from __future__ import annotations

import gzip

import pytest

from scrapers.pages.saved import MarkupError
from scrapers.pages.sitemaps import read_sitemap, unpacked

URLSET = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- <url><loc>http://x.test/hidden</loc></url> -->
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc> http://x.test/a?b=1&amp;c=2 </loc><image:image><image:loc>http://x.test/a.jpg</image:loc></image:image></url>
<url><changefreq>weekly</changefreq></url><url><loc>http://x.test/b</loc></url></urlset>"""
INDEX = b"<sitemapindex><sitemap><loc>http://x.test/1.xml.gz</loc></sitemap></sitemapindex>"


@pytest.mark.parametrize("body", [URLSET, gzip.compress(URLSET), gzip.compress(gzip.compress(URLSET))])
def test_addresses_come_from_xml_however_often_it_was_packed(body: bytes) -> None:
    sitemap = read_sitemap(body)
    assert sitemap.locations == ("http://x.test/a?b=1&c=2", "http://x.test/b") and not sitemap.is_index


def test_an_index_is_told_from_a_sitemap() -> None:
    sitemap = read_sitemap(INDEX)
    assert sitemap.is_index and sitemap.locations == ("http://x.test/1.xml.gz",)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no sitemap"),
        (b"<html><body>sorry</body></html>", "its root is <html>"),
        (gzip.compress(URLSET)[:-20], "cut short"),
        (b"\x1f\x8bnot gzip", "no sitemap"),
        (b'{"urls": []}', "no sitemap"),
    ],
)
def test_what_is_no_sitemap_is_an_error(body: bytes, words: str) -> None:
    with pytest.raises(MarkupError, match=words):
        read_sitemap(body)


def test_a_bomb_is_not_unpacked_beyond_the_limit() -> None:
    with pytest.raises(MarkupError, match="more than 100,000 bytes"):
        unpacked(gzip.compress(bytes(50_000_000)), limit=100_000)


def test_no_entity_reaches_outside() -> None:
    body = b'<!DOCTYPE u [<!ENTITY e SYSTEM "file:///etc/hostname">]><urlset><url><loc>&e;</loc></url></urlset>'
    assert read_sitemap(body).locations == ()
