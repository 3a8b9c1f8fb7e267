"""Dressing a figure: a cut is laid on the resting body, let out and folded, then carried along with each pose."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tools.people.bodies import Floats, Ints, Shape, rig, skin, vertex_normals
from tools.people.garments import Cut, cut_mesh, fabric_space, hidden
from tools.people.meshes import boundary_edges, smoother
from tools.people.scene import Material

REACH = 0.07


@dataclass(frozen=True)
class Fit:
    """How a garment sits. offset: least distance to what is below it; loose: extra distance; hang: 0 (follows the
    figure) to 1 (falls straight from its widest place); flare: widening at the lower edge; folds: number and depth of
    vertical folds; wrinkle: height of creases. Metres."""

    offset: float = 0.004
    loose: float = 0.006
    hang: float = 0.4
    flare: float = 0.0
    folds: int = 0
    fold_depth: float = 0.0
    wrinkle: float = 0.003
    collar: float = 0.0
    fold_collar: bool = True


@dataclass(frozen=True)
class Garment:
    """A piece to be worn. `seed` draws its creases."""

    name: str
    cut: Cut
    fit: Fit
    material: Material
    seed: int = 0


@dataclass(frozen=True)
class Draped:
    """A garment on one figure at rest. points [N, 3]; weights [N, 104]; fabric [N, 3]; body_at [N, K]: base vertices
    that it must stay clear of; below: for each inner layer its index in the outfit and the nearest points on it."""

    garment: Garment
    points: Floats
    faces: Ints
    weights: Floats
    fabric: Floats
    mean: Floats
    groups: Floats
    body_at: Ints
    below: tuple[tuple[int, Ints], ...]
    smooth: sparse.csr_matrix


def waves(points: Floats, seed: int, frequency: float, octaves: int = 3) -> Floats:
    """Smooth noise of unit scale at points [N, 3]: a sum of plane waves, `frequency` cycles a metre."""
    rng = np.random.default_rng(seed)
    total = np.zeros(len(points))
    for octave in range(octaves):
        axes = rng.normal(size=(6, 3))
        axes /= np.linalg.norm(axes, axis=1, keepdims=True)
        phase = rng.uniform(0, 2 * np.pi, 6)
        total += np.sin(points @ axes.T * (frequency * 2**octave * 2 * np.pi) + phase).sum(1) / (2**octave * 6)
    return total


def _push(points: Floats, surface: Floats, normals: Floats, at: Ints, clearance: float) -> Floats:
    """Move points out until they are `clearance` in front of the surface points that they answer to."""
    need = np.zeros(len(points))
    for column in range(at.shape[1]):
        offset = points - surface[at[:, column]]
        lack = clearance - (offset * normals[at[:, column]]).sum(1)
        lack[(offset * offset).sum(1) > REACH * REACH] = 0
        need = np.maximum(need, lack if column == 0 else 0.6 * lack)
    return np.asarray(points + normals[at[:, 0]] * np.clip(need, 0, 0.06)[:, None])


def _fall(points: Floats, centre: Floats, where: NDArray[np.bool_], amount: float) -> Floats:
    """Let cloth hang: below a bulge its distance from the axis `centre` [N, 2] shrinks only slowly."""
    index = np.flatnonzero(where)
    if amount <= 0 or len(index) == 0:
        return points
    offset = points[index, :2] - centre[index]
    radius = np.linalg.norm(offset, axis=1)
    sectors, step = 40, 0.025
    sector = ((np.arctan2(offset[:, 1], offset[:, 0]) / (2 * np.pi) + 0.5) * sectors).astype(int) % sectors
    level = ((points[index, 2].max() - points[index, 2]) / step).astype(int)
    widest = np.zeros((level.max() + 1, sectors))
    np.maximum.at(widest, (level, sector), radius)
    for row in range(1, len(widest)):
        widest[row] = np.maximum(widest[row], widest[row - 1] - 0.004)
        widest[row] = np.maximum(widest[row], 0.5 * (np.roll(widest[row], 1) + np.roll(widest[row], -1)) - 0.004)
    target = np.maximum(widest[level, sector], radius)
    ramp = np.clip(level * step / 0.08, 0, 1)
    scale = 1 + amount * ramp * (target / np.maximum(radius, 1e-6) - 1)
    out = points.copy()
    out[index, :2] = centre[index] + offset * scale[:, None]
    return out


def _axis(shape: Shape, points: Floats, legs: bool) -> Floats:
    """x, y of the torso's middle, or of the leg's axis, at each point's height."""
    model = rig()

    def joint(name: str) -> Floats:
        return shape.heads[model.bone(name)]

    if not legs:
        return np.stack([np.zeros(len(points)), np.full(len(points), joint("spine03")[1] - 0.02)], 1)
    out = np.zeros((len(points), 2))
    for side, mask in (("L", points[:, 0] > 0), ("R", points[:, 0] <= 0)):
        line = np.array([joint(f"{bone}.{side}") for bone in ("foot", "lowerleg01", "upperleg01")])
        for axis in range(2):
            out[mask, axis] = np.interp(points[mask, 2], line[:, 2], line[:, axis])
    return out


