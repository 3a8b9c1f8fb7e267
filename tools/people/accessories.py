"""Plain hats and bags.

A hat is fitted to the head at rest and carried by it; hair above its rim is pressed down under it. A bag hangs from a
hand in the posed body. In the label a hat is like hair (the head below it is labelled, what sticks out is background),
and a bag is a prop: it hides the body behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from tools.people.bodies import Floats, Ints, Shape, rig, vertex_normals
from tools.people.cloth import cloth, colour
from tools.people.hair import Grown
from tools.people.scene import Material, Mesh

AROUND, UP = 64, 14  # meridians and rings of a hat
THICKNESS = 0.013  # metres from the skin to a hat, with pressed hair between them
STYLES = ("beanie", "cap", "brim")
HANGS_BELOW = 0.62  # of the standing height: a bag hangs from a hand that is no higher

Rng = np.random.Generator


@dataclass(frozen=True)
class Hat:
    """points: float64 [N, 3] on the resting figure; faces: int32 [F, 3]; rim: height above which hair is pressed."""

    style: str
    points: Floats
    faces: Ints
    material: Material
    rim: float


@dataclass(frozen=True)
class Bag:
    """A bag's width, height and depth and the length of its handle, in metres, and the hand that carries it."""

    size: tuple[float, float, float]
    handle: float
    material: Material
    side: str


def hat(shape: Shape, rng: Rng) -> Hat:
    """A hat that fits this head."""
    style = str(rng.choice(STYLES, p=[0.4, 0.35, 0.25]))
    material = cloth(rng, 0.8, pattern="knit") if style == "beanie" else cloth(rng, 0.9)
    material = replace(material, kind="leather", roughness=0.9)  # of felt, or knitted: no cloth simulation lets it fall
    model = rig()
    eye = shape.heads[model.bone("eye.L")]
    head = shape.rest[np.unique(model.faces)][(model.group("head") > 0.8)[np.unique(model.faces)]]
    rim = eye[2] + (0.045 if style == "beanie" else 0.055)
    above = head[head[:, 2] > rim - 0.01]
    centre = np.array([0.0, (above[:, 1].min() + above[:, 1].max()) / 2, rim])
    out = above - centre
    radius = np.linalg.norm(out, axis=1)
    directions = _dome()
    near = cKDTree(out / radius[:, None]).query(directions, k=6)[1]
    rise = directions[:, 2:]
    loose = THICKNESS + (0.02 * rise[:, 0] ** 2 if style != "beanie" else 0.012 * rise[:, 0])
    points = centre + directions * (radius[near].max(1) + loose)[:, None]
    rings = [*points.reshape(UP, AROUND, 3)]
    if style == "beanie":  # its cuff
        rings = [_wider(rings[2], centre, 0.007), _wider(rings[0], centre, 0.008), *rings]
    else:
        angle = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
        ahead = np.clip((-np.sin(angle) - 0.45) / 0.3, 0, 1) if style == "cap" else np.ones(AROUND)
        reach = rng.uniform(0.055, 0.085) * ahead
        droop = np.array([0.0, 0.0, -0.25 if style == "cap" else -rng.uniform(0.0, 0.3)])
        away = np.stack([np.cos(angle), np.sin(angle), np.zeros(AROUND)], 1)
        rings = [rings[0] + (away + droop) * (reach * share)[:, None] for share in (1.0, 0.66, 0.33)] + rings
    return Hat(style, np.concatenate(rings), _rings(len(rings), AROUND), material, rim)


def pressed(hair: Grown, hat: Hat, shape: Shape) -> Grown:
    """The hair with what is above the hat's rim held under it."""
    model = rig()
    used = np.unique(model.faces)
    normals = vertex_normals(shape.rest, model.faces)[used]
    points = hair.points.reshape(-1, 3)
    high = np.flatnonzero(points[:, 2] > hat.rim - 0.005)
    at = cKDTree(shape.rest[used]).query(points[high])[1]
    gap = ((points[high] - shape.rest[used][at]) * normals[at]).sum(1)
    points = points.copy()
    points[high] -= normals[at] * np.clip(gap - 0.35 * THICKNESS, 0, None)[:, None]
    return replace(hair, points=points.reshape(hair.points.shape))


def bag(rng: Rng) -> Bag:
    """A handbag or a shopping bag."""
    width = rng.uniform(0.2, 0.36)
    size = (width, width * rng.uniform(0.65, 1.15), rng.uniform(0.07, 0.14))
    material = Material("prop", (colour(rng),), roughness=float(rng.uniform(0.35, 0.8)))
    return Bag(size, float(rng.uniform(0.08, 0.2)), material, str(rng.choice(["L", "R"])))


def hanging(bag: Bag, hand: Floats, turn: float) -> Mesh:
    """The bag below a hand at `hand` [3] (world), its long side along the way the person faces, `turn` radians."""
    width, height, depth = bag.size
    steps = np.linspace(0, 2 * np.pi, 33)[:-1]
    corner = 4.0  # a superellipse: a box with round corners
    ring = np.stack(
        [np.sign(np.cos(steps)) * np.abs(np.cos(steps)) ** (2 / corner) * depth / 2,
         np.sign(np.sin(steps)) * np.abs(np.sin(steps)) ** (2 / corner) * width / 2], 1,
    )  # fmt: skip
    levels = [(0.0, 0.0), (0.9, 0.0), (1.0, 0.06), (0.97, 0.5), (0.8, 1.0), (0.0, 1.0)]  # share of the ring, of height
    body = [np.concatenate([ring * share, np.full((len(ring), 1), rise * height)], 1) for share, rise in levels]
    top = height + bag.handle
    arc = np.linspace(0, np.pi, 13)
    spine = np.stack([np.zeros(13), -np.cos(arc) * width * 0.28, height * 0.97 + np.sin(arc) * (top - height)], 1)
    tube = np.linspace(0, 2 * np.pi, 7)[:-1]
    along = np.gradient(spine, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    side = np.array([1.0, 0.0, 0.0])
    across = np.cross(along, side)
    strap = [
        point + 0.006 * (np.cos(tube)[:, None] * side + np.sin(tube)[:, None] * cross)
        for point, cross in zip(spine, across, strict=True)
    ]
    points = np.concatenate([*body, *strap])
    faces = np.concatenate([_rings(len(body), 32), _rings(len(strap), 6) + 32 * len(body)])
    spin = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]])
    placed = points @ spin.T + hand - np.array([0, 0, top])
    return Mesh("bag", placed.astype(np.float32), faces, points.astype(np.float32), bag.material)


def _dome() -> Floats:
    """Unit vectors [UP * AROUND, 3] from the horizon to the zenith."""
    rise = np.linspace(0, np.pi / 2, UP)[:, None]
    angle = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)[None]
    parts = np.cos(rise) * np.cos(angle), np.cos(rise) * np.sin(angle), np.sin(rise) + 0 * angle
    return np.stack(parts, 2).reshape(-1, 3)


def _wider(ring: Floats, centre: Floats, by: float) -> Floats:
    out = (ring - centre) * [1, 1, 0]
    return np.asarray(ring + out / np.linalg.norm(out, axis=1, keepdims=True) * by)


def _rings(count: int, around: int) -> Ints:
    """Faces int32 [F, 3] between closed rings of points that follow each other."""
    first = np.arange(count - 1)[:, None] * around
    here = np.arange(around)[None]
    beside = (here + 1) % around
    a, b, c, d = (x.ravel() for x in (first + here, first + beside, first + around + here, first + around + beside))
    return np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)]).astype(np.int32)
