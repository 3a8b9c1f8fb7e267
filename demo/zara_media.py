"""The media of the demo's Zara: which photos a gallery holds, under which names, and as which JSON, as of 2026.

Names and places of the fields are the real shop's; all values are the demo's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demo.catalogue import Photo, Product
from demo.derivation import ORIGINAL, Treatment
from demo.identity import hexadecimal, number

IMAGE_HOST = "static.zara.test"
LONG_NAME = "zara-men-sweater-grey"
"""Product whose media names carry the extra group -000- that some of the shop's names have."""


def article(style: str) -> str:
    """The eight digits of an article, which end the address of its page."""
    return f"0{number(f'zara article {style}', 1_000_000, 10_000_000)}"


def colour_code(colour: str) -> str:
    return str(number(f"zara colour code {colour}", 100, 1000))


@dataclass(frozen=True)
class Media:
    """One entry of `xmedia`: a photo under the name the shop's studio gave it (p, a1, e1, f1)."""

    photo: Photo
    original_name: str
    article: str
    colour: str

    @property
    def asset(self) -> str:
        return hexadecimal(f"zara asset {self.photo.key}", 32)

    @property
    def name(self) -> str:
        group = "-000" if self.photo.product == LONG_NAME else ""
        return f"{self.article}{self.colour}{group}-{self.original_name}"

    @property
    def folder(self) -> str:
        return f"{asset_folder(self.asset)}/{self.name}"

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}.jpg"

    @property
    def url(self) -> str:
        """Address of the picture, with its timestamp and without a width."""
        return f"http://{IMAGE_HOST}{self.path}?ts={timestamp(self.asset)}"


def asset_folder(asset: str) -> str:
    return f"/assets/public/{asset[:4]}/{asset[4:8]}/{asset[8:20]}/{asset[20:]}"


def timestamp(asset: str) -> str:
    return str(number(f"zara time {asset}", 1_760_000_000_000, 1_779_000_000_000))


def medias(product: Product) -> list[Media]:
    """The gallery: p and a1 to aN worn, e1 to eN the garment alone."""
    code = article(product.style)
    colour = colour_code(product.colour)
    found: list[Media] = []
    for index, photo in enumerate(product.worn):
        # a photograph shared by two garments keeps the name it has with the other one
        owner = photo.file.rsplit("-", 2)[0] if photo.planted == "exact_duplicate" else product.style
        found.append(Media(photo, f"a{index}" if index else "p", article(owner), colour))
    found += [Media(photo, f"e{index}", code, colour) for index, photo in enumerate(product.packshots, start=1)]
    return found


def selector_media(product: Product) -> Media:
    """The small picture of the garment in the colour selector and the cart."""
    source = product.packshots[0]
    photo = Photo(
        key=f"{product.key}-f1", product=product.key, file=source.file, kind="packshot", view=source.view,
        width=source.width // 2, height=source.height // 2, treatment=Treatment("resized", quality=85, scale=0.5),
    )  # fmt: skip
    return Media(photo, "f1", article(product.style), colour_code(product.colour))


def swatch_media(product: Product) -> Media:
    """A few pixels of cloth (`colorcut`): no photograph of the garment."""
    source = product.packshots[0]
    photo = Photo(
        key=f"{product.key}-colorcut", product=product.key, file=source.file, kind="packshot", view="swatch",
        width=38, height=51, treatment=Treatment("resized", quality=85, scale=0.05),
    )  # fmt: skip
    return Media(photo, "colorcut", article(product.style), colour_code(product.colour))


def poster_photo(product: Product) -> Photo:
    source = product.worn[0]
    return Photo(
        key=f"{product.key}-poster", product=product.key, file=source.file, kind="model", view=source.view,
        width=source.width // 2, height=source.height // 2, treatment=Treatment("resized", quality=80, scale=0.5),
    )  # fmt: skip


def video_folder(product: Product) -> str:
    asset = hexadecimal(f"zara video {product.key}", 32)
    return f"{asset_folder(asset)}/{article(product.style)}{colour_code(product.colour)}-a9"


def hero_photo(name: str, source: Photo) -> Photo:
    """An editorial picture at the head of a card, under a name that says nothing."""
    return Photo(
        key=f"zara-hero-{name}", product="", file=source.file, kind="model", view=source.view,
        width=source.width, height=source.height, treatment=ORIGINAL,
    )  # fmt: skip


def hero_path(photo: Photo) -> str:
    asset = hexadecimal(f"zara asset {photo.key}", 32)
    name = hexadecimal(f"zara name {photo.key}", 32)
    return f"{asset_folder(asset)}/{name}/{name}.jpg"


def xmedia(media: Media, kind: str, order: int | None, screens: Sequence[str] = ("small", "large")) -> dict[str, Any]:
    """One picture as the page state describes it."""
    delivery = f"{media.path}?ts={timestamp(media.asset)}"
    entry: dict[str, Any] = {
        "datatype": "xmedia",
        "set": 2,
        "type": "image",
        "kind": kind,
        "path": media.folder,
        "name": media.name,
        "width": media.photo.width,
        "height": media.photo.height,
        "timestamp": timestamp(media.asset),
        "allowedScreens": list(screens),
        "gravity": "top",
        "extraInfo": {
            "originalName": media.original_name,
            "assetId": media.asset,
            "deliveryUrl": f"http://{IMAGE_HOST}{delivery}",
            "deliveryPath": delivery,
        },
        "url": f"http://{IMAGE_HOST}{delivery}&w={{width}}",
        "metaUrl": f"http://{IMAGE_HOST}{asset_folder(media.asset)}/meta.json?ts={timestamp(media.asset)}",
    }
    return entry if order is None else {**entry, "order": order}


def video(product: Product, order: int) -> dict[str, Any]:
    folder = video_folder(product)
    asset = hexadecimal(f"zara video {product.key}", 32)
    stamp = timestamp(asset)
    base = f"http://{IMAGE_HOST}{folder}"
    return {
        "datatype": "xmedia",
        "set": 1,
        "type": "hls",
        "kind": "animation",
        "path": folder,
        "name": "master",
        "width": 2048,
        "height": 3072,
        "timestamp": stamp,
        "allowedScreens": ["small", "large"],
        "extraInfo": {
            "originalName": "a9",
            "hasAudio": False,
            "hasAutoplay": True,
            "assetId": asset,
            "deliveryUrl": f"{base}/master.m3u8?ts={stamp}",
            "deliveryPath": f"{folder}/master.m3u8?ts={stamp}",
        },
        "url": f"{base}/master.m3u8?ts={stamp}",
        "posterUrl": f"{base}/poster/poster.jpg?ts={stamp}",
        "videoFallbackUrl": f"{base}/video.mp4?ts={stamp}",
        "metaUrl": f"http://{IMAGE_HOST}{asset_folder(asset)}/meta.json?ts={stamp}",
        "order": order,
    }


def gallery(product: Product) -> list[dict[str, Any]]:
    """`xmedia` of one colour on its product page."""
    entries = [
        xmedia(media, {"p": "full", "e": "plain"}.get(media.original_name[0], "other"), order)
        for order, media in enumerate(medias(product), start=1)
    ]
    if product.video:
        entries.insert(1, video(product, len(entries) + 1))
    return entries
