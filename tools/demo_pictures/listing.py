"""Writes demo/pictures/pictures.json: one entry a picture, with what is known of the file so far."""

from __future__ import annotations

import colorsys
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from tools.demo_pictures.catalogue import Picture

# Background black, then a colour wheel in two brightnesses: neighbouring parts are easy to tell apart.
PALETTE = bytes(3) + b"".join(
    bytes(round(255 * c) for c in colorsys.hsv_to_rgb(part * 0.381966 % 1, 0.75, 1.0 if part % 2 else 0.65))
    for part in range(1, 25)
)


def entry(picture: Picture, pictures: Path, truth: Path) -> dict[str, object]:
    """The picture's entry; `sha256` and `bytes` are null until it is rendered."""
    file = pictures / f"{picture.name}.jpg"
    data = file.read_bytes() if file.exists() else None
    style = picture.style
    return {
        "file": file.name,
        "kind": picture.kind,
        "view": picture.view,
        "shop": style.shop,
        "gender": style.gender,
        "category": style.category,
        "garment": style.garment,
        "title": style.title,
        "brand": style.brand,
        "colour": picture.colour,
        "product": picture.product,
        "style": style.key,
        "renderer": picture.renderer,
        "width": picture.size[0],
        "height": picture.size[1],
        "bytes": len(data) if data else None,
        "sha256": hashlib.sha256(data).hexdigest() if data else None,
        "truth": f"{picture.name}.png" if picture.kind == "model" else None,
        "seed": style.seed,
    }


def write(plan: Iterable[Picture], pictures: Path, truth: Path) -> int:
    """Writes the list of all planned pictures; returns how many of them are rendered."""
    entries = [entry(p, pictures, truth) for p in plan]
    text = "[\n" + ",\n".join(json.dumps(e, ensure_ascii=False) for e in entries) + "\n]\n"
    (pictures / "pictures.json").write_text(text, "utf-8")
    return sum(e["sha256"] is not None for e in entries)
