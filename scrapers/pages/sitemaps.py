"""Sitemaps: the addresses in a sitemap or an index of sitemaps, as XML or as gzip (sitemaps.org/protocol.html)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from lxml import etree  # type: ignore[import-untyped]

from scrapers.pages.saved import MarkupError

MAX_BYTES = 50 * 1024 * 1024
"""Of one sitemap, unpacked: the protocol's own limit."""
_MAX_WRAPPINGS = 2  # a .gz file that was compressed once more for the way


@dataclass(frozen=True, slots=True)
class Sitemap:
    """Attributes:
    locations: absolute URLs in order.
    is_index: they are sitemaps, not pages.
    """

    locations: tuple[str, ...]
    is_index: bool


def read_sitemap(body: bytes) -> Sitemap:
    """The addresses in a sitemap.

    Raises:
        MarkupError: it is no sitemap, or unpacks to more than 50 MiB.
    """
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(unpacked(body), parser)
    except etree.XMLSyntaxError as error:
        raise MarkupError(f"no sitemap: {error}") from error
    kind = etree.QName(root).localname if root is not None else ""
    if kind not in ("urlset", "sitemapindex"):
        raise MarkupError(f"no sitemap: its root is <{kind}>")
    found = root.findall(".//{*}url/{*}loc") if kind == "urlset" else root.findall(".//{*}sitemap/{*}loc")
    return Sitemap(tuple(text for loc in found if (text := (loc.text or "").strip())), kind == "sitemapindex")


def unpacked(body: bytes, limit: int = MAX_BYTES) -> bytes:
    """`body` with its gzip wrappings taken off.

    Raises:
        MarkupError: it unpacks to more than `limit` bytes, or is cut short.
    """
    for _ in range(_MAX_WRAPPINGS):
        if not body.startswith(b"\x1f\x8b"):
            break
        engine = zlib.decompressobj(wbits=31)
        try:
            body = engine.decompress(body, limit + 1)
        except zlib.error as error:
            raise MarkupError(f"no sitemap: {error}") from error
        if len(body) > limit:
            raise MarkupError(f"a sitemap of more than {limit:,} bytes")
        if not engine.eof:
            raise MarkupError("a sitemap that is cut short")
    return body
