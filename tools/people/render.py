"""Picture and ground truth of a scene, by rasterisation."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tools.people import backdrops
from tools.people.arrays import Array, beside, namespace
from tools.people.bodies import vertex_normals
from tools.people.fabrics import albedo
from tools.people.rasterizer import interpolate, interpolate_corners, project, rasterise
from tools.people.scene import Camera, Kind, Material, Mesh, Scene, Strands
from tools.people.shading import Shadow, creases, shade, to_display, to_linear

Bytes = NDArray[np.uint8]
Picture = NDArray[np.float32]


@dataclass(frozen=True)
class _Geometry:
    """All meshes of a scene in one: values [V, 10] holds normal (or a strand's direction), position, rest, shade."""

    values: NDArray[np.float32]
    faces: NDArray[np.int32]
    source: NDArray[np.int32]
    casters: int


def ribbons(strands: Strands, eye: tuple[float, float, float]) -> tuple[Picture, Picture, NDArray[np.int32]]:
    """Strands as flat bands that face the eye: vertices [2NK, 3], their directions [2NK, 3] and faces."""
    vertices, along = bands(strands.points, strands, np.asarray(eye, np.float32))
    return np.asarray(vertices, np.float32), np.asarray(along, np.float32), band_faces(*strands.points.shape[:2])


def bands(points: Array, strands: Strands, eye: Array) -> tuple[Array, Array]:
    """Vertices [2NK, 3] of the bands of strands at `points` [N, K, 3], seen from `eye` [3], and directions [2NK, 3]."""
    xp, steps = namespace(points), points.shape[1]
    ahead = xp.concatenate([points[:, 1:], 2 * points[:, -1:] - points[:, -2:-1]], 1)
    along = ahead - points
    (ax, ay, az), (bx, by, bz) = ((v[..., 0], v[..., 1], v[..., 2]) for v in (along, points - eye))
    side = xp.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], 2)
    side = side / (xp.sqrt((side * side).sum(2))[..., None] + 1e-9)
    radius = np.linspace(strands.root_radius, strands.tip_radius, steps, dtype=np.float32)
    half = beside(radius, points)[None, :, None]
    vertices = xp.stack([points - side * half, points + side * half], 2).reshape(-1, 3)
    along = along / (xp.sqrt((along * along).sum(2))[..., None] + 1e-9)
    return vertices, xp.stack([along, along], 2).reshape(-1, 3)


@lru_cache(maxsize=32)
def band_faces(count: int, steps: int) -> NDArray[np.int32]:
    """Two triangles between each two steps of `count` bands: int32 [2 * count * (steps - 1), 3]."""
    first = (np.arange(count)[:, None] * steps + np.arange(steps - 1)).ravel() * 2
    faces = np.concatenate([np.stack([first, first + 1, first + 2], 1), np.stack([first + 1, first + 3, first + 2], 1)])
    return faces.astype(np.int32)


def _meshes(scene: Scene) -> list[Mesh]:
    return [*scene.props, *(mesh for person in scene.persons for mesh in person.meshes)]


def _gather(scene: Scene, meshes: list[Mesh], strands: list[Strands]) -> _Geometry:
    values, faces, source, offset, casters = [], [], [], 0, 0
    for index, mesh in enumerate(meshes):
        normals = vertex_normals(mesh.vertices.astype(np.float64), mesh.faces)
        values.append(
            np.concatenate([normals, mesh.vertices, mesh.rest, np.ones((len(normals), 1))], 1, dtype=np.float32)
        )
        faces.append(mesh.faces + offset)
        source.append(np.full(len(mesh.faces), index))
        offset += len(mesh.vertices)
        casters += len(mesh.faces)
    for index, curve in enumerate(strands):
        vertices, along, bands = ribbons(curve, scene.camera.eye)
        tint = np.repeat(curve.shade, 2 * curve.points.shape[1])[:, None]
        values.append(np.concatenate([along, vertices, vertices, tint], 1, dtype=np.float32))
        faces.append(bands + offset)
        source.append(np.full(len(bands), len(meshes) + index))
        offset += len(vertices)
    if not values:
        return _Geometry(np.zeros((0, 10), np.float32), np.zeros((0, 3), np.int32), np.zeros(0, np.int32), 0)
    return _Geometry(
        np.concatenate(values), np.concatenate(faces).astype(np.int32), np.concatenate(source).astype(np.int32), casters
    )


