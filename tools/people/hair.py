"""Hair: strands grown from the scalp of a resting figure, carried along with head and shoulders."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tools.people.bodies import Floats, Ints, Shape, rig, vertex_normals
from tools.people.scene import Colour
from tools.people.skin import hairline

LENGTHS = {
    "buzz": 0.012,
    "short": 0.045,
    "crop": 0.07,
    "curly": 0.1,
    "bob": 0.26,
    "long": 0.46,
    "pony": 0.36,
    "bun": 0.2,
}
FEMALE_STYLES = ("long", "long", "bob", "pony", "bun", "curly", "bob", "crop")
MALE_STYLES = ("short", "short", "crop", "buzz", "short", "curly", "bald")
COLOURS: tuple[Colour, ...] = (
    (0.16, 0.12, 0.10), (0.28, 0.19, 0.13), (0.45, 0.32, 0.21), (0.74, 0.6, 0.42), (0.10, 0.09, 0.09),
    (0.52, 0.26, 0.15), (0.62, 0.6, 0.58),
)  # fmt: skip
COLOUR_CHANCES = (0.26, 0.24, 0.15, 0.1, 0.15, 0.05, 0.05)


@dataclass(frozen=True)
class Grown:
    """points: [N, K, 3] on the resting figure; weights: [N * K, 104] for skinning; shade: float32 [N]."""

    points: Floats
    weights: Floats
    shade: NDArray[np.float32]


@lru_cache(maxsize=1)
def scalp() -> Ints:
    """Faces of the body that hair grows from."""
    model = rig()
    corners = model.rest[model.faces]
    centre = corners.mean(1)
    eye = model.head("eye.L")
    middle = np.array([0.0, eye[1] + 0.09, eye[2] + 0.03])
    outward = ((centre - middle) * np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])).sum(1) > 0
    on_head = (model.group("head")[model.faces] > 0.8).all(1)
    far = np.linalg.norm(centre - middle, axis=1) > 0.065
    ears = (np.abs(centre[:, 0]) > 0.068) & (centre[:, 2] < eye[2] + 0.035) & (centre[:, 1] < eye[1] + 0.13)
    return model.faces[on_head & outward & far & ~ears & (hairline(centre) > 0.002)]


def grow(shape: Shape, style: str, cloth: Floats, rng: np.random.Generator, count: int, steps: int = 9) -> Grown:
    """Grow `count` strands of `steps` points. cloth: points [M, 3] of the garments that hair must stay clear of."""
    model, faces = rig(), scalp()
    normals = vertex_normals(shape.rest, model.faces)
    corners = shape.rest[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    face = rng.choice(len(faces), count, p=area / area.sum())
    mix = rng.dirichlet([1, 1, 1], count)[..., None]
    root = (corners[face] * mix).sum(1)
    normal = (normals[faces[face]] * mix).sum(1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    near = np.flatnonzero((model.group("head", "torso") > 0.3) & np.isin(np.arange(len(model.rest)), model.faces))
    skin_tree = cKDTree(shape.rest[near])
    cloth_tree = cKDTree(cloth) if len(cloth) else None
    eye = shape.heads[model.bone("eye.L")]
    crown = shape.rest[np.unique(faces)].mean(0)
    length = LENGTHS[style] * rng.uniform(0.8, 1.1, count)
    mean_root = (model.rest[faces[face]] * mix).sum(1)
    if style in ("short", "crop"):
        length *= np.clip(0.45 + hairline(mean_root) / 0.1, 0.3, 1.1)
    parting = rng.uniform(-0.03, 0.03)
    side = np.sign(root[:, 0] - parting + rng.normal(size=count) * 0.004)
    lift = rng.uniform(0.003, 0.02 if style in ("long", "bob") else 0.01, count) * rng.uniform(0.7, 1.4)
    clump = rng.integers(0, 220, count)
    drift = rng.normal(size=(220, 3)) * 0.25
    sweep = rng.uniform(-0.6, 0.6)
    down = np.array([0.0, 0.0, -1.0])
    knot = crown + np.array([0.0, 0.125, rng.uniform(-0.06, 0.05)])
    direction, path = normal.copy(), [root]
    for step in range(1, steps):
        part = step / steps
        here = path[-1]
        if style == "buzz":
            pull = normal
        elif style in ("short", "crop"):
            pull = normal * (0.5 - 0.3 * part) + np.stack(
                [side * 0.3 + sweep, np.full(count, 0.25), np.full(count, -0.2)], 1
            )
        elif style == "curly":
            pull = normal * 0.55 + rng.normal(size=(count, 3)) * 0.45 + drift[clump] * 2.4 + down * 0.3
        elif style in ("pony", "bun"):
            way = knot - here
            gap = np.linalg.norm(way, axis=1, keepdims=True)
            after = down + np.array([0, 0.25, 0]) if style == "pony" else rng.normal(size=(count, 3))
            pull = np.where(gap < 0.04, after, way / (gap + 0.01))
        else:
            ahead = np.clip((eye[1] + 0.1 - here[:, 1]) / 0.06, 0, 1)
            sideways = side * (0.8 * np.clip(1 - 3.5 * part, 0, 1) + 0.7 * ahead * (np.abs(here[:, 0]) < 0.075))
            inward = -0.5 * np.clip((np.abs(here[:, 0]) - 0.095) / 0.03, 0, 1) * np.sign(here[:, 0])
            pull = np.stack([sideways + inward, 0.9 * ahead, np.full(count, -np.clip(0.3 + 3.5 * part, 0, 1.8))], 1)
        pull = pull + drift[clump] * (0.2 if style != "curly" else 0.5) + rng.normal(size=(count, 3)) * 0.05
        direction = 0.4 * direction + 0.6 * pull
        direction /= np.linalg.norm(direction, axis=1, keepdims=True) + 1e-9
        here = here + direction * (length / (steps - 1))[:, None]
        at = near[skin_tree.query(here)[1]]
        lack = lift - ((here - shape.rest[at]) * normals[at]).sum(1)
        here = here + normals[at] * np.clip(lack, 0, 0.04)[:, None]
        if cloth_tree is not None and style in ("long", "bob", "pony"):
            gap, index = cloth_tree.query(here)
            close = (gap < 0.03)[:, None]
            outward = (here - np.array([0, crown[1] + 0.05, 0])) * np.array([1, 1, 0])
            outward /= np.linalg.norm(outward, axis=1, keepdims=True) + 1e-9
            short = np.clip(0.012 - ((here - cloth[index]) * outward).sum(1), 0, 0.02)[:, None]
            here = here + close * outward * short
        path.append(here)
    points = np.stack(path, 1)
    weights = np.zeros((count * steps, len(model.bones)))
    neck = shape.heads[model.bone("neck01")][2]
    held = np.clip((points[..., 2].ravel() - (neck - 0.06)) / 0.12, 0, 1)
    weights[:, model.bone("head")] = held
    weights[:, model.bone("spine01")] = 1 - held
    shade = rng.uniform(0.7, 1.25, count) * (1 + 0.3 * drift[clump, 0])
    return Grown(points, weights, shade.astype(np.float32))
