"""The surfaces of a batch of scenes in one set of tensors, and the arrays that stay on the device between batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tools.people.render import band_faces, bands
from tools.people.scene import Camera, Material, Mesh, Scene, Strands

Box = tuple[NDArray[np.floating], NDArray[np.floating]]


class Resident:
    """Host arrays on the device. Arrays given to `keep` are copied once, and must not change from then on."""

    def __init__(self, device: torch.device | str) -> None:
        self.device = torch.device(device)
        self._kept: dict[int, tuple[NDArray[Any], Tensor]] = {}
        self._boxes: dict[int, Box] = {}

    def keep(self, arrays: Iterable[NDArray[Any]]) -> None:
        for array in arrays:
            if id(array) not in self._kept:
                self._kept[id(array)] = (array, self._copy(array))

    def tensor(self, array: NDArray[Any]) -> Tensor:
        """`array` on the device; not to be written to."""
        kept = self._kept.get(id(array))
        return kept[1] if kept is not None else self._copy(array)

    def box(self, points: NDArray[np.floating]) -> Box:
        """The lowest and the highest coordinates of points [N, 3]."""
        box = self._boxes.get(id(points))
        if box is None:
            columns = np.ascontiguousarray(points.T)
            box = (columns.min(1), columns.max(1))
            if id(points) in self._kept:
                self._boxes[id(points)] = box
        return box

    def _copy(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.array(array)).to(self.device)


def concatenate(parts: Sequence[Tensor], like: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """`parts` one after the other, or an empty tensor shaped `like` where there are none."""
    return torch.cat(list(parts)).to(dtype) if parts else torch.zeros(like, dtype=dtype, device=device)


def spread(values: Sequence[int], counts: Sequence[int], device: torch.device) -> Tensor:
    """`values[k]` repeated `counts[k]` times, one after the other: int64 [sum of counts]."""
    values_, counts_ = torch.tensor(values, dtype=torch.int64), torch.tensor(counts, dtype=torch.int64)
    return torch.repeat_interleave(values_.to(device), counts_.to(device), output_size=int(counts_.sum()))


def joined(parts: Sequence[Tensor], sizes: Sequence[int], device: torch.device) -> Tensor:
    """Faces [F, 3] of meshes that have `sizes` vertices each, as faces over all their vertices: int64."""
    faces = concatenate(parts, (0, 3), torch.int64, device)
    starts = np.cumsum([0, *sizes[:-1]]).tolist() if len(sizes) else []
    return faces + spread(starts, [len(part) for part in parts], device)[:, None]


def vertex_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """Area-weighted unit normals float64 [V, 3]; zero for vertices of no face (as `bodies.vertex_normals`)."""
    corners = vertices.double()[faces]
    (ux, uy, uz), (vx, vy, vz) = ((corners[:, k] - corners[:, 0]).unbind(1) for k in (1, 2))
    across = torch.stack([uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx], 1)
    out = torch.zeros(len(vertices), 3, dtype=torch.float64, device=vertices.device)
    out.index_add_(0, faces.reshape(-1), across[:, None].expand(-1, 3, -1).reshape(-1, 3))
    x, y, z = out.unbind(1)
    return out / (x**2 + y**2 + z**2).sqrt().clamp(min=1e-12)[:, None]


@dataclass(frozen=True)
class Surfaces:
    """What a batch of scenes shows.

    values: float32 [V, 10], as in `render`: normal (or a strand's direction), position, rest, shade. faces: int64
    [F, 3], those of meshes first. source: int64 [F], index into `meshes` followed by `strands`. image: int64, the scene
    of each source, and vertex_image of each vertex. spans: first and last vertex and face of each scene's meshes.
    """

    values: Tensor
    faces: Tensor
    source: Tensor
    meshes: tuple[Mesh, ...]
    strands: tuple[Strands, ...]
    image: Tensor
    vertex_image: Tensor
    spans: tuple[tuple[int, int, int, int], ...]

    @property
    def materials(self) -> list[Material]:
        return [mesh.material for mesh in self.meshes] + [curve.material for curve in self.strands]


def scene_meshes(scene: Scene) -> list[Mesh]:
    return [*scene.props, *(mesh for person in scene.persons for mesh in person.meshes)]


def surfaces(scenes: Sequence[Scene], resident: Resident) -> Surfaces:
    """All meshes and hair of a batch of scenes; hair faces its scene's camera."""
    device = resident.device
    by_scene = [scene_meshes(scene) for scene in scenes]
    meshes = [mesh for some in by_scene for mesh in some]
    vertices = concatenate([resident.tensor(mesh.vertices) for mesh in meshes], (0, 3), torch.float32, device)
    rest = concatenate([resident.tensor(mesh.rest) for mesh in meshes], (0, 3), torch.float32, device)
    sizes = [len(mesh.vertices) for mesh in meshes]
    faces = joined([resident.tensor(mesh.faces) for mesh in meshes], sizes, device)
    normals = vertex_normals(vertices, faces).float()
    values = [torch.cat([normals, vertices, rest, torch.ones_like(vertices[:, :1])], 1)]
    strands, images, parts, lengths = [], [k for k, some in enumerate(by_scene) for _ in some], [faces], [len(vertices)]
    for number, scene in enumerate(scenes):
        eye = torch.tensor(scene.camera.eye, dtype=torch.float32, device=device)
        for curve in (curve for person in scene.persons for curve in person.hair):
            points, along = bands(resident.tensor(curve.points), curve, eye)
            tint = resident.tensor(curve.shade).float().repeat_interleave(2 * curve.points.shape[1])[:, None]
            values.append(torch.cat([along, points, points, tint], 1))
            parts.append(torch.from_numpy(band_faces(*curve.points.shape[:2])).to(device))
            lengths.append(len(points))
            strands.append(curve)
            images.append(number)
    counts = [len(mesh.faces) for mesh in meshes] + [len(part) for part in parts[1:]]
    ends = np.cumsum([0, *sizes]), np.cumsum([0, *(len(mesh.faces) for mesh in meshes)])
    marks = np.cumsum([0, *(len(some) for some in by_scene)])
    spans = [(int(ends[0][a]), int(ends[0][b]), int(ends[1][a]), int(ends[1][b])) for a, b in pairwise(marks)]
    return Surfaces(
        torch.cat(values),
        joined(parts, lengths, device),
        spread(range(len(counts)), counts, device),
        tuple(meshes),
        tuple(strands),
        torch.tensor(images, dtype=torch.int64, device=device),
        spread(images, [*sizes, *lengths[1:]], device),
        tuple(spans),
    )


@dataclass(frozen=True)
class Views:
    """Meshes seen by cameras that each see one scene: vertices float32 [V, 3], camera_of [V], faces int64 [F, 3],
    image_of [F]."""

    vertices: Tensor
    camera_of: Tensor
    faces: Tensor
    image_of: Tensor


def views(shown: Surfaces, scene_of: Sequence[int]) -> Views:
    """The meshes (without hair) of scene `scene_of[k]` for the k-th camera."""
    device = shown.values.device
    spans = [shown.spans[number] for number in scene_of]
    vertices = [shown.values[a:b, 3:6] for a, b, _, _ in spans]
    faces = [shown.faces[c:d] - a for a, _, c, d in spans]
    sizes, order = [len(part) for part in vertices], range(len(spans))
    return Views(
        concatenate(vertices, (0, 3), torch.float32, device),
        spread(order, sizes, device),
        joined(faces, sizes, device),
        spread(order, [len(part) for part in faces], device),
    )


@dataclass(frozen=True)
class Bodies:
    """What labels are drawn from: bare bodies, and the props that hide them.

    vertices: float32 [V, 3] with their scene, camera_of [V]; faces int64 [F, 3] with their scene image_of [F], part
    and person [F] (0 for props); uv: chart coordinates float32 [F, 3, 2].
    """

    vertices: Tensor
    camera_of: Tensor
    faces: Tensor
    image_of: Tensor
    part: Tensor
    person: Tensor
    uv: Tensor


def bodies(scenes: Sequence[Scene], resident: Resident) -> Bodies:
    """The bodies of a batch of scenes, in the order of `render.surface`."""
    device = resident.device
    vertices, faces, part, uv, image, person_of = [], [], [], [], [], []
    for number, scene in enumerate(scenes):
        for count, person in enumerate(scene.persons, 1):
            body = person.body
            vertices.append(resident.tensor(body.vertices))
            faces.append(resident.tensor(body.faces))
            part.append(resident.tensor(body.part))
            uv.append(resident.tensor(body.uv))
            image.append(number)
            person_of.append(count)
        carried = [mesh for person in scene.persons for mesh in person.meshes if mesh.material.kind == "prop"]
        for prop in [*scene.props, *carried]:
            vertices.append(resident.tensor(prop.vertices))
            faces.append(resident.tensor(prop.faces))
            part.append(torch.zeros(len(prop.faces), dtype=torch.uint8, device=device))
            uv.append(torch.zeros(len(prop.faces), 3, 2, device=device))
            image.append(number)
            person_of.append(0)
    sizes, counts = [len(some) for some in vertices], [len(some) for some in faces]
    return Bodies(
        concatenate(vertices, (0, 3), torch.float32, device),
        spread(image, sizes, device),
        joined(faces, sizes, device),
        spread(image, counts, device),
        concatenate(part, (0,), torch.uint8, device),
        spread(person_of, counts, device).to(torch.uint8),
        concatenate(uv, (0, 3, 2), torch.float32, device),
    )


def enlarged(camera: Camera, factor: int) -> Camera:
    return replace(camera, width=camera.width * factor, height=camera.height * factor)
