"""Render a training set: `python -m tools.people.dataset OUT --start 0 --count 500`.

Shards of 100 pictures, `shard-00000.npz`: image uint8 [N, H, W, 3] RGB; iuv uint8 [N, H, W, 3] (part, U*255, V*255);
instance uint8 [N, H, W] (0 nobody, then 1..); layer uint8 [N, H, W], what the picture shows (`render.LAYERS`); meta, a
JSON list with one object a picture. A shard depends on its number, the size, the first seed and `--adorned` alone;
existing shards are kept, so an interrupted run continues where it was.
Training people use seeds below 1,000,000 and held-out people seeds from there on.
"""

import argparse
import io
import json
import os
import zipfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.people.cloth import cloth
from tools.people.figures import TRAINING, Figure, figure, posed, reclothe, still_life
from tools.people.poses import pose
from tools.people.render import layers, picture, truth
from tools.people.scene import Mesh, Person
from tools.people.staging import photograph, seat, stage

SHARD = 100
PER_FIGURE = 5
HELD_OUT = 1_000_000
NEGATIVES = 0.05
GROUPS = 0.08


@dataclass(frozen=True)
class Sample:
    image: NDArray[np.uint8]
    iuv: NDArray[np.uint8]
    instance: NDArray[np.uint8]
    layer: NDArray[np.uint8]
    meta: dict[str, object]


def _new_colours(base: Figure, rng: np.random.Generator) -> Figure:
    """The same outfit in other cloth; pieces that shared their cloth go on sharing it."""
    drawn: dict[int, object] = {}
    materials = {}
    for piece in base.draped:
        material = piece.garment.material
        if material.kind == "cloth":
            pattern = material.pattern if material.pattern == "denim" else None
            fresh = drawn.setdefault(id(material), cloth(rng, 0.5, pattern=pattern))
            materials[piece.garment.name] = fresh
    return reclothe(base, materials)  # type: ignore[arg-type]


def sample(base: Figure, neighbour: Figure | None, seed: int, size: tuple[int, int]) -> Sample:
    """One picture of a figure, sometimes with a neighbour or of its clothes alone."""
    rng = np.random.default_rng([seed, 5])
    kind = rng.random()
    dressed = _new_colours(base, rng) if rng.random() < 0.6 else base
    persons: tuple[Person, ...] = ()
    props: tuple[Mesh, ...] = ()
    if kind < NEGATIVES:
        props = still_life(dressed, rng) if rng.random() < 0.8 else ()
    else:
        persons = (posed(dressed, pose(dressed.shape, rng)),)
        if persons[0].attributes["pose"].endswith("sitting"):
            props = (seat(persons[0], rng),)
        if kind < NEGATIVES + GROUPS and neighbour is not None:
            count = 2 if rng.random() < 0.3 else 1
            for k in range(count):
                side = (1 if k else -1) * rng.uniform(0.45, 1.0)
                place = (side, rng.uniform(-0.5, 0.7))
                other = neighbour if k == 0 else _new_colours(neighbour, rng)
                persons += (posed(other, pose(other.shape, rng), place, rng.uniform(-0.7, 0.7)),)
    scene, shot = stage(persons, size, seed, props)
    image = photograph(picture(scene), seed)
    iuv, instance = truth(scene)
    meta: dict[str, object] = {"seed": seed, **shot, "persons": [dict(person.attributes) for person in persons]}
    return Sample(image, iuv, instance, layers(scene), meta)


def samples(number: int, size: tuple[int, int], first_seed: int, adorned: float) -> list[Sample]:
    """The pictures of one shard; `adorned` is the chance of a hat, and of a bag."""
    out: list[Sample] = []
    neighbour = None
    for group in range(SHARD // PER_FIGURE):
        seed = first_seed + number * (SHARD // PER_FIGURE) + group
        female = bool(np.random.default_rng([seed, 6]).random() < 0.55)
        base = figure(seed, female, TRAINING, adorned=adorned)
        out += [sample(base, neighbour, seed * PER_FIGURE + k, size) for k in range(PER_FIGURE)]
        neighbour = base
    return out


def write_shard(path: Path, shard: list[Sample]) -> None:
    """Write beside, then rename; the same samples give the same bytes."""
    arrays = {
        "image": np.stack([s.image for s in shard]),
        "iuv": np.stack([s.iuv for s in shard]),
        "instance": np.stack([s.instance for s in shard]),
        "layer": np.stack([s.layer for s in shard]),
        "meta": np.array(json.dumps([s.meta for s in shard], sort_keys=True)),
    }
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with open(part, "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            for name, array in arrays.items():
                buffer = io.BytesIO()
                np.lib.format.write_array(buffer, array, allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), buffer.getvalue(), zipfile.ZIP_DEFLATED)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def make_shard(folder: Path, number: int, size: tuple[int, int], first_seed: int, adorned: float) -> Path:
    path = folder / f"shard-{number:05d}.npz"
    if not path.exists():
        write_shard(path, samples(number, size, first_seed, adorned))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--start", type=int, default=0, help="first picture, a multiple of 100")
    parser.add_argument("--count", type=int, default=500, help="pictures, rounded up to whole shards")
    parser.add_argument("--size", default="240x320", help="WIDTHxHEIGHT")
    parser.add_argument("--first-seed", type=int, default=0, help=f"{HELD_OUT} for held-out people")
    parser.add_argument("--adorned", type=float, default=0.12, help="chance of a hat, and of a bag")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    if options.start % SHARD:
        parser.error(f"--start must be a multiple of {SHARD}")
    width, height = map(int, options.size.split("x"))
    options.out.mkdir(parents=True, exist_ok=True)
    numbers = range(options.start // SHARD, -(-(options.start + options.count) // SHARD))
    jobs = [(options.out, number, (width, height), options.first_seed, options.adorned) for number in numbers]
    if options.workers == 1:
        for job in jobs:
            print(make_shard(*job), flush=True)
    else:
        with ProcessPoolExecutor(options.workers) as pool:
            for path in pool.map(make_shard, *zip(*jobs, strict=True)):
                print(path, flush=True)


if __name__ == "__main__":
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    main()