def _shape_skirt(points: Floats, down: Floats, centre: Floats, fit: Fit, seed: int) -> Floats:
    """Flare and vertical folds that grow towards the lower edge; `down` runs from 0 at the top to 1."""
    rng = np.random.default_rng(seed)
    offset = points[:, :2] - centre
    angle = np.arctan2(offset[:, 0], -offset[:, 1])
    phases = rng.uniform(0, 2 * np.pi, 5)
    warped = angle + 0.2 * np.sin(2 * angle + phases[0]) + 0.1 * np.sin(3 * angle + phases[1])
    fold = np.sin(warped * fit.folds + phases[2] + 0.5 * np.sin(4 * down)) + 0.4 * np.sin(
        warped * fit.folds * 1.7 + phases[3]
    )
    grow = np.clip(down, 0, 1) ** 1.2
    out = points.copy()
    out[:, :2] += (
        offset
        / np.linalg.norm(offset, axis=1, keepdims=True)
        * (fit.flare * grow + fit.fold_depth * fold * grow)[:, None]
    )
    return out


def _with_collar(points: Floats, faces: Ints, fabric: Floats, height: float, folded: bool) -> tuple[Floats, Ints, Ints]:
    """Raise a band from the neckline. Returns all points, all faces and, for each new point, the point it grew from."""
    neck = rig().head("neck01")
    border = boundary_edges(faces)
    near = (np.abs(fabric[:, 0]) < 0.11) & (fabric[:, 2] > neck[2] - 0.07)
    border = border[near[border].all(1)]
    source = np.unique(border)
    place = np.full(len(points), -1)
    place[source] = np.arange(len(source))
    middle = np.array([0.0, points[source, 1].mean()])
    outward = points[source].copy()
    outward[:, :2] -= middle
    outward[:, 2] = 0
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    up = np.array([0.0, 0.0, 1.0])
    rings = [points[source] + up * height * 0.6 - outward * 0.004, points[source] + up * height - outward * 0.008]
    if folded:
        rings += [
            points[source] + up * height * 0.95 + outward * 0.01,
            points[source] - up * height * 0.1 + outward * 0.02,
        ]
    count, size = len(points), len(source)
    lower, new_faces = border, []
    for ring in range(len(rings)):
        upper = place[border] + count + ring * size
        new_faces += [
            np.stack([lower[:, 1], lower[:, 0], upper[:, 0]], 1),
            np.stack([lower[:, 1], upper[:, 0], upper[:, 1]], 1),
        ]
        lower = upper
    return (
        np.concatenate([points, *rings]),
        np.concatenate([faces, *new_faces]).astype(np.int32),
        np.tile(source, len(rings)).astype(np.int32),
    )


def _shoe(points: Floats, floor: float, sole: float) -> Floats:
    """A flat sole below the foot, a little wider than it, with an upright edge."""
    out = points.copy()
    low = np.clip((floor + 0.03 - points[:, 2]) / 0.02, 0, 1)
    for mask in (points[:, 0] > 0, points[:, 0] <= 0):
        centre = points[mask & (low > 0)][:, :2].mean(0)
        offset = points[mask, :2] - centre
        out[mask, :2] += (
            offset / np.maximum(np.linalg.norm(offset, axis=1, keepdims=True), 0.02) * 0.005 * low[mask, None]
        )
    out[:, 2] = np.where(low > 0.6, floor - sole, out[:, 2])
    return out


