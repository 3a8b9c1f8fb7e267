"""Running the page objects on saved pages, for the day a shop changes: what does each still give?

A folder of saved pages has beside each file a description, `<file>.meta.json`, as `vestiary savepage` writes it; or an
index, a TOML file with one `[[pages]]` table for each, describes files that cannot have company. What a description
says that a page gave must still come out of it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import ValidationError

from manifests.settings import Settings, SettingsError
from scrapers.items import FIELDS, ProductItem
from scrapers.pages.saved import MarkupError, SavedPage
from scrapers.pages.shops import SHOPS, ShopPages, Site
from scrapers.pages.sitemaps import read_sitemap
from scrapers.politeness.blocks import recognise

SIDECAR = ".meta.json"
PAGES = (".html", ".htm", ".json", ".xml", ".gz", ".txt")

Kind = Literal["product", "listing", "sitemap", "robots", "gallery", "block"]


class Expected(Settings):
    """What a page gave when it was saved, or gives by other knowledge of it.

    Attributes:
        items: products, or links to products.
        fields: of `items.FIELDS`, those that every product of the page had.
    """

    kind: Kind
    items: int = 0
    images: int = 0
    fields: tuple[str, ...] = ()


class SavedEntry(Settings):
    """One saved page.

    Attributes:
        file: relative to the folder.
        url: that it answered; "" takes it from the page itself.
        excerpt: for part of an answer: the answer's text with the part's place marked by `{{}}`, or `{{name}}` for a
            member of a JSON object, dots between names and numbers.
        expected: None where nothing is known of it.
    """

    file: str
    shop: str
    url: str = ""
    status: int = 200
    media_type: str = ""
    sha256: str = ""
    excerpt: str = ""
    note: str = ""
    expected: Expected | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a saved page gives today.

    Attributes:
        kind: None where no page object found anything of its own.
        detail: the block that was recognised, or why there is nothing.
        fields: of `items.FIELDS`, those that every product has.
    """

    entry: SavedEntry
    kind: Kind | None
    items: int = 0
    images: int = 0
    fields: tuple[str, ...] = ()
    detail: str = ""

    @property
    def shortfall(self) -> str:
        """In what it falls short of what the page once gave, in words; "" if in nothing."""
        expected = self.entry.expected
        if expected is None:
            return f"nothing: {self.detail}" if self.kind is None or (self.kind == "listing" and not self.items) else ""
        if self.kind != expected.kind:
            return f"{expected.kind} before, now {self.kind or 'nothing'}: {self.detail}".rstrip(": ")
        missing = sorted(set(expected.fields) - set(self.fields))
        parts = [
            f"{expected.items} items before, now {self.items}" if self.items < expected.items else "",
            f"{expected.images} images before, now {self.images}" if self.images < expected.images else "",
            f"no {', '.join(missing)} any more" if missing else "",
        ]
        return "; ".join(filter(None, parts))


def check(folder: Path, index: Path | None = None) -> list[Reading]:
    """Read every saved page under `folder`, in the order of the index or of the file names.

    Raises:
        SettingsError: the folder has no saved page, or a description is wrong.
    """
    found = [read(folder, entry) for entry in entries(folder, index)]
    if not found:
        raise SettingsError(f"no saved page under {folder}: `vestiary savepage URL {folder}` saves one")
    return found


def entries(folder: Path, index: Path | None = None) -> Iterator[SavedEntry]:
    """The descriptions of the saved pages under `folder`; a page without one is described by its own content."""
    if index is not None:
        try:
            listed = tomllib.loads(index.read_text("utf-8"))["pages"]
        except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"{index} is no index of saved pages: {error}") from error
        yield from (_entry(value, index) for value in listed)
        return
    for path in sorted(folder.rglob("*")):
        if path.suffix not in PAGES or path.name.endswith(SIDECAR) or not path.is_file():
            continue
        sidecar = path.with_name(path.name + SIDECAR)
        name = path.relative_to(folder).as_posix()
        if sidecar.is_file():
            yield _entry(json.loads(sidecar.read_text("utf-8")) | {"file": name}, sidecar)
        else:
            yield SavedEntry(file=name, shop=_shop_of(path, folder))