def sample_texture(texture: Bytes, uv: NDArray[np.float32]) -> NDArray[np.float32]:
    """Nearest texel at uv [N, 2] (origin at the lower left): float32 [N, 3], sRGB in 0..1."""
    height, width = texture.shape[:2]
    row = np.clip(((1 - uv[:, 1]) * height).astype(int), 0, height - 1)
    column = np.clip((uv[:, 0] * width).astype(int), 0, width - 1)
    return np.asarray(texture[row, column], np.float32) / 255


def _floor_shade(scene: Scene, camera: Camera, shadows: list[Shadow]) -> NDArray[np.float32] | None:
    """How light the floor is under everybody's shadow: float32 [H, W], computed at half the size."""
    if scene.background.kind not in ("studio", "street") or scene.background.floor is None or not shadows:
        return None
    half = replace(camera, width=camera.width // 2, height=camera.height // 2)
    points, seen = backdrops.floor_points(half, scene.background.floor)
    mask = seen > 0
    suns = [light for light in scene.lights if light.kind == "sun"]
    total = sum(light.strength for light in scene.lights)
    out = np.ones(mask.shape, np.float32)
    for sun, shadow in zip(suns, shadows, strict=True):
        lit = shadow.lit(points[mask], 2.5)
        out[mask] -= (1 - lit) * seen[mask] * np.float32(0.6 * sun.strength / max(total, 1e-6))
    for person in scene.persons:
        feet = person.body.vertices[person.body.vertices[:, 2] < 0.09]
        if len(feet):
            out *= backdrops.contact(points, seen, feet)
    return np.repeat(np.repeat(out, 2, 0), 2, 1)


def picture(scene: Scene, supersample: int = 2, backdrop: NDArray[np.float32] | None = None) -> Bytes:
    """The scene as it looks: uint8 [H, W, 3] sRGB. Antialiased by drawing `supersample` times larger.

    backdrop: float32 [H, W, 3], sRGB in 0..1, what lies behind instead of the scene's own background.
    """
    camera = replace(scene.camera, width=scene.camera.width * supersample, height=scene.camera.height * supersample)
    meshes = _meshes(scene)
    strands = [curve for person in scene.persons for curve in person.hair]
    geometry = _gather(scene, meshes, strands)
    back = to_linear(backdrops.picture(scene.background, scene.camera) if backdrop is None else backdrop)
    out = np.repeat(np.repeat(back, supersample, 0), supersample, 1)
    suns = [light for light in scene.lights if light.kind == "sun"]
    if len(geometry.faces):
        vertices = geometry.values[:, 3:6].astype(np.float64)
        used = geometry.faces[: geometry.casters]
        shadows = [Shadow(sun, vertices[: used.max() + 1], used) for sun in suns]
        floor = _floor_shade(scene, camera, shadows)
        if floor is not None:
            out = out * floor[: out.shape[0], : out.shape[1], None]
        nearest, face_at, weight_at = rasterise(project(vertices, camera), geometry.faces, camera.width, camera.height)
        mask = face_at >= 0
        here = interpolate(geometry.values, geometry.faces, face_at, weight_at)[mask]
        source = geometry.source[face_at[mask]]
        materials: list[Material] = [mesh.material for mesh in meshes] + [curve.material for curve in strands]
        colour = np.zeros((len(source), 3), np.float32)
        gloss = np.zeros(len(source), np.float32)
        hair = np.zeros(len(source), np.uint8)
        for index, material in enumerate(materials):
            at = np.flatnonzero(source == index)
            if len(at) == 0:
                continue
            gloss[at] = (1 - material.roughness) * (1.0 if material.kind != "skin" else 0.6)
            hair[at] = material.kind == "hair"
            mesh = meshes[index] if index < len(meshes) else None
            if mesh is not None and mesh.texture is not None and mesh.uv is not None:
                first = int(np.searchsorted(geometry.source, index))
                local = np.where(
                    (face_at >= 0) & (face_at >= first) & (face_at < first + len(mesh.faces)), face_at - first, -1
                )
                uv = interpolate_corners(mesh.uv, local.astype(np.int32), weight_at)[mask][at]
                colour[at] = sample_texture(mesh.texture, uv)
            else:
                colour[at] = albedo(material, here[at, 6:9])
        colour = to_linear(colour) * here[:, 9:10]
        position = here[:, 3:6]
        view = np.asarray(camera.eye, np.float32) - position
        view /= np.linalg.norm(view, axis=1, keepdims=True)
        normal = here[:, :3] / (np.linalg.norm(here[:, :3], axis=1, keepdims=True) + 1e-9)
        hollow = creases(nearest, 9.0)[mask]
        lit = (
            np.stack([shadow.lit(position + normal * 0.004) for shadow in shadows])
            if shadows
            else np.zeros((0, len(position)))
        )
        out[mask] = shade(colour, normal, view, hair, gloss, hollow, scene.lights, lit.astype(np.float32))
    height, width = scene.camera.height, scene.camera.width
    total = np.zeros((height, width, 3), np.float32)
    for row in range(supersample):
        for column in range(supersample):
            total += out[row::supersample, column::supersample]
    return np.asarray(np.round(to_display(total / supersample**2) * 255), np.uint8)


def truth(scene: Scene) -> tuple[Bytes, Bytes]:
    """Ground truth from the bare bodies: iuv uint8 [H, W, 3] (part, U*255, V*255, truncated) and instance uint8 [H, W].

    See `surface` for what they mean.
    """
    part, uv, instance = surface(scene)
    return np.concatenate([part[..., None], np.clip(uv * 255, 0, 255).astype(np.uint8)], 2), instance


def surface(scene: Scene) -> tuple[Bytes, NDArray[np.float32], Bytes]:
    """The bare body's surface at every pixel: part uint8 [H, W], uv float32 [H, W, 2] and instance uint8 [H, W].

    Instances count from 1 in the order of `scene.persons`; 0 is background. Each pixel is what its centre sees;
    props, carried ones too, hide bodies behind them, clothes and hair do not.
    """
    width, height = scene.camera.width, scene.camera.height
    vertices, faces, part, uv, person_of, offset = [], [], [], [], [], 0
    for index, person in enumerate(scene.persons):
        body = person.body
        vertices.append(body.vertices)
        faces.append(body.faces + offset)
        part.append(body.part)
        uv.append(body.uv)
        person_of.append(np.full(len(body.faces), index + 1, np.uint8))
        offset += len(body.vertices)
    carried = [mesh for person in scene.persons for mesh in person.meshes if mesh.material.kind == "prop"]
    for prop in [*scene.props, *carried]:
        vertices.append(prop.vertices)
        faces.append(prop.faces + offset)
        part.append(np.zeros(len(prop.faces), np.uint8))
        uv.append(np.zeros((len(prop.faces), 3, 2), np.float32))
        person_of.append(np.zeros(len(prop.faces), np.uint8))
        offset += len(prop.vertices)
    if not vertices:
        empty = np.zeros((height, width), np.uint8)
        return empty, np.zeros((height, width, 2), np.float32), empty.copy()
    points = project(np.concatenate(vertices), scene.camera)
    _, face_at, weight_at = rasterise(points, np.concatenate(faces).astype(np.int32), width, height)
    mask = face_at >= 0
    number, instance = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    number[mask] = np.concatenate(part)[face_at[mask]]
    chart = interpolate_corners(np.concatenate(uv), face_at, weight_at)
    chart[number == 0] = 0
    instance[mask] = np.concatenate(person_of)[face_at[mask]]
    return number, chart, instance


LAYERS = ("background", "skin", "cloth", "hair", "shoe", "prop")
"""What `layers` tells apart, in the order of its values."""
_LAYER_OF: dict[Kind, str] = {"leather": "cloth", "button": "cloth"}


def layer_of(kind: Kind) -> str:
    """The layer that a kind of material counts as."""
    return _LAYER_OF.get(kind, kind)


def layers(scene: Scene) -> Bytes:
    """What the picture shows at each pixel's centre: uint8 [H, W], an index into `LAYERS`.

    Hats, belts and buttons count as cloth; what nobody wears is a prop, as are bags.
    """
    meshes = _meshes(scene)
    strands = [curve for person in scene.persons for curve in person.hair]
    geometry = _gather(scene, meshes, strands)
    camera = scene.camera
    if not len(geometry.faces):
        return np.zeros((camera.height, camera.width), np.uint8)
    kinds: list[Kind] = ["prop"] * len(scene.props)
    kinds += [item.material.kind for item in [*meshes[len(scene.props) :], *strands]]
    values = np.array([LAYERS.index(layer_of(kind)) for kind in kinds], np.uint8)
    points = project(geometry.values[:, 3:6].astype(np.float64), camera)
    _, face_at, _ = rasterise(points, geometry.faces, camera.width, camera.height)
    return np.where(face_at >= 0, values[geometry.source[face_at]], np.uint8(0)).astype(np.uint8)
