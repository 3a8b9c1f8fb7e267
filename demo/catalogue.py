"""The products of the demo shops, read from demo/pictures/pictures.json and joined with what is planted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from demo.derivation import ORIGINAL, Treatment
from demo.planted import PHOTOS, VIDEO_PRODUCTS

PICTURES = Path(__file__).parent / "pictures"

ShopName = Literal["zara", "zalando", "farfetch"]


@dataclass(frozen=True)
class Photo:
    """One picture in one gallery: `key` names its URL, `file` holds the bytes it is made from."""

    key: str
    product: str
    file: str
    kind: Literal["model", "packshot"]
    view: str
    width: int
    height: int
    treatment: Treatment = ORIGINAL
    planted: str = ""


@dataclass(frozen=True)
class Product:
    """One garment in one colour. Products of one `style` are the same garment in other colours."""

    key: str
    shop: ShopName
    gender: Literal["women", "men"]
    category: str
    style: str
    garment: str
    title: str
    brand: str
    colour: str
    photos: tuple[Photo, ...]
    video: bool

    @property
    def worn(self) -> tuple[Photo, ...]:
        return tuple(photo for photo in self.photos if photo.kind == "model")

    @property
    def packshots(self) -> tuple[Photo, ...]:
        return tuple(photo for photo in self.photos if photo.kind == "packshot")


@dataclass(frozen=True)
class Catalogue:
    """All products in the order of pictures.json, and the folder with their pictures."""

    products: tuple[Product, ...]
    pictures: Path
    sha256: Mapping[str, str]

    def of(self, shop: ShopName) -> tuple[Product, ...]:
        return tuple(product for product in self.products if product.shop == shop)

    @cached_property
    def by_key(self) -> Mapping[str, Product]:
        return {product.key: product for product in self.products}

    def colours(self, product: Product) -> tuple[Product, ...]:
        """The products of one style, `product` among them, in catalogue order."""
        return tuple(other for other in self.products if other.style == product.style)

    def photo(self, key: str) -> Photo:
        for product in self.products:
            for photo in product.photos:
                if photo.key == key:
                    return photo
        raise KeyError(f"no picture {key!r} in the demo catalogue")


def load(pictures: Path | None = None, with_files: bool = True) -> Catalogue:
    """Reads `pictures`/pictures.json (default: the pictures that ship with this package).

    Without `with_files` the listing alone is read, which is enough for pages and addresses.
    Raises FileNotFoundError with the names of the pictures that are listed and not there.
    """
    folder = pictures or PICTURES
    listing: list[dict[str, Any]] = json.loads((folder / "pictures.json").read_text("utf-8"))
    missing = [entry["file"] for entry in listing if not (folder / entry["file"]).is_file()]
    if missing and with_files:
        raise FileNotFoundError(
            f"{len(missing)} of {len(listing)} demo pictures are not in {folder}, first {missing[0]}; "
            "restore demo/pictures from the repository or render them with `python -m tools.demo_pictures`"
        )
    gallery: dict[str, list[Photo]] = {}
    first: dict[str, dict[str, Any]] = {}
    for entry in listing:
        first.setdefault(entry["product"], entry)
        gallery.setdefault(entry["product"], []).append(_photo(entry))
    sources = {photo.key: photo for photos in gallery.values() for photo in photos}
    for plant in PHOTOS:
        source = sources[plant.source]
        photo = Photo(
            key=plant.key,
            product=plant.product,
            file=source.file,
            kind=source.kind,
            view=source.view,
            width=round(source.width * plant.treatment.scale),
            height=round(source.height * plant.treatment.scale),
            treatment=plant.treatment,
            planted=plant.kind,
        )
        photos = gallery[plant.product]
        photos.insert(sum(other.kind == "model" for other in photos), photo)
    products = tuple(
        Product(
            key=key,
            shop=entry["shop"],
            gender=entry["gender"],
            category=entry["category"],
            style=entry["style"],
            garment=entry["garment"],
            title=entry["title"],
            brand=entry["brand"],
            colour=entry["colour"],
            photos=tuple(gallery[key]),
            video=key in VIDEO_PRODUCTS,
        )
        for key, entry in first.items()
    )
    files = [entry["file"] for entry in listing] if with_files else []
    digests = {file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in files}
    return Catalogue(products=products, pictures=folder, sha256=digests)


def _photo(entry: Mapping[str, Any]) -> Photo:
    return Photo(
        key=entry["file"].rsplit(".", 1)[0],
        product=entry["product"],
        file=entry["file"],
        kind=entry["kind"],
        view=entry["view"],
        width=entry["width"],
        height=entry["height"],
    )
