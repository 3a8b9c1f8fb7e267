"""Dressed and posed people on file, so that a machine without anny can draw training pictures.

`python -m tools.people.stock OUT --people 200` writes `people-00000.npz` and so on, ten people each in several poses
with some of their clothes alone, and `backdrops-00000.npz`, pictures to stand before. Files are complete or absent, and
depend on their number and the options alone: an interrupted run continues where it was.

See `packing` for what is in a file of people; one of backdrops holds JPEGs.
"""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tools import files
from tools.people import backdrops
from tools.people.casting import other_cloth
from tools.people.packing import LEVEL, Entry, packed, unpacked
from tools.people.scene import Camera, Mesh, Person
from tools.people.staging import backdrop

PER_FILE = 10
STILLS = 2
BACKDROPS = 50
QUALITY = 92
ADORNED = 0.12

Rng = np.random.Generator


@dataclass(frozen=True)
class Stocked:
    """Somebody from the stock, a `casting.Model`: some poses, and some of the clothes alone."""

    poses: tuple[Person, ...]
    stills: tuple[tuple[Mesh, ...], ...]

    def recoloured(self, rng: Rng) -> Stocked:
        """The same outfit in other cloth."""
        worn = [mesh for meshes in self._meshes() for mesh in meshes]
        fresh = other_cloth({mesh.name: mesh.material for mesh in worn}.items(), rng)

        def again(meshes: tuple[Mesh, ...]) -> tuple[Mesh, ...]:
            return tuple(replace(mesh, material=fresh.get(mesh.name, mesh.material)) for mesh in meshes)

        poses = tuple(replace(person, meshes=again(person.meshes)) for person in self.poses)
        return Stocked(poses, tuple(again(meshes) for meshes in self.stills))

    def posed(self, rng: Rng, place: tuple[float, float] = (0.0, 0.0), turn: tuple[float, float] = (0, 0)) -> Person:
        """One of the poses, at `place`, turned to the left by an angle from the range `turn` (radians)."""
        person = self.poses[int(rng.integers(len(self.poses)))]
        return moved(person, place, rng.uniform(*turn)) if turn[1] > turn[0] else person

    def still_life(self, rng: Rng) -> tuple[Mesh, ...]:
        """Some of the clothes alone."""
        return self.stills[int(rng.integers(len(self.stills)))] if self.stills else ()

    def arrays(self) -> Iterator[NDArray[Any]]:
        """Everything that its pictures are drawn from."""
        for person in self.poses:
            body = person.body
            yield from (body.vertices, body.faces, body.part, body.uv)
            for curve in person.hair:
                yield from (curve.points, curve.shade)
        for meshes in self._meshes():
            for mesh in meshes:
                yield from (mesh.vertices, mesh.faces, mesh.rest)
                yield from (array for array in (mesh.uv, mesh.texture) if array is not None)

    def _meshes(self) -> list[tuple[Mesh, ...]]:
        return [*(person.meshes for person in self.poses), *self.stills]


def moved(person: Person, place: tuple[float, float], turn: float) -> Person:
    """The person turned to the left about the origin by `turn` radians, then moved to `place`."""
    spin = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]], np.float32)
    shift = np.array([*place, 0], np.float32)

    def there(points: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(points @ spin.T + shift, np.float32)

    return replace(
        person,
        body=replace(person.body, vertices=there(person.body.vertices)),
        meshes=tuple(replace(mesh, vertices=there(mesh.vertices)) for mesh in person.meshes),
        hair=tuple(replace(curve, points=there(curve.points)) for curve in person.hair),
    )


@dataclass(frozen=True)
class Stock:
    """people, and pictures to stand before: uint8 [K, h, w, 3], sRGB."""

    people: tuple[Stocked, ...]
    backdrops: NDArray[np.uint8]


def load(folder: Path) -> Stock:
    """Everything that `python -m tools.people.stock` wrote to `folder`."""
    shared: dict[str, NDArray[Any]] = {}
    paths = sorted(folder.glob("people-*.npz"))
    if not paths:
        raise FileNotFoundError(f"{folder} has no people; make some with python -m tools.people.stock {folder}")
    people = [Stocked(*entry) for path in paths for entry in unpacked(path, shared)]
    pictures = []
    for path in sorted(folder.glob("backdrops-*.npz")):
        with np.load(path, allow_pickle=False) as archive:
            pictures += [np.asarray(Image.open(io.BytesIO(archive[name].tobytes()))) for name in archive.files]
    return Stock(tuple(people), np.stack(pictures) if pictures else np.zeros((0, 1, 1, 3), np.uint8))


def somebody(seed: int, poses: int, adorned: float) -> Entry:
    """An adult of this seed in an outfit and some poses, and some of the clothes alone (needs anny)."""
    from tools.people.figures import TRAINING, figure, posed, still_life
    from tools.people.poses import pose

    female = bool(np.random.default_rng([seed, 6]).random() < 0.55)
    base, rng = figure(seed, female, TRAINING, adorned=adorned), np.random.default_rng([seed, 7])
    people = tuple(posed(base, pose(base.shape, rng)) for _ in range(poses))
    return people, tuple(still_life(base, rng) for _ in range(STILLS))


def painted(seed: int, size: tuple[int, int]) -> bytes:
    """A file of `BACKDROPS` pictures to stand before, width and height `size`, of the kinds that no device draws."""
    rng = np.random.default_rng([seed, 8])
    out: dict[str, NDArray[Any]] = {}
    camera = Camera((0, -3, 1), (0, 0, 1), 30.0, *size)
    while len(out) < BACKDROPS:
        background = backdrop(rng)
        if background.kind not in backdrops.SMOOTH:
            pixels = np.round(backdrops.picture(background, camera) * 255).astype(np.uint8)
            out[f"{len(out):04d}"] = np.frombuffer(files.jpeg(pixels, QUALITY), np.uint8)
    return files.npz(out, LEVEL)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--people", type=int, default=200, help=f"rounded up to whole files of {PER_FILE}")
    parser.add_argument("--poses", type=int, default=6, help="of each")
    parser.add_argument("--backdrops", type=int, default=200, help=f"rounded up to whole files of {BACKDROPS}")
    parser.add_argument("--backdrop-size", default="360x480", help="WIDTHxHEIGHT")
    parser.add_argument("--first-seed", type=int, default=0, help="people of other seeds are other people")
    parser.add_argument("--adorned", type=float, default=ADORNED, help="chance of a hat, and of a bag")
    options = parser.parse_args()
    width, height = map(int, options.backdrop_size.split("x"))
    options.out.mkdir(parents=True, exist_ok=True)
    for number in range(-(-options.backdrops // BACKDROPS)):
        path = options.out / f"backdrops-{number:05d}.npz"
        if not path.exists():
            files.write(path, painted(options.first_seed + number, (width, height)))
        print(path, flush=True)
    for number in range(-(-options.people // PER_FILE)):
        path = options.out / f"people-{number:05d}.npz"
        if not path.exists():
            first = options.first_seed + number * PER_FILE
            seeds = range(first, first + PER_FILE)
            files.write(path, packed([somebody(seed, options.poses, options.adorned) for seed in seeds]))
        print(path, flush=True)


if __name__ == "__main__":
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    main()
