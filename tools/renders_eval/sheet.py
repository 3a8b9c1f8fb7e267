"""`python -m tools.renders_eval.sheet FOLDER OUT.jpg`: pictures of the set beside each other, with or without their
ground truth, to look at."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from manifests.palettes import CLEAR


def truth_over(picture: Image.Image, parts: Image.Image, people: list[dict[str, Any]]) -> Image.Image:
    """The picture in grey with its part map, boxes and points, every point in its part's colour."""
    number = np.asarray(parts)
    grey = np.asarray(picture.convert("L").convert("RGB"), np.float32)
    colours = CLEAR[number].astype(np.float32)
    mixed = np.where((number > 0)[..., None], 0.55 * grey + 0.45 * colours, grey).astype(np.uint8)
    out = Image.fromarray(mixed)
    draw = ImageDraw.Draw(out)
    for person in people:
        x, y, width, height = person["bbox"]
        draw.rectangle([x, y, x + width - 1, y + height - 1], outline=(255, 255, 0))
        for part, dx, dy in zip(*(person.get(f"dp_{name}", []) for name in "Ixy"), strict=True):
            cx, cy = x + dx * width / 255, y + dy * height / 255
            colour = tuple(int(c) for c in CLEAR[part])
            draw.ellipse([cx - 2, cy - 2, cx + 2, cy + 2], fill=colour, outline=(0, 0, 0))
    return out


def sheet(folder: Path, names: list[str], columns: int, width: int, truth: bool) -> Image.Image:
    """The named pictures in rows, each `width` pixels wide; with `truth`, each is followed by its ground truth."""
    data = json.loads((folder / "annotations.json").read_bytes())
    ids = {Path(image["file_name"]).stem: image["id"] for image in data["images"]}
    tiles = []
    for name in names:
        picture = Image.open(folder / "images" / f"{name}.jpg").convert("RGB")
        tiles.append(picture)
        if truth:
            people = [one for one in data["annotations"] if one["image_id"] == ids[name]]
            tiles.append(truth_over(picture, Image.open(folder / "parts" / f"{name}.png"), people))
    height = round(width * tiles[0].height / tiles[0].width)
    out = Image.new("RGB", (width * columns, height * -(-len(tiles) // columns)), "white")
    for place, tile in enumerate(tiles):
        small = tile.resize((width, height), Image.Resampling.LANCZOS)
        out.paste(small, (place % columns * width, place // columns * height))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.renders_eval.sheet", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path, help=".jpg or .png")
    parser.add_argument("--only", default="", help="only pictures whose name contains one of these words", nargs="*")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--width", type=int, default=190)
    parser.add_argument("--truth", action="store_true", help="show the ground truth beside each picture")
    options = parser.parse_args()
    names = sorted(path.stem for path in (options.folder / "images").glob("*.jpg"))
    names = [name for name in names if not options.only or any(word in name for word in options.only)]
    names = names[options.first :: options.every][: options.count]
    sheet(options.folder, names, options.columns, options.width, options.truth).save(options.out, quality=82)


if __name__ == "__main__":
    main()
