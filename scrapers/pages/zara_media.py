"""Zara's `xmedia`: which entries are photographs of the product, what each shows, and the URL to fetch.

Asset names end in a code: p the main picture on a model, a1… more on a model (or a film), e1… the garment alone, f1
a selector picture that may be either. Until 2024 the code was a group of numbers instead: `…_1_1_1`, `…_2_N_1`,
`…_6_N_1`, and `…_3_1` for a swatch. `kind` and the names of lists do not tell: in listings all is "other", and in 2016
`modelImgs` held the garment alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from manifests.reasons import View
from scrapers.items import ImageRef
from scrapers.pages.saved import Json, as_dict, as_dicts, text_of

LARGEST_WIDTH = 2048
"""Width of the master picture of a product; the shop serves any `w` up to it."""

_CODE = re.compile(r"(?:^|-(?:\d{3}-)?)(p|a\d+|e\d+|f\d+|ult\d+)$")
_LEGACY_CODE = re.compile(r"^\d{10}_(\d)(?:_\d+)+$")
_ASSET_PATH = re.compile(r"/assets/public/([0-9a-f]{4})/([0-9a-f]{4})/([0-9a-f]{12})/([0-9a-f]{12})/")
_LEGACY_WIDTH = re.compile(r"/w/(?:\d+|\{width\})/")
_NOT_A_PHOTOGRAPH = ("colorcut", "/contents/", "extrainfo-label", "transparent-background", "/stdstatic/")
_VIEW_OF_CODE = {"p": View.MODEL, "a": View.MODEL, "e": View.PACKSHOT}
_VIEW_OF_LEGACY_CODE = {"1": View.MODEL, "2": View.MODEL, "6": View.PACKSHOT}


def gallery(xmedia: object, width: int, origin: str = "https://static.zara.net") -> tuple[ImageRef, ...]:
    """The pictures and films of one colour, each asset once, in the page's order.

    Args:
        xmedia: the list under `detail.colors[].xmedia`.
        width: pixels to ask for; a smaller master is asked for at its own width.
        origin: scheme and host of pictures that are given as a path alone.
    """
    return _numbered(ref for entry in as_dicts(xmedia) if (ref := _entry(entry, width, origin)) is not None)


def gallery_of_urls(urls: Iterable[str], width: int) -> tuple[ImageRef, ...]:
    """The same from bare image URLs (JSON-LD, `<img>`), whose view stands in the file's name."""
    return _numbered(
        ImageRef(_sized(url, width), key_of(url), view_of(_stem(url)), 0) for url in urls if is_photograph(url)
    )


def is_photograph(url: str) -> bool:
    """False for swatches, watermarks, labels, vectors and the placeholder of pictures not loaded yet."""
    path = urlsplit(url).path
    return not any(word in url for word in _NOT_A_PHOTOGRAPH) and not path.endswith((".svg", ".png", ".json"))


def key_of(url: str) -> str:
    """The asset id, 32 hexadecimal digits; the file's name for pictures of before 2024."""
    match = _ASSET_PATH.search(url)
    return "".join(match.groups()) if match else _stem(url)


def view_of(name: str) -> View:
    """What a picture shows, by its `originalName` or its file name; editorial pictures are unknown."""
    if match := _CODE.search(name):
        return _VIEW_OF_CODE.get(match[1][0], View.UNKNOWN)
    if match := _LEGACY_CODE.search(name):
        return _VIEW_OF_LEGACY_CODE.get(match[1], View.UNKNOWN)
    return View.UNKNOWN


def _entry(entry: Json, width: int, origin: str) -> ImageRef | None:
    extra = as_dict(entry.get("extraInfo"))
    layers = [layer for layer in as_dicts(entry.get("layers")) if layer.get("type") == "image"]
    source = entry if entry.get("url") or not layers else layers[0]
    url = _url(source, origin)
    kind = entry.get("type", "image")
    if kind not in ("image", "hls", "video") or not url or (kind == "image" and not is_photograph(url)):
        return None
    name = text_of(extra.get("originalName")) or text_of(source.get("name"))
    if name.endswith("_3_1") and _LEGACY_CODE.search(name):
        return None  # a swatch
    key = text_of(extra.get("assetId")) or key_of(url)
    if kind != "image":
        film = text_of(entry.get("videoFallbackUrl")) or url
        return ImageRef(film.replace("{width}", str(width)), key, view_of(name), 0, is_video=True)
    master = source.get("width")
    return ImageRef(
        _sized(url, min(width, master) if isinstance(master, int) and master > 0 else width), key, view_of(name), 0
    )


def _url(source: Json, origin: str) -> str:
    url = text_of(source.get("url")) or text_of(as_dict(source.get("extraInfo")).get("deliveryUrl"))
    if not url and source.get("path") and source.get("name"):  # before 2024 the URL was put together by the page
        stamp = text_of(source.get("timestamp"))
        url = f"/photos//{source['path']}/w/{{width}}/{source['name']}.jpg" + (f"?ts={stamp}" if stamp else "")
    if url.startswith("//"):
        return "https:" + url
    return origin + url if url.startswith("/") else url


def _sized(url: str, width: int) -> str:
    url = _LEGACY_WIDTH.sub(f"/w/{width}/", url)
    parts = urlsplit(url)
    if "/w/" in parts.path and "/photos/" in parts.path:
        return url
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "w"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("w", str(width))]), fragment=""))


def _stem(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2].rpartition(".")[0]


def _numbered(refs: Iterable[ImageRef]) -> tuple[ImageRef, ...]:
    unique = {ref.image_key: ref for ref in reversed(list(refs))}  # the first of equal assets wins
    ordered = reversed(list(unique.values()))
    return tuple(
        ImageRef(ref.url, ref.image_key, ref.view, position, ref.is_video) for position, ref in enumerate(ordered)
    )
