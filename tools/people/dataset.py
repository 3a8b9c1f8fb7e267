"""Render a training set: `python -m tools.people.dataset OUT --start 0 --count 500`.

Shards of 100 pictures, `shard-00000.npz`: image uint8 [N, H, W, 3] RGB; iuv uint8 [N, H, W, 3] (part, U*255, V*255);
instance uint8 [N, H, W] (0 nobody, then 1..); layer uint8 [N, H, W], what the picture shows (`render.LAYERS`); meta, a
JSON list with one object a picture. A shard depends on its number, the size, the first seed and `--adorned` alone;
existing shards are kept, so an interrupted run continues where it was.
Training people use seeds below 1,000,000 and held-out people seeds from there on.
"""

from __future__ import annotations

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools import files
from tools.people.casting import cast, other_cloth
from tools.people.figures import TRAINING, Figure, figure, posed, reclothe, still_life
from tools.people.poses import pose
from tools.people.render import layers, picture, truth
from tools.people.scene import Mesh, Person
from tools.people.staging import photograph, stage

SHARD = 100
PER_FIGURE = 5
HELD_OUT = 1_000_000

Rng = np.random.Generator


@dataclass(frozen=True)
class Sample:
    image: NDArray[np.uint8]
    iuv: NDArray[np.uint8]
    instance: NDArray[np.uint8]
    layer: NDArray[np.uint8]
    meta: dict[str, object]


@dataclass(frozen=True)
class _Poser:
    """A figure as a `casting.Model`: any pose."""

    base: Figure

    def recoloured(self, rng: Rng) -> _Poser:
        pieces = [(piece.garment.name, piece.garment.material) for piece in self.base.draped]
        return _Poser(reclothe(self.base, other_cloth(pieces, rng)))

    def posed(self, rng: Rng, place: tuple[float, float] = (0.0, 0.0), turn: tuple[float, float] = (0, 0)) -> Person:
        stance = pose(self.base.shape, rng)
        return posed(self.base, stance, place, rng.uniform(*turn) if turn[1] > turn[0] else 0.0)

    def still_life(self, rng: Rng) -> tuple[Mesh, ...]:
        return still_life(self.base, rng)


def sample(base: Figure, neighbour: Figure | None, seed: int, size: tuple[int, int]) -> Sample:
    """One picture of a figure, sometimes with a neighbour or of its clothes alone."""
    rng = np.random.default_rng([seed, 5])
    persons, props = cast(_Poser(base), _Poser(neighbour) if neighbour is not None else None, rng)
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
    files.write(path, files.npz(arrays, 3))


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
