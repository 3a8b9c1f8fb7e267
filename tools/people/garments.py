"""Garment cuts: which part of the helper meshes becomes a tee, trousers or a skirt, as iso-lines on the mean adult.

A cut is a field over rest positions and region weights, positive inside the garment, in metres from its edge
(roughly). The same field tells what the garment hides of the skin and of the garments below it.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tools.people.bodies import Floats, rig, skin, transforms
from tools.people.limbs import SIDES, rotation
from tools.people.meshes import Mixture, clip, from_triangles, select, subdivide

Template = Literal["top", "legs", "skirt", "shoe"]


@dataclass(frozen=True)
class Cut:
    """Edges of a garment. Lengths in metres on the mean adult, relative to the hip joints unless noted.

    top: `hem` height, `neck` depth of the neckline (with `neck_width`, `v_neck`, `collar` raising it), `sleeve` 0
    (none) to 1 (wrist), `opening` half width of an open front. legs: `rise`, `length` 0.1 to 1 (ankle).
    skirt: `length` 0.1 to 1 (ankle), `rise` (how far below the waist it begins), `opening`. shoe: `height` above the
    ankle joint, `slope`.
    """

    template: Template
    hem: float = 0.0
    neck: float = 0.05
    neck_width: float = 0.075
    v_neck: bool = False
    collar: float = 0.0
    sleeve: float = 0.3
    opening: float = 0.0
    rise: float = 0.09
    length: float = 1.0
    height: float = 0.0
    slope: float = -0.22


@lru_cache(maxsize=1)
def fabric_space() -> Floats:
    """Base vertices of the mean adult with hanging, straight arms: the coordinates in which cloth patterns live."""
    model = rig()
    turns = {}
    for side, sign in SIDES.items():
        shoulder, elbow, wrist = (model.head(f"{bone}.{side}") for bone in ("upperarm01", "lowerarm01", "wrist"))
        upper, lower = elbow - shoulder, wrist - elbow
        down = np.arctan2(abs(upper[0]), -upper[2])
        turn = rotation(np.array([0.0, sign * down * 0.95, 0.0]))
        normal = np.cross(upper, lower)
        normal /= np.linalg.norm(normal)
        bend = np.arccos(upper @ lower / np.linalg.norm(upper) / np.linalg.norm(lower))
        turns[f"upperarm01.{side}"] = turn
        turns[f"lowerarm01.{side}"] = rotation(-normal * bend * 0.95)
    return skin(model.rest, model.weights, transforms(model.heads, turns))


def _along_limb(points: Floats, first: str, second: str, third: str) -> Floats:
    """0 at the first joint, 0.5 at the second, 1 at the third (each side measured on its own limb)."""
    model = rig()
    out = np.zeros(len(points))
    for side, on_side in (("L", points[:, 0] > 0), ("R", points[:, 0] <= 0)):
        a, b, c = (model.head(f"{bone}.{side}") for bone in (first, second, third))
        upper = (points - a) @ (b - a) / ((b - a) @ (b - a))
        lower = (points - b) @ (c - b) / ((c - b) @ (c - b))
        out = np.where(on_side, np.where(lower > 0, 0.5 + 0.5 * lower, np.minimum(0.5 * upper, 0.5)), out)
    return out


def _group(groups: Floats, *limbs: str) -> Floats:
    from tools.people.bodies import GROUPS

    columns = [k for k, name in enumerate(GROUPS) if name.split(".")[0] in limbs]
    return np.asarray(groups[:, columns].sum(1))


def _top_field(cut: Cut, points: Floats, groups: Floats) -> Floats:
    model = rig()
    x, y, z = points.T
    hip, neck = model.head("upperleg01.L"), model.head("neck01")
    arm = _group(groups, "upperarm", "lowerarm", "hand")
    on_arm = np.clip(arm - 0.3, 0, 1)
    hem = z - (hip[2] + cut.hem) + 5 * on_arm
    front = np.clip((neck[1] - y) / 0.08, 0, 1)
    across = np.abs(x) / cut.neck_width
    dip = np.clip(1 - across, 0, 1) if cut.v_neck else np.exp(-(across**2))
    line = neck[2] + 0.012 + cut.collar + (y - neck[1]) * 0.55 - cut.neck * front * dip
    edge = line - z + 3 * on_arm + np.maximum(np.abs(x) - max(0.075, cut.neck_width), 0) * 3
    if cut.sleeve > 0:
        sleeve = (cut.sleeve - _along_limb(points, "upperarm01", "lowerarm01", "wrist")) * 0.5 + 3 * np.clip(
            0.35 - arm, 0, 1
        )
    else:
        sleeve = 0.42 - arm
    field = np.minimum(np.minimum(hem, edge), sleeve)
    if cut.opening > 0:
        width = cut.opening * (1 + 0.6 * np.clip((z - hip[2] - 0.1) / 0.45, 0, 1))
        field = np.where((y < neck[1] + 0.03) & (arm < 0.5), np.minimum(field, np.abs(x) - width), field)
    return np.asarray(field)


def field(cut: Cut, points: Floats, groups: Floats) -> Floats:
    """Signed distance-like value [N] of points [N, 3] on the mean adult with region weights [N, 14]."""
    model = rig()
    hip = model.head("upperleg01.L")
    if cut.template == "top":
        return _top_field(cut, points, groups)
    if cut.template == "legs":
        along = _along_limb(points, "upperleg01", "lowerleg01", "foot")
        arms = _group(groups, "upperarm", "lowerarm", "hand")
        return np.minimum(np.minimum(hip[2] + cut.rise - points[:, 2], (cut.length - along) * 0.8), 0.3 - arms)
    if cut.template == "skirt":
        top, bottom = skirt_range()
        down = (top - points[:, 2]) / (top - bottom)
        inside = np.minimum(cut.length - down, down - cut.rise) * (top - bottom)
        if cut.opening > 0:
            inside = np.where(points[:, 1] < 0, np.minimum(inside, np.abs(points[:, 0]) - cut.opening), inside)
        arms = _group(groups, "upperarm", "lowerarm", "hand")
        return np.asarray(np.minimum(inside, 0.3 - arms))
    ankle = model.head("foot.L")
    return np.asarray(ankle[2] + cut.height + (points[:, 1] - ankle[1]) * cut.slope - points[:, 2])


@lru_cache(maxsize=1)
def skirt_range() -> tuple[float, float]:
    """Heights of the skirt helper's upper and lower edge on the mean adult."""
    heights = rig().rest[np.unique(rig().skirt), 2]
    return float(heights.max()), float(heights.min())


