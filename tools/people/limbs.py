"""A pose being assembled: bone turns, and arms bent so that the wrist reaches a place."""

from dataclasses import dataclass, field

import numpy as np

from tools.people.bodies import Floats, Shape, rig

SIDES = {"L": 1.0, "R": -1.0}


@dataclass
class Draft:
    """A pose being assembled. Arm targets are wrist positions in the rest frame of the whole body, with elbow hints."""

    shape: Shape
    rng: np.random.Generator
    turns: dict[str, Floats] = field(default_factory=dict)
    arms: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)
    wrists: dict[str, Floats] = field(default_factory=dict)
    curl: dict[str, float] = field(default_factory=lambda: {"L": 14.0, "R": 14.0})
    hidden: set[str] = field(default_factory=set)

    def turn(self, bone: str, x: float = 0, y: float = 0, z: float = 0) -> None:
        self.turns[bone] = self.turns.get(bone, np.eye(3)) @ rotation(np.radians([x, y, z]))

    def spread(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def joint(self, name: str) -> Floats:
        return self.shape.heads[rig().bone(name)]


def rotation(vector: Floats) -> Floats:
    """3x3 matrix of a rotation vector (axis times angle in radians)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-9:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _frame(along: Floats, normal: Floats) -> Floats:
    along = along / np.linalg.norm(along)
    normal = normal - along * (along @ normal)
    normal /= np.linalg.norm(normal)
    return np.stack([along, normal, np.cross(along, normal)], 1)


def bend_arm(draft: Draft, side: str, chest: Floats) -> None:
    """Turn shoulder and elbow so that the wrist reaches its target; `chest` [3, 4] is what the spine has done."""
    target, hint = draft.arms[side]
    shoulder, elbow, wrist = (draft.joint(f"{bone}.{side}") for bone in ("upperarm01", "lowerarm01", "wrist"))
    target = chest[:, :3].T @ (target - chest[:, 3])
    hint = chest[:, :3].T @ hint
    upper, lower = elbow - shoulder, wrist - elbow
    a, b = np.linalg.norm(upper), np.linalg.norm(lower)
    reach = target - shoulder
    distance = float(np.clip(np.linalg.norm(reach), abs(a - b) + 0.05, (a + b) * 0.992))
    axis = reach / np.linalg.norm(reach)
    out = hint - axis * (axis @ hint)
    out /= np.linalg.norm(out)
    cosine = (a * a + distance * distance - b * b) / (2 * a * distance)
    bent = axis * cosine + out * np.sqrt(max(1 - cosine * cosine, 0.0))
    forearm = (axis * distance - bent * a) / b
    rest_normal = np.cross(upper, lower)
    rest_normal /= np.linalg.norm(rest_normal)
    rest_angle = np.arccos(np.clip(upper @ lower / (a * b), -1, 1))
    angle = np.arccos(np.clip(bent @ forearm, -1, 1))
    whole = _frame(bent, np.cross(bent, forearm)) @ _frame(upper, rest_normal).T
    draft.turns[f"upperarm01.{side}"] = whole
    draft.turns[f"lowerarm01.{side}"] = rotation(rest_normal * (angle - rest_angle))
    pronation, flexion, sideways = draft.wrists.get(side, np.zeros(3))
    along = lower / b
    half = rotation(along * np.radians(pronation) / 2 * SIDES[side])
    draft.turns[f"lowerarm02.{side}"] = half
    thumb = draft.joint(f"finger2-1.{side}") - draft.joint(f"finger5-1.{side}")
    thumb -= along * (along @ thumb)
    thumb /= np.linalg.norm(thumb)
    palm = np.cross(along, thumb)
    bend = rotation(thumb * np.radians(flexion)) @ rotation(palm * np.radians(sideways))
    draft.turns[f"wrist.{side}"] = half @ bend
    _fingers(draft, side, draft.joint(f"finger3-1.{side}") - wrist, thumb)


def _fingers(draft: Draft, side: str, hand: Floats, thumb: Floats) -> None:
    """Curl the fingers and bring them closer together than the rest pose has them."""
    palm = np.cross(hand, thumb)
    palm /= np.linalg.norm(palm)
    knuckles = np.cross(palm, hand)
    knuckles /= np.linalg.norm(knuckles)

    def direction(finger: int) -> Floats:
        along = draft.joint(f"finger{finger}-2.{side}") - draft.joint(f"finger{finger}-1.{side}")
        return np.asarray(along - palm * (along @ palm))

    closed = draft.spread(0.35, 1.0)
    middle = direction(3)
    for finger in range(2, 6):
        own = direction(finger)
        apart = np.arctan2(np.cross(own, middle) @ palm, own @ middle)
        for joint in range(1, 4):
            curl = draft.curl[side] * (0.8 + 0.12 * (finger - 2)) + draft.spread(-3, 3)
            turn = rotation(knuckles * np.radians(curl) * SIDES[side])
            if joint == 1:
                turn = turn @ rotation(palm * apart * closed)
            draft.turns[f"finger{finger}-{joint}.{side}"] = turn