def drape(shape: Shape, garment: Garment, inner: tuple[Draped, ...], detail: int) -> Draped:
    """Lay one garment over the resting figure and the layers below it."""
    model, cut, fit = rig(), garment.cut, garment.fit
    mesh = cut_mesh(cut, detail)
    faces = mesh.faces
    mean, groups = np.asarray(mesh.mix @ model.rest), np.asarray(mesh.mix @ model.groups)
    weights, fabric = np.asarray(mesh.mix @ model.weights), np.asarray(mesh.mix @ fabric_space())
    points = np.asarray(mesh.mix @ shape.rest)
    smooth = smoother(faces, len(points))
    body_normals = vertex_normals(shape.rest, model.faces)
    outer = np.flatnonzero((model.group("head") < 0.6) & np.isin(np.arange(len(model.rest)), model.faces))
    body_at = outer[cKDTree(shape.rest[outer]).query(points, k=3)[1]]
    below = tuple((k, cKDTree(layer.points).query(points, k=2)[1].astype(np.int32)) for k, layer in enumerate(inner))

    def clear(moved: Floats) -> Floats:
        moved = _push(moved, shape.rest, body_normals, body_at, fit.offset)
        for layer, (_, at) in zip(inner, below, strict=True):
            moved = _push(moved, layer.points, vertex_normals(layer.points, layer.faces), at, 0.004)
        return moved

    points = points + vertex_normals(points, faces) * (fit.offset + fit.loose)
    is_leg = cut.template == "legs"
    centre = _axis(shape, points, is_leg)
    arm = groups[:, 8:].sum(1)
    top = shape.heads[model.bone("upperarm01.L")][2] - 0.1
    limit = shape.heads[model.bone("upperleg01.L")][2] - 0.03 if is_leg else top
    if cut.template != "shoe":
        points = _fall(points, centre, (arm < 0.3) & (points[:, 2] < limit), fit.hang)
    for _ in range(14 if cut.template == "shoe" else 5 + int(fit.loose * 600)):
        points = points + 0.6 * (smooth @ points - points)
    down = (points[:, 2].max() - points[:, 2]) / max(np.ptp(points[:, 2]), 1e-6)
    if cut.template == "skirt":
        points = _shape_skirt(points, down, centre, fit, garment.seed)
    elif fit.flare > 0:
        low = np.clip((down - 0.5) * 2, 0, 1) * (arm < 0.3)
        offset = points[:, :2] - centre
        points[:, :2] += (
            offset / np.maximum(np.linalg.norm(offset, axis=1, keepdims=True), 0.02) * (fit.flare * low)[:, None]
        )
    points = clear(points)
    if cut.template == "shoe":
        floor = shape.rest[np.unique(model.faces), 2].min()
        points = _shoe(points, floor, 0.018)
        mean_floor = model.rest[np.unique(model.faces), 2].min()
        fabric[:, 2] = points[:, 2] - floor + mean_floor
    else:
        crease = waves(fabric * [1, 1, 0.5], garment.seed, 5.0) + 0.5 * waves(
            fabric * [1, 1, 1.6], garment.seed + 1, 8.0, 2
        )
        points = points + vertex_normals(points, faces) * (fit.wrinkle * (1 - 2 * np.abs(crease)))[:, None]
        points = clear(points + 0.3 * (smooth @ points - points))
    if fit.collar > 0:
        points, faces, grown = _with_collar(points, faces, fabric, fit.collar, fit.fold_collar)
        mean, groups, weights = (np.concatenate([a, a[grown]]) for a in (mean, groups, weights))
        lift = points[len(fabric) :] - points[grown]
        fabric = np.concatenate([fabric, fabric[grown] + lift])
        body_at = np.concatenate([body_at, body_at[grown]])
        below = tuple((k, np.concatenate([at, at[grown]])) for k, at in below)
        smooth = smoother(faces, len(points))
    return Draped(garment, points, faces, weights, fabric, mean, groups, body_at.astype(np.int32), below, smooth)


def wear(draped: tuple[Draped, ...], body: Floats, normals: Floats, bones: Floats) -> list[Floats]:
    """All layers in a pose, innermost first. body, normals: posed base vertices, their normals; bones: transforms."""
    out: list[Floats] = []
    for piece in draped:
        points = skin(piece.points, piece.weights, bones)
        if piece.garment.cut.template == "skirt":
            for _ in range(6):
                points = points + 0.5 * (piece.smooth @ points - points)
            legs = np.flatnonzero(
                rig().group("torso", "upperleg.L", "upperleg.R", "lowerleg.L", "lowerleg.R")[: len(body)] > 0.5
            )
            legs = legs[np.isin(legs, rig().faces)]
            for _ in range(2):
                at = legs[cKDTree(body[legs]).query(points, k=2)[1]]
                points = _push(points, body, normals, at, piece.garment.fit.offset)
                points = points + 0.3 * (piece.smooth @ points - points)
        elif piece.garment.cut.template != "shoe":
            points = points + 0.25 * (piece.smooth @ points - points)
            points = _push(points, body, normals, piece.body_at, piece.garment.fit.offset)
        for index, at in piece.below:
            points = _push(points, out[index], vertex_normals(out[index], draped[index].faces), at, 0.004)
        out.append(points)
    return out


def visible_faces(
    faces: Ints, mean: Floats, groups: Floats, over: tuple[Garment, ...], margin: float
) -> NDArray[np.bool_]:
    """Faces that the garments `over` do not hide; points are given by their place on the mean adult and regions."""
    covered = np.zeros(len(mean), bool)
    for garment in over:
        covered |= hidden(garment.cut, mean, groups, margin)
    return ~covered[faces].all(1)
