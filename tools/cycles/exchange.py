"""A scene as one .npz file, readable with numpy of any version: arrays by name, everything else as JSON.

Fabrics are evaluated here, on the writing side, into one texture a mesh (see `atlas`), so that the reading side needs
nothing but the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.cycles.atlas import bake
from tools.people.scene import Material, Mesh, Scene

HANDS = (3, 4)
Albedo = Callable[[Material, NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True)
class Exchanged:
    """A scene as read back: `arrays` by name ("mesh0.vertices", "hair1.points"), `meta` the rest of it.

    A mesh has vertices [V, 3], faces [F, 3], rest [V, 3], uv [F, 3, 2] and texture uint8 [h, w, 3] (display-referred);
    a hair has points [N, K, 3] and shade [N]. "body0.vertices" and "body0.faces": the bare body without hands.
    """

    arrays: Mapping[str, NDArray[Any]]
    meta: Mapping[str, Any]


def save(scene: Scene, path: Path, albedo: Albedo | None, texel: float) -> None:
    """Writes `scene`; `albedo(material, rest)` gives colours at points, `texel` is the size in metres of a texel.

    Without `albedo` all fabrics are grey: enough to let clothes fall.
    """
    arrays: dict[str, NDArray[Any]] = {}
    meshes: list[dict[str, Any]] = []
    hairs: list[dict[str, Any]] = []

    def add_mesh(mesh: Mesh) -> None:
        prefix = f"mesh{len(meshes)}."
        uv, texture = mesh.uv, mesh.texture
        if albedo is None:
            uv, texture = np.full((len(mesh.faces), 3, 2), 0.5, np.float32), np.full((1, 1, 3), 128, np.uint8)
        elif uv is None or texture is None:
            uv, texture = bake(mesh, albedo, texel)
        arrays.update(
            {
                prefix + "vertices": mesh.vertices.astype(np.float32),
                prefix + "faces": mesh.faces.astype(np.int32),
                prefix + "rest": mesh.rest.astype(np.float32),
                prefix + "uv": uv.astype(np.float32),
                prefix + "texture": texture,
            }
        )
        meshes.append({"name": mesh.name, "material": _material(mesh.material)})

    for number, person in enumerate(scene.persons):
        arrays[f"body{number}.vertices"] = person.body.vertices.astype(np.float32)
        # Hands rest on clothes or beside them; a simulation would have them press cloth into the thigh.
        arrays[f"body{number}.faces"] = person.body.faces[~np.isin(person.body.part, HANDS)].astype(np.int32)
        for mesh in person.meshes:
            add_mesh(mesh)
        for strands in person.hair:
            prefix = f"hair{len(hairs)}."
            arrays[prefix + "points"] = strands.points.astype(np.float32)
            arrays[prefix + "shade"] = strands.shade.astype(np.float32)
            hairs.append(
                {
                    "name": strands.name,
                    "root_radius": strands.root_radius,
                    "tip_radius": strands.tip_radius,
                    "material": _material(strands.material),
                }
            )
    for mesh in scene.props:
        add_mesh(mesh)
    meta = {
        "seed": scene.seed,
        "meshes": meshes,
        "hairs": hairs,
        "camera": asdict(scene.camera),
        "lights": [asdict(light) for light in scene.lights],
        "background": asdict(scene.background),
        "bodies": len(scene.persons),
    }
    arrays["meta"] = np.frombuffer(json.dumps(meta, default=float).encode(), np.uint8)
    np.savez(path, **arrays)  # type: ignore[arg-type]


def load(path: Path) -> Exchanged:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files if name != "meta"}
        return Exchanged(arrays, json.loads(file["meta"].tobytes()))


def _material(material: Material) -> dict[str, Any]:
    return {
        "kind": material.kind,
        "pattern": material.pattern,
        "parameters": dict(material.parameters),
        "colours": material.colours,
        "roughness": material.roughness,
        "sheen": material.sheen,
    }
