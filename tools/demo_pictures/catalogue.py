"""Reads catalogue.toml: which products the demo shops sell, and the list of pictures that show them."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).with_name("catalogue.toml")
MODEL_VIEWS = ("front", "side", "back", "crop")  # in the order in which a product page shows them
RENDERERS = ("cycles", "raster")


@dataclass(frozen=True)
class Style:
    """One garment, whatever its colour: what it is made of and the seed of body, pose and cut."""

    key: str
    shop: str
    gender: str
    category: str
    garment: str
    title: str
    brand: str
    fabric: str
    pattern: str
    second: str
    seed: int


@dataclass(frozen=True)
class Picture:
    """One picture of one product (a style in a colour), as it is to be rendered."""

    style: Style
    colour: str
    view: str  # front, back, side, crop (waist up)
    kind: str  # model, packshot
    renderer: str  # cycles, raster
    size: tuple[int, int]  # width, height in pixels

    @property
    def product(self) -> str:
        return f"{self.style.key}-{self.colour}"

    @property
    def name(self) -> str:
        return f"{self.product}-{'packshot' if self.kind == 'packshot' else self.view}"


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def seed_of(*words: object) -> int:
    """A 31-bit seed that depends on the words alone, on every machine and Python."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, words)).encode()).digest()[:4], "big") & 0x7FFFFFFF


def read(path: Path = CATALOGUE, seed: int = 7) -> tuple[dict[str, str], list[Picture]]:
    """Returns the colours (name -> "#rrggbb") and the pictures, in the catalogue's order.

    Raises ValueError where an entry names a colour, view or renderer that does not exist.
    """
    data = tomllib.loads(path.read_text("utf-8"))
    colours: dict[str, str] = data["colours"]
    pictures = [p for entry in data["style"] for p in _pictures(entry, colours, seed)]
    names = [p.name for p in pictures]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise ValueError(f"{path}: two pictures would have the same name: {', '.join(twice)}; rename a garment")
    return colours, pictures


def _pictures(entry: dict[str, Any], colours: dict[str, str], seed: int) -> Iterator[Picture]:
    key = slug(f"{entry['shop']}-{entry['gender']}-{entry['garment']}")
    style = Style(
        key=key, shop=entry["shop"], gender=entry["gender"], category=entry["category"], garment=entry["garment"],
        title=entry["title"], brand=entry.get("brand", ""), fabric=entry["fabric"],
        pattern=entry.get("pattern", "plain"), second=entry.get("second", ""), seed=seed_of(seed, key),
    )  # fmt: skip
    size = {"cycles": (576, 768), "raster": (768, 1024)}
    for colour in entry["colours"]:
        for name in filter(None, (colour["name"], style.second)):
            if name not in colours:
                raise ValueError(f"{key}: colour {name!r} is not in [colours]")
        views = {view: renderer for renderer in RENDERERS for view in colour.get(renderer, [])}
        if unknown := views.keys() - set(MODEL_VIEWS):
            raise ValueError(f"{key}: views {sorted(unknown)} are none of {', '.join(MODEL_VIEWS)}")
        for view in sorted(views, key=MODEL_VIEWS.index):
            yield Picture(style, colour["name"], view, "model", views[view], size[views[view]])
        if packshot := entry.get("packshot"):
            if packshot not in RENDERERS:
                raise ValueError(f"{key}: packshot = {packshot!r} is none of {', '.join(RENDERERS)}")
            yield Picture(style, colour["name"], "front", "packshot", packshot, size[packshot])
