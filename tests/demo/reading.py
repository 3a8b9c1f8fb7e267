"""Reads the demo pages the way a scraper has to: embedded JSON and links, by structure and not by template."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any
from urllib.parse import urljoin, urlsplit

from parsel import Selector


def links(url: str, html: str) -> list[str]:
    """Absolute addresses of every anchor and canonical link."""
    selector = Selector(html)
    return [urljoin(url, href) for href in selector.css("a::attr(href), link[rel=canonical]::attr(href)").getall()]


def images(url: str, html: str) -> list[str]:
    return [urljoin(url, src) for src in Selector(html).css("img::attr(src)").getall()]


def linked_data(html: str) -> list[Any]:
    return [json.loads(text) for text in Selector(html).css('script[type="application/ld+json"]::text').getall()]


def view_payload(html: str) -> Any:
    """The page state of Zara."""
    text = Selector(html).xpath('//script[@data-compress="true"][contains(., "viewPayload")]/text()').get()
    assert text is not None
    match = re.fullmatch(r"window\.zara\.viewPayload = (\{.*\});", text, re.S)
    assert match is not None
    return json.loads(match[1])


def query_cache(html: str) -> dict[str, Any]:
    """The answers of Zalando's queries, from whichever containers the page has."""
    selector, cache = Selector(html), {}
    for text in selector.css('script[type="application/json"]::text').getall():
        cache.update(json.loads(text).get("graphqlCache", {}))
    for text in selector.css("script#re-concurrent-data-hydrate::text").getall():
        match = re.fullmatch(r"window\.__hydrationDataConsume\((\{.*\})\)", text, re.S)
        assert match is not None
        cache.update(json.loads(match[1])["graphqlCache"])
    return cache


def hydration_state(html: str) -> Any:
    """The page state of Farfetch: JSON inside a JavaScript string; None where the page has none."""
    text = Selector(html).xpath('//script[contains(., "__HYDRATION_STATE__")]/text()').get()
    return json.loads(json.loads(text.removeprefix("window.__HYDRATION_STATE__="))) if text else None


def locations(body: bytes) -> list[str]:
    """The addresses in a sitemap or sitemap index."""
    xml = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
    return re.findall(r"<loc>(.*?)</loc>", xml.decode())


def addresses(value: Any) -> list[str]:
    """Every http:// address in a JSON value, with Zara's {width} filled in."""
    if isinstance(value, dict):
        return [url for part in value.values() for url in addresses(part)]
    if isinstance(value, list):
        return [url for part in value for url in addresses(part)]
    is_address = isinstance(value, str) and urlsplit(value).scheme == "http" and " " not in value
    return [value.replace("{width}", "2048")] if is_address else []