@lru_cache(maxsize=16)
def template(kind: Template, detail: int) -> Mixture:
    """The part of a helper mesh that a kind of garment is cut from, subdivided `detail` times."""
    model = rig()
    if kind == "skirt":
        mesh = from_triangles(model.skirt, len(model.rest))
    else:
        mesh = from_triangles(model.tights, len(model.rest))
        points = np.asarray(mesh.mix @ model.rest)[mesh.faces]
        hip = model.head("upperleg01.L")
        if kind == "top":
            keep = points[:, :, 2].max(1) > hip[2] - 0.3
        elif kind == "legs":
            keep = (points[:, :, 2].min(1) < hip[2] + 0.25) & (np.abs(points[:, :, 0]).max(1) < 0.35)
        else:
            keep = points[:, :, 2].min(1) < model.head("lowerleg01.L")[2]
        mesh = select(mesh, keep)
    for _ in range(detail):
        mesh = subdivide(mesh)
    return mesh


@lru_cache(maxsize=64)
def cut_mesh(cut: Cut, detail: int) -> Mixture:
    """The garment's mesh, cut out of its template."""
    model = rig()
    mesh = template(cut.template, detail)
    return clip(mesh, field(cut, np.asarray(mesh.mix @ model.rest), np.asarray(mesh.mix @ model.groups)))


def hidden(cut: Cut, points: Floats, groups: Floats, margin: float) -> NDArray[np.bool_]:
    """Which points on the mean adult lie under the garment, further than `margin` from its edges."""
    if cut.template == "shoe":
        cut = replace(cut, height=cut.height - 0.005)
    covered = field(cut, points, groups) > margin
    if cut.template in ("legs", "skirt"):
        covered &= _group(groups, "foot") < 0.5
    if cut.template == "shoe":
        covered &= _group(groups, "foot") > 0.3
    return covered
