"""Poses of shop photography, as bone rotations for a given figure.

Arms are set by where the wrist goes (two-bone inverse kinematics with the elbow as a hinge), legs and spine by angles.
Angles are degrees; directions are the rest frame's: x to the person's left, y to their back, z up.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tools.people.bodies import Floats, Shape, rig, transforms
from tools.people.limbs import SIDES, Draft, bend_arm


@dataclass(frozen=True)
class Pose:
    """rotations: 3x3 by bone (see `bodies.transforms`); hidden_hands: sides ("L", "R") whose hand is in a pocket."""

    name: str
    rotations: dict[str, Floats]
    hidden_hands: frozenset[str] = frozenset()


def _hanging(draft: Draft, side: str) -> None:
    sign = SIDES[side]
    hip = draft.joint(f"upperleg01.{side}")
    shoulder = draft.joint(f"upperarm01.{side}")
    reach = float(np.linalg.norm(draft.joint(f"lowerarm01.{side}") - shoulder))
    out = max(abs(shoulder[0]) + draft.spread(0.03, 0.1), abs(hip[0]) + 0.13)
    target = np.array([sign * out, draft.spread(-0.12, 0.05), shoulder[2] - reach * draft.spread(1.8, 1.93)])
    draft.arms[side] = (target, np.array([sign * draft.spread(0.25, 0.6), 1.0, 0.0]))
    draft.wrists[side] = np.array([draft.spread(-30, 10), draft.spread(-5, 12), draft.spread(-8, 8)])


def _on_hip(draft: Draft, side: str) -> None:
    sign = SIDES[side]
    hip = draft.joint(f"upperleg01.{side}")
    target = np.array(
        [hip[0] + sign * draft.spread(0.09, 0.12), draft.spread(-0.01, 0.06), hip[2] + draft.spread(0.12, 0.19)]
    )
    draft.arms[side] = (target, np.array([sign, draft.spread(0.1, 0.6), 0.1]))
    draft.wrists[side] = np.array([draft.spread(-20, 20), draft.spread(10, 40), draft.spread(-10, 20)])
    draft.curl[side] = 22.0


def _in_pocket(draft: Draft, side: str) -> None:
    sign = SIDES[side]
    hip = draft.joint(f"upperleg01.{side}")
    target = np.array(
        [hip[0] + sign * draft.spread(0.07, 0.1), hip[1] - draft.spread(0.04, 0.08), hip[2] + draft.spread(0.04, 0.09)]
    )
    draft.arms[side] = (target, np.array([sign * draft.spread(0.4, 0.9), 1.0, 0.0]))
    draft.wrists[side] = np.array([draft.spread(-15, 10), 0.0, 0.0])
    draft.hidden.add(side)


def _crossed(draft: Draft) -> None:
    chest = draft.joint("spine02")
    for side, front in (("L", 0.0), ("R", 0.035)):
        sign = SIDES[side]
        target = chest + np.array([-sign * draft.spread(0.05, 0.08), -0.21 - front, draft.spread(0.02, 0.05) + front])
        draft.arms[side] = (target, np.array([sign * 0.8, -0.1, -1.0]))
        draft.wrists[side] = np.array([draft.spread(-10, 10), draft.spread(0, 12), 0.0])


def _behind(draft: Draft, side: str) -> None:
    sign = SIDES[side]
    hip = draft.joint(f"upperleg01.{side}")
    target = np.array([sign * draft.spread(0.07, 0.12), 0.2, hip[2] + draft.spread(0.08, 0.16)])
    draft.arms[side] = (target, np.array([sign, 0.35, -0.1]))
    draft.wrists[side] = np.array([draft.spread(-20, 20), 0.0, 0.0])


def _to_head(draft: Draft, side: str) -> None:
    sign = SIDES[side]
    head = draft.joint("head")
    target = head + np.array([sign * draft.spread(0.13, 0.17), draft.spread(-0.08, 0.03), draft.spread(-0.04, 0.06)])
    draft.arms[side] = (target, np.array([sign * 0.9, -0.5, -0.4]))
    draft.wrists[side] = np.array([draft.spread(-30, 30), draft.spread(0, 25), 0.0])


def _at_chest(draft: Draft, side: str) -> None:
    sign = SIDES[side]
    chest = draft.joint("spine01")
    target = chest + np.array([sign * draft.spread(0.08, 0.14), -draft.spread(0.2, 0.26), draft.spread(-0.16, 0.0)])
    draft.arms[side] = (target, np.array([sign * draft.spread(0.6, 1.0), 0.2, -0.8]))
    draft.wrists[side] = np.array([draft.spread(-20, 20), draft.spread(0, 20), 0.0])
    draft.curl[side] = 40.0


def _free(draft: Draft, side: str) -> None:
    """Somewhere within reach: in front, to the side, above."""
    sign = SIDES[side]
    shoulder = draft.joint(f"upperarm01.{side}")
    reach = 2 * float(np.linalg.norm(draft.joint(f"lowerarm01.{side}") - shoulder)) * draft.spread(0.55, 0.97)
    swing, rise = np.radians(draft.spread(-40, 100)), np.radians(draft.spread(-75, 60))
    away = np.array([sign * np.sin(swing) * np.cos(rise), -np.cos(swing) * np.cos(rise), np.sin(rise)])
    draft.arms[side] = (shoulder + reach * away, np.array([sign * draft.spread(0.3, 1), 0.3, -draft.spread(0.2, 1)]))
    draft.wrists[side] = np.array([draft.spread(-50, 50), draft.spread(-20, 40), draft.spread(-15, 15)])
    draft.curl[side] = draft.spread(5, 50)


def _standing(draft: Draft) -> None:
    closed = draft.spread(2, 5.5)
    weight = draft.spread(-1, 1)
    for side, sign in SIDES.items():
        relaxed = max(0.0, sign * weight) * draft.spread(4, 14)
        draft.turn(
            f"upperleg01.{side}",
            x=-relaxed + draft.spread(-2, 2),
            y=sign * (closed - max(0, sign * weight) * 2),
            z=sign * draft.spread(-3, 9),
        )
        draft.turn(f"lowerleg01.{side}", x=1.6 * relaxed)
        draft.turn(f"foot.{side}", x=-0.6 * relaxed)
    draft.turn("spine05", y=-2.5 * weight)
    draft.turn("spine03", y=2.0 * weight)


def _walking(draft: Draft, crossing: bool = False) -> None:
    step = draft.spread(9, 20)
    front = "L" if draft.rng.random() < 0.5 else "R"
    for side, sign in SIDES.items():
        inward = draft.spread(6, 8.5) if crossing else draft.spread(3, 5.5)
        if side == front:
            draft.turn(f"upperleg01.{side}", x=-step, y=sign * inward)
            knee = draft.spread(2, 8)
            draft.turn(f"lowerleg01.{side}", x=knee)
            draft.turn(f"foot.{side}", x=step - knee - draft.spread(0, 8))
        else:
            draft.turn(f"upperleg01.{side}", x=0.7 * step, y=sign * inward)
            draft.turn(f"lowerleg01.{side}", x=draft.spread(8, 28))
            draft.turn(f"foot.{side}", x=draft.spread(0, 14))
    draft.turn("spine05", z=draft.spread(-4, 4))


def _ankles_crossed(draft: Draft) -> None:
    front = "L" if draft.rng.random() < 0.5 else "R"
    for side, sign in SIDES.items():
        swing = -draft.spread(7, 11) if side == front else draft.spread(0, 3)
        draft.turn(f"upperleg01.{side}", x=swing, y=sign * (draft.spread(10, 13) if side == front else 6))
        draft.turn(f"lowerleg01.{side}", x=draft.spread(2, 8) if side == front else 0)


def _sitting(draft: Draft) -> None:
    thigh = draft.spread(72, 88)
    for side, sign in SIDES.items():
        knee = draft.spread(60, 95)
        draft.turn(f"upperleg01.{side}", x=-thigh, y=sign * draft.spread(-2, 3), z=0)
        draft.turn(f"lowerleg01.{side}", x=knee)
        draft.turn(f"foot.{side}", x=thigh - knee)
        knee_at = draft.joint(f"upperleg01.{side}") + np.array([0.03 * sign, -0.26, 0.1])
        draft.arms[side] = (knee_at + np.array([0, draft.spread(-0.06, 0.06), 0.03]), np.array([sign * 0.7, 1.0, -0.1]))
        draft.wrists[side] = np.array([draft.spread(-10, 10), 0.0, 0.0])


def _arms(left: Callable[[Draft, str], None], right: Callable[[Draft, str], None]) -> Callable[[Draft], None]:
    def apply(draft: Draft) -> None:
        swap = draft.rng.random() < 0.5
        for side, move in (("L", right if swap else left), ("R", left if swap else right)):
            move(draft, side)

    return apply


_ARMS: dict[str, tuple[float, Callable[[Draft], None]]] = {
    "relaxed": (0.30, _arms(_hanging, _hanging)),
    "hand on hip": (0.11, _arms(_on_hip, _hanging)),
    "hands on hips": (0.05, _arms(_on_hip, _on_hip)),
    "hands in pockets": (0.10, _arms(_in_pocket, _in_pocket)),
    "hand in pocket": (0.12, _arms(_in_pocket, _hanging)),
    "arms crossed": (0.07, _crossed),
    "hands behind": (0.06, _arms(_behind, _behind)),
    "hand at head": (0.06, _arms(_to_head, _hanging)),
    "hand at chest": (0.06, _arms(_at_chest, _hanging)),
    "pocket and chest": (0.03, _arms(_at_chest, _in_pocket)),
    "hip and head": (0.02, _arms(_to_head, _on_hip)),
    "free": (0.05, _arms(_free, _hanging)),
    "both free": (0.04, _arms(_free, _free)),
}
_LEGS: dict[str, tuple[float, Callable[[Draft], None]]] = {
    "standing": (0.55, _standing),
    "walking": (0.25, _walking),
    "crossing": (0.08, lambda draft: _walking(draft, True)),
    "ankles crossed": (0.07, _ankles_crossed),
    "sitting": (0.05, _sitting),
}
POSES = tuple(_ARMS)
STANCES = tuple(_LEGS)


def _choose(rng: np.random.Generator, table: dict[str, tuple[float, Callable[[Draft], None]]]) -> str:
    chances = np.array([chance for chance, _ in table.values()])
    return str(rng.choice(list(table), p=chances / chances.sum()))


def pose(shape: Shape, rng: np.random.Generator, arms: str | None = None, legs: str | None = None) -> Pose:
    """A pose of this figure; `arms` is one of `POSES`, `legs` one of `STANCES`, drawn by chance where not given."""
    draft = Draft(shape, rng)
    legs = legs or _choose(rng, _LEGS)
    arms = arms or _choose(rng, _ARMS)
    lively = draft.spread(1.0, 3.0) if rng.random() < 0.15 else draft.spread(0.3, 1.0)
    draft.turn("spine05", y=draft.spread(-3, 3) * lively, z=draft.spread(-6, 6) * lively)
    draft.turn(
        "spine02", x=draft.spread(-4, 4) * lively, y=draft.spread(-4, 4) * lively, z=draft.spread(-6, 6) * lively
    )
    draft.turn("neck01", x=draft.spread(-4, 5), y=draft.spread(-5, 5) * lively, z=draft.spread(-14, 14) * lively)
    draft.turn("head", x=draft.spread(-7, 6), y=draft.spread(-5, 5) * lively, z=draft.spread(-16, 16) * lively)
    for side, sign in SIDES.items():
        draft.turn(f"clavicle.{side}", y=sign * draft.spread(0, 5))
    _ARMS[arms][1](draft)
    _LEGS[legs][1](draft)
    if legs == "sitting":
        draft.hidden.clear()
    bones = transforms(shape.heads, draft.turns)
    for side in SIDES:
        bend_arm(draft, side, bones[rig().bone(f"shoulder01.{side}")])
    return Pose(f"{arms}, {legs}", draft.turns, frozenset(draft.hidden))
