"""Clothes without a wearer, filling the frame as in shops: what a person detector must learn to leave alone.

`python -m tools.people.packshots OUT --count 500` writes `shard-packshots-00000.npz` and so on, shards like those of
`tools.people.dataset`, with nothing but background in their labels. Garments keep the shape of a body that is not
there, hanging, walking or laid flat.
"""

import argparse
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from tools.people.bodies import rig, sample_phenotype, shape
from tools.people.cloth import cloth
from tools.people.dataset import PER_FIGURE, SHARD, Sample, write_shard
from tools.people.figures import TRAINING, Figure, dress, posed
from tools.people.poses import pose
from tools.people.render import layers, picture, truth
from tools.people.scene import Background, Mesh, Scene
from tools.people.staging import Framing, aim, backdrop, lights, photograph
from tools.people.wardrobe import outfit

FIRST_SEED = 3_000_000
"""Beyond the seeds of all rendered people (training, held out, evaluation)."""
TIGHT = Framing(1.0, (-0.12, -0.02), (1.02, 1.14))
ARMS = ("relaxed", "relaxed", "relaxed", "relaxed", "hand on hip", "hands on hips")
LEGS = ("standing", "standing", "walking", "crossing")


def wardrobe(seed: int) -> Figure:
    """Somebody's clothes, on a body that is never drawn."""
    body_rng, cloth_rng = (np.random.default_rng([seed, k]) for k in range(2))
    female = bool(body_rng.random() < 0.6)
    wearer = shape(sample_phenotype(body_rng, female))
    draped = dress(wearer, outfit(cloth_rng, female), TRAINING)
    whole = tuple(np.ones(len(piece.faces), bool) for piece in draped)
    unseen = np.zeros(len(rig().faces), bool)
    return Figure(wearer, np.zeros((8, 8, 3), np.uint8), "bald", (0, 0, 0), None, draped, unseen, whole, TRAINING)


def garment(clothes: Figure, rng: np.random.Generator) -> tuple[Mesh, ...]:
    """One garment (all pieces of one cloth) in a colour of its own, as it hangs on somebody in a pose."""
    shoes = rng.random() < 0.08
    kinds = [piece for piece in clothes.draped if (piece.garment.cut.template == "shoe") == shoes]
    material = (kinds or clothes.draped)[int(rng.integers(len(kinds or clothes.draped)))].garment.material
    fresh = cloth(rng, 0.6) if material.kind == "cloth" and material.pattern != "denim" else material
    names = {piece.garment.name for piece in clothes.draped if piece.garment.material is material}
    stance = pose(clothes.shape, rng, str(rng.choice(ARMS)), str(rng.choice(LEGS)))
    meshes = [replace(mesh, material=fresh) for mesh in posed(clothes, stance).meshes if mesh.name in names]
    depth = rng.uniform(0.05, 0.3) if rng.random() < 0.25 else 1.0
    lowest = min(float(mesh.vertices[:, 2].min()) for mesh in meshes)
    return tuple(
        replace(mesh, vertices=((mesh.vertices - [0, 0, lowest]) * [1, depth, 1]).astype(np.float32)) for mesh in meshes
    )


def sample(clothes: Figure, seed: int, size: tuple[int, int]) -> Sample:
    """One picture of one of the garments."""
    rng = np.random.default_rng([seed, 11])
    meshes = garment(clothes, rng)
    yaw = float(rng.normal() * 0.15 + (np.pi if rng.random() < 0.2 else 0.0))
    camera = aim(np.concatenate([mesh.vertices for mesh in meshes]), TIGHT, yaw, size, rng)
    grey = float(rng.uniform(0.88, 1.0))
    wall = Background("studio", ((grey,) * 3, (grey,) * 3), -0.6, seed) if rng.random() < 0.65 else backdrop(rng)  # type: ignore[arg-type]
    scene = Scene((), camera, lights(rng, yaw), wall, seed, meshes)
    iuv, instance = truth(scene)
    meta: dict[str, object] = {"seed": seed, "framing": "none", "yaw": round(yaw, 4), "persons": []}
    return Sample(photograph(picture(scene), seed), iuv, instance, layers(scene), meta)


def samples(number: int, size: tuple[int, int]) -> list[Sample]:
    """The pictures of one shard."""
    out: list[Sample] = []
    for group in range(SHARD // PER_FIGURE):
        seed = FIRST_SEED + number * (SHARD // PER_FIGURE) + group
        clothes = wardrobe(seed)
        out += [sample(clothes, seed * PER_FIGURE + k, size) for k in range(PER_FIGURE)]
    return out


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=500, help=f"pictures, rounded up to whole shards of {SHARD}")
    parser.add_argument("--size", default="240x320", help="WIDTHxHEIGHT")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    options.out.mkdir(parents=True, exist_ok=True)
    for number in range(-(-options.count // SHARD)):
        path = options.out / f"shard-packshots-{number:05d}.npz"
        if not path.exists():
            write_shard(path, samples(number, (width, height)))
        print(path, flush=True)


if __name__ == "__main__":
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    main()
