"""Posed people as bytes: arrays named by their contents, so that poses of one person share what they have in common.

`index`, a JSON text, says which arrays make up whom. Points are kept in 16 bits a coordinate, in steps of 1/65535 of
their extent (0.03 mm for a person); everything else exactly.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools import files
from tools.people.scene import Body, Material, Mesh, Person, Strands

STEPS = 65535
LEVEL = 6
"""Of compression: a stock is written once and carried."""

Arrays = dict[str, NDArray[Any]]
Json = dict[str, Any]
Entry = tuple[tuple[Person, ...], tuple[tuple[Mesh, ...], ...]]
"""Somebody: posed again and again, and some of the clothes alone."""


class _Packer:
    """Arrays by their contents, each once."""

    def __init__(self) -> None:
        self.arrays: Arrays = {}
        self.materials: list[Material] = []

    def exact(self, array: NDArray[Any]) -> str:
        small = array.astype(np.uint16) if array.dtype == np.int32 and array.max(initial=0) <= STEPS else array
        name = hashlib.sha256(f"{small.dtype}{small.shape}".encode() + small.tobytes()).hexdigest()[:24]
        self.arrays[name] = small
        return name

    def points(self, array: NDArray[np.float32]) -> Json:
        flat = array.reshape(-1, array.shape[-1])
        low, high = flat.min(0).astype(float), flat.max(0).astype(float)
        step = np.maximum(high - low, 1e-9) / STEPS
        whole = np.round((array - low) / step).astype(np.uint16)
        return {"at": self.exact(whole), "low": low.tolist(), "step": step.tolist()}

    def material(self, material: Material) -> int:
        for number, known in enumerate(self.materials):
            if known is material:
                return number
        self.materials.append(material)
        return len(self.materials) - 1

    def mesh(self, mesh: Mesh) -> Json:
        return {
            "name": mesh.name,
            "vertices": self.points(mesh.vertices),
            "faces": self.exact(mesh.faces),
            "rest": self.points(mesh.rest),
            "material": self.material(mesh.material),
            "uv": None if mesh.uv is None else self.points(mesh.uv),
            "texture": None if mesh.texture is None else self.exact(mesh.texture),
        }

    def person(self, person: Person) -> Json:
        body = person.body
        return {
            "body": {
                "vertices": self.points(body.vertices),
                **{name: self.exact(getattr(body, name)) for name in ("faces", "part", "uv")},
            },
            "meshes": [self.mesh(mesh) for mesh in person.meshes],
            "hair": [
                {
                    **{name: getattr(curve, name) for name in ("name", "root_radius", "tip_radius")},
                    "points": self.points(curve.points),
                    "shade": self.exact(curve.shade),
                    "material": self.material(curve.material),
                }
                for curve in person.hair
            ],
            "attributes": dict(person.attributes),
        }


class _Reader:
    """The reverse; `shared` holds arrays that other files had too."""

    def __init__(self, archive: Mapping[str, NDArray[Any]], materials: list[Json], shared: Arrays):
        self._archive, self._shared = archive, shared
        self._materials = [Material(**{**made, "colours": tuple(map(tuple, made["colours"]))}) for made in materials]

    def exact(self, name: str, kind: type = np.int32) -> NDArray[Any]:
        if name not in self._shared:
            stored = self._archive[name]
            self._shared[name] = stored.astype(kind) if stored.dtype == np.uint16 else stored
        return self._shared[name]

    def points(self, told: Json) -> NDArray[np.float32]:
        key = json.dumps(told, sort_keys=True)
        if key not in self._shared:
            whole = self._archive[told["at"]].astype(np.float64)
            self._shared[key] = (np.array(told["low"]) + whole * np.array(told["step"])).astype(np.float32)
        return self._shared[key]

    def mesh(self, told: Json) -> Mesh:
        uv, texture = told["uv"], told["texture"]
        return Mesh(
            told["name"],
            self.points(told["vertices"]),
            self.exact(told["faces"]),
            self.points(told["rest"]),
            self._materials[told["material"]],
            None if uv is None else self.points(uv),
            None if texture is None else self.exact(texture),
        )

    def person(self, told: Json) -> Person:
        body = told["body"]
        hair = tuple(
            Strands(
                curve["name"],
                self.points(curve["points"]),
                self.exact(curve["shade"]),
                curve["root_radius"],
                curve["tip_radius"],
                self._materials[curve["material"]],
            )
            for curve in told["hair"]
        )
        bare = Body(self.points(body["vertices"]), *(self.exact(body[name]) for name in ("faces", "part", "uv")))
        return Person(bare, tuple(map(self.mesh, told["meshes"])), hair, told["attributes"])


def packed(people: Sequence[Entry]) -> bytes:
    """A file of the stock; the same people give the same bytes."""
    packer = _Packer()
    index = [
        {
            "poses": [packer.person(person) for person in poses],
            "stills": [[packer.mesh(mesh) for mesh in meshes] for meshes in stills],
        }
        for poses, stills in people
    ]
    told = {"people": index, "materials": [asdict(material) for material in packer.materials]}
    arrays = {**packer.arrays, "index": np.array(json.dumps(told, sort_keys=True))}
    return files.npz(dict(sorted(arrays.items())), LEVEL)


def unpacked(path: Path, shared: Arrays) -> list[Entry]:
    """The people of one file; `shared` collects arrays, so that files which have some in common share them."""
    with np.load(path, allow_pickle=False) as archive:
        told = json.loads(str(archive["index"]))
        reader = _Reader(archive, told["materials"], shared)
        return [
            (
                tuple(map(reader.person, somebody["poses"])),
                tuple(tuple(map(reader.mesh, meshes)) for meshes in somebody["stills"]),
            )
            for somebody in told["people"]
        ]
