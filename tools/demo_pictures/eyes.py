"""Eyes: the eyeballs taken out of the skin as a mesh of their own, with a drawn iris and a wet surface."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tools.people.bodies import Ints, rig
from tools.people.scene import Colour, Material, Mesh
from tools.people.skin import position_map

RADIUS = 0.0152  # metres, of the mean adult's eyeball
TEXELS = 128


@lru_cache(maxsize=1)
def eyeballs() -> NDArray[np.bool_]:
    """Which of the body's faces belong to an eyeball."""
    model = rig()
    weight = model.weights[:, [model.bone("eye.L"), model.bone("eye.R")]].max(1)
    centre = model.rest[model.faces].mean(1)
    near = np.minimum(*(np.linalg.norm(centre - model.head(f"eye.{side}"), axis=1) for side in "LR")) < RADIUS * 1.1
    return np.asarray((weight[model.faces] > 0.5).all(1) & near)


def _drawing(iris: Colour) -> NDArray[np.uint8]:
    """The eye seen from in front: pupil, iris with its darker rim, and a white that darkens towards the lids."""
    step = (np.arange(TEXELS) + 0.5) / TEXELS * 2 - 1
    radius = np.hypot(*np.meshgrid(step, step))
    angle = np.arctan2(*np.meshgrid(step, step))
    fibres = 1 + 0.18 * np.sin(angle * 23) * np.sin(angle * 41 + 2)
    white = np.array([0.86, 0.83, 0.81]) * (1 - 0.25 * np.clip(radius - 0.3, 0, 1))[..., None]
    colour = np.array(iris) * (fibres * np.where(radius > 0.37, 0.45, 1.0))[..., None]
    out = np.where((radius < 0.43)[..., None], colour, white)
    out[radius < 0.17] = 0.015
    return np.asarray(np.clip(out, 0, 1) * 255 + 0.5, np.uint8)


def eyes(vertices: NDArray[np.float32], iris: Colour) -> Mesh:
    """Both eyeballs as a mesh; `vertices` are the base vertices in the world."""
    model = rig()
    faces: Ints = model.faces[eyeballs()]
    corners = model.rest[faces]
    centres = np.where((corners[:, :, :1] > 0), model.head("eye.L"), model.head("eye.R"))
    uv = (corners - centres)[..., [0, 2]] / (2 * RADIUS) + 0.5
    used, index = np.unique(faces, return_inverse=True)
    return Mesh(
        "eyes", vertices[used], index.reshape(-1, 3).astype(np.int32), model.rest[used].astype(np.float32),
        Material("button", (iris,), roughness=0.12), np.clip(uv, 0, 1).astype(np.float32), _drawing(iris),
    )  # fmt: skip


def lashes(texture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The skin texture with the lids' edges darkened, above more than below."""
    place = position_map(len(texture))
    out = texture.astype(np.float32)
    for side in "LR":
        offset = np.nan_to_num(place - rig().head(f"eye.{side}").astype(np.float32), nan=9.0)
        distance = np.sqrt((offset**2).sum(2))
        edge = np.clip((RADIUS + 0.0030 - distance) / 0.0016, 0, 1) * (offset[..., 1] < 0.002)
        out *= 1 - (edge * np.where(offset[..., 2] > -0.001, 0.8, 0.35))[..., None]
    return out.astype(np.uint8)