def read(folder: Path, entry: SavedEntry) -> Reading:
    """What the page objects make of one saved page."""
    try:
        body = (folder / entry.file).read_bytes()
    except OSError as error:
        return Reading(entry, None, detail=str(error))
    if block := recognise(entry.status, body):
        return Reading(entry, "block", detail=block)
    if entry.shop not in SHOPS:
        return Reading(entry, None, detail=f"of no known shop ({', '.join(SHOPS)})")
    shop, text = SHOPS[entry.shop], body.decode("utf-8", errors="replace")
    if Path(entry.file).suffix == ".txt":
        rules = sum(1 for line in text.splitlines() if re.match(r"(?:dis)?allow\s*:", line, re.IGNORECASE))
        return Reading(entry, "robots", rules) if rules else Reading(entry, None, detail="a text without rules")
    if entry.expected is not None and entry.expected.kind == "gallery":
        return _gallery(entry, shop, json.loads(text))
    try:
        locations = read_sitemap(body).locations
    except MarkupError:
        pass
    else:
        return Reading(entry, "sitemap", sum(shop.product_link(url) is not None for url in locations))
    page = SavedPage(entry.url, _whole(entry.excerpt, text) if entry.excerpt else text)
    if not entry.url:
        page = SavedPage(_own_url(page, entry.shop), page.text)
    return _page(entry, shop, page)


def _page(entry: SavedEntry, shop: ShopPages, page: SavedPage) -> Reading:
    site, why = _site(entry.shop, page.url), list[str]()
    try:
        items = shop.read_products(page, site)
        return Reading(entry, "product", len(items), sum(len(item.images) for item in items), _common(items))
    except MarkupError as error:
        why.append(str(error))
    try:
        links = shop.read_listing(page, site).products
    except MarkupError as error:
        return Reading(entry, None, detail="; ".join([*why, str(error)]))
    return Reading(entry, "listing", len(links), detail="" if links else "a listing without products")


def _gallery(entry: SavedEntry, shop: ShopPages, rows: Any) -> Reading:
    """Image URLs that others collected, a list of objects with them: how many of them are pictures of the product."""
    rows = rows if isinstance(rows, list) else next(value for value in rows.values() if isinstance(value, list))
    galleries = []
    for row in rows:
        urls = list(dict.fromkeys(url for url in _strings(row) if re.search(r"\.(?:jpe?g|png|mp4)(?:\?|$)", url)))
        link = next(filter(None, map(shop.product_link, _strings(row))), None)
        galleries.append(shop.gallery(urls, link.key if link else str(row.get("id", ""))))
    filled = [gallery for gallery in galleries if gallery]
    return Reading(entry, "gallery", len(filled), sum(map(len, filled)))


def _common(items: tuple[ProductItem, ...]) -> tuple[str, ...]:
    return tuple(name for name in FIELDS if items and all(name in item.filled for item in items))


def _site(name: str, url: str) -> Site:
    parts = urlsplit(url)
    depth = {"zara": 2, "farfetch": 1}.get(name, 0)
    segments = parts.path.strip("/").split("/")[:depth]
    market = "/".join(segments) if all(re.fullmatch(r"[a-z]{2}", segment) for segment in segments) else ""
    return Site(f"{parts.scheme}://{parts.netloc}", market, {"zara": "static.zara.net"}.get(name, parts.netloc))


def _own_url(page: SavedPage, shop: str) -> str:
    links = page.selector.css("link[rel=canonical]::attr(href), meta[property='og:url']::attr(content)").getall()
    return next((link for link in links if link.startswith("http")), f"https://www.{shop}.com/")


def _shop_of(path: Path, folder: Path) -> str:
    """By the folders and name of the file, else by what its address of its own says."""
    name = path.relative_to(folder.parent).as_posix().lower()
    head = path.read_bytes()[:200_000].decode("utf-8", errors="replace") if path.suffix in (".html", ".htm") else ""
    canonical = re.search(r"""rel=["']?canonical["']?[^>]*href=["']([^"']+)""", head)
    texts = (name, canonical[1] if canonical else "")
    return next((shop for text in texts for shop in SHOPS if shop in text), "")


def _whole(excerpt: str, text: str) -> str:
    def part(match: re.Match[str]) -> str:
        value = json.loads(text)
        for step in filter(None, match[1].split(".")):
            value = value[int(step)] if isinstance(value, list) else value[step]
        return json.dumps(value)

    return re.sub(r"\{\{([\w.]*)\}\}", part, excerpt)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _entry(value: Any, origin: Path) -> SavedEntry:
    try:
        return SavedEntry.model_validate(value)
    except ValidationError as error:
        raise SettingsError(f"{origin}: {error}") from error
