"""Precision and recall of finding copies, per kind of copy and radius, beside imagededup's hashes in the same run.

    python -m benchmarks.dedup build/dedup --renders build/dedup-renders --rival <python with imagededup>

The pair set is a recipe: copies are made of the demo shops' pictures and of some renders; other colours, other garments
and next poses are renders (`dedup_renders.py`). A pair counts as found if the method calls the two pictures copies.
Ours asks for the hash, as it is or mirrored, and for the colours; imagededup asks for its hash.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image, ImageDraw

from curation.colours import colour_distance
from curation.config import CurationConfig
from curation.inspect import inspect
from curation.records import Inspection
from manifests.decoding import MAX_PIXELS

RADII = (0, 2, 4, 6, 8, 10, 12)
LIMITS = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
Picture = Image.Image
Pair = tuple[str, str, str]


def resized(image: Picture, scale: float) -> Picture:
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)


def cropped(image: Picture, share: float) -> Picture:
    """Without `share` of the width and of the height, as much from one side as from the other."""
    x, y = round(image.width * share / 2), round(image.height * share / 2)
    return image.crop((x, y, image.width - x, image.height - y))


def bordered(image: Picture, share: float) -> Picture:
    width = round(max(image.size) * share)
    framed = Image.new("RGB", (image.width + 2 * width, image.height + 2 * width), "white")
    framed.paste(image, (width, width))
    return framed


def watermarked(image: Picture) -> Picture:
    marked = image.copy()
    size = image.height // 24
    ImageDraw.Draw(marked).text((image.width * 0.55, image.height * 0.9), "shop.example", fill="white", font_size=size)
    return marked


COPIES: dict[str, list[tuple[Callable[[Picture], Picture], int]]] = {
    "re-encoded": [(lambda image: image, quality) for quality in (30, 50, 75, 90)],
    "resized": [(lambda image, scale=scale: resized(image, scale), 85) for scale in (0.33, 0.5, 1.5)],  # type: ignore[misc]
    "mirrored": [(lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 85),
                 (lambda image: resized(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 0.6), 75)],
    "cropped 2 %": [(lambda image: cropped(image, 0.02), 85)],
    "cropped 5 %": [(lambda image: cropped(image, 0.05), 85)],
    "cropped 10 %": [(lambda image: cropped(image, 0.10), 85)],
    "bordered 3 %": [(lambda image: bordered(image, 0.03), 85)],
    "watermarked": [(watermarked, 85)],
}  # fmt: skip
OTHERS = ("other colour", "other garment", "next pose", "another picture")


def make_pairs(folder: Path, demo: list[Path], renders: list[Path]) -> Iterator[Pair]:
    """Write the pictures into `folder` and yield (kind, file, file)."""
    for path in renders:
        (folder / path.name).write_bytes(path.read_bytes())
    sources = demo[::2] + renders[:: max(1, len(renders) // 40)]
    for path in sources:
        (folder / path.name).write_bytes(path.read_bytes())
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        for kind, copies in COPIES.items():
            for number, (make, quality) in enumerate(copies):
                name = f"{path.stem}~{kind.replace(' ', '')}{number}.jpg"
                make(image).save(folder / name, quality=quality)
                yield kind, path.name, name
    for _, person in itertools.groupby(renders, key=lambda path: path.name[:2]):
        for one, other in itertools.combinations(sorted(person), 2):
            kinds = {one.name.split("-")[1], other.name.split("-")[1]}
            if kinds == {"colour"}:
                yield "other colour", one.name, other.name
            elif "pose" in kinds and "outfit" not in kinds:
                yield "next pose", one.name, other.name
            elif "outfit" in kinds and "pose" not in kinds:
                yield "other garment", one.name, other.name
    products = {path.name: path.name.rsplit("-", 2)[0] for path in demo}  # without colour and view
    for name, stranger in itertools.combinations([path.name for path in sources if path in demo], 2):
        if products[name] != products[stranger]:
            yield "another picture", name, stranger


def bits(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def ours(one: Inspection, other: Inspection, limit: float) -> int:
    """The smallest radius at which the pair is called copies; 65 for never."""
    assert one.phash is not None and other.phash is not None and one.colours is not None and other.colours is not None
    assert one.mirrored is not None and other.mirrored is not None
    near, mirrored = 65, 65
    if colour_distance(one.colours, other.colours) <= limit:
        near = bits(one.phash, other.phash)
    if colour_distance(one.colours, other.colours, mirrored=True) <= limit:
        mirrored = min(bits(one.phash, other.mirrored), bits(one.mirrored, other.phash))
    return min(near, mirrored)


def table(distances: dict[str, list[int]]) -> Iterator[str]:
    """Rows per kind, columns per radius: recall and precision of copies, share found of others."""
    yield "| pairs | n | " + " | ".join(f"≤ {radius}" for radius in RADII) + " |"
    yield "| --- | ---: | " + " | ".join("---:" for _ in RADII) + " |"
    for kind in COPIES:
        cells = []
        for radius in RADII:
            true = sum(one <= radius for one in distances[kind])
            false = sum(one <= radius for other in OTHERS for one in distances[other])
            precision = f"{true / (true + false):.3f}" if true + false else "–"
            cells.append(f"{true / len(distances[kind]):.3f} / {precision}")
        yield f"| {kind} | {len(distances[kind])} | " + " | ".join(cells) + " |"
    for kind in OTHERS:
        found = [sum(one <= radius for one in distances[kind]) for radius in RADII]
        yield f"| *{kind}* | {len(distances[kind])} | " + " | ".join(str(count) for count in found) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="for the pictures of the pair set")
    parser.add_argument("--demo", type=Path, default=Path("demo/pictures"))
    parser.add_argument("--renders", type=Path, required=True)
    parser.add_argument("--rival", type=Path, help="a Python that has imagededup; left out without it")
    settings = parser.parse_args()
    settings.folder.mkdir(parents=True, exist_ok=True)
    pairs = list(
        make_pairs(settings.folder, sorted(settings.demo.glob("*.jpg")), sorted(settings.renders.glob("*.jpg")))
    )
    seen = {path.name: inspect(path, MAX_PIXELS) for path in sorted(settings.folder.glob("*.jpg"))}
    limit = CurationConfig().colour_distance
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {len(seen)} pictures, {len(pairs)} pairs.\n")
    print("Copies: recall / precision (against all pairs that are no copies). *Others*: how many are called copies.\n")
    measured = {
        limit: [(kind, ours(seen[one], seen[other], limit)) for kind, one, other in pairs] for limit in (*LIMITS, 1e9)
    }
    print(f"### Ours, colour distance up to {limit:g}\n\n" + "\n".join(table(_by_kind(measured[limit]))) + "\n")
    print("### Ours without the colours\n\n" + "\n".join(table(_by_kind(measured[1e9]))) + "\n")
    radius = CurationConfig().hamming_radius
    print(f"### Ours at radius {radius} by colour distance: share called copies\n")
    print("| pairs | " + " | ".join(f"≤ {one:g}" for one in LIMITS) + " |\n| --- | " + "---: | " * len(LIMITS))
    for kind in (*COPIES, *OTHERS):
        shares = [_by_kind(measured[one])[kind] for one in LIMITS]
        cells = [f"{sum(bits <= radius for bits in share) / len(share):.4f}" for share in shares]
        print(f"| {kind} | " + " | ".join(cells) + " |")
    print()
    if settings.rival:
        script = Path(__file__).parent / "rivals" / "imagededup_methods.py"
        command = [str(settings.rival), str(script), str(settings.folder), "hashes"]
        answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        for method, hashes in json.loads(answer.splitlines()[-1]).items():
            values = {name: int(value, 16) for name, value in hashes.items()}
            found = [(kind, bits(values[one], values[other])) for kind, one, other in pairs]
            print(f"### imagededup {method}\n\n" + "\n".join(table(_by_kind(found))) + "\n")


def _by_kind(measured: list[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {kind: [] for kind in (*COPIES, *OTHERS)}
    for kind, distance in measured:
        found[kind].append(distance)
    return found


if __name__ == "__main__":
    main()
