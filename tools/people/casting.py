"""Who is in a training picture: somebody alone, a group, or clothes without a wearer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, Self

import numpy as np

from tools.people.cloth import cloth
from tools.people.scene import Material, Mesh, Person
from tools.people.staging import seat

NEGATIVES = 0.05
GROUPS = 0.08

Rng = np.random.Generator


class Model(Protocol):
    """Somebody who can be photographed again and again."""

    def recoloured(self, rng: Rng) -> Self:
        """The same outfit in other cloth."""

    def posed(self, rng: Rng, place: tuple[float, float] = (0.0, 0.0), turn: tuple[float, float] = (0, 0)) -> Person:
        """In some pose, standing at `place`, turned to the left by an angle from the range `turn` (radians)."""

    def still_life(self, rng: Rng) -> tuple[Mesh, ...]:
        """Some of the clothes alone."""


def other_cloth(pieces: Iterable[tuple[str, Material]], rng: Rng) -> dict[str, Material]:
    """Other cloth for the named garments made of cloth; pieces that shared their cloth go on sharing it."""
    drawn: dict[int, Material] = {}
    materials = {}
    for name, material in pieces:
        if material.kind == "cloth":
            pattern = material.pattern if material.pattern == "denim" else None
            fresh = cloth(rng, 0.5, pattern=pattern)
            materials[name] = drawn.setdefault(id(material), fresh)
    return materials


def cast(base: Model, neighbour: Model | None, rng: Rng) -> tuple[tuple[Person, ...], tuple[Mesh, ...]]:
    """The people and the props of one picture of `base`, sometimes with a neighbour or of its clothes alone."""
    kind = rng.random()
    dressed = base.recoloured(rng) if rng.random() < 0.6 else base
    if kind < NEGATIVES:
        return (), dressed.still_life(rng) if rng.random() < 0.8 else ()
    persons: tuple[Person, ...] = (dressed.posed(rng),)
    props = (seat(persons[0], rng),) if persons[0].attributes["pose"].endswith("sitting") else ()
    if kind < NEGATIVES + GROUPS and neighbour is not None:
        count = 2 if rng.random() < 0.3 else 1
        for k in range(count):
            side = (1 if k else -1) * rng.uniform(0.45, 1.0)
            place = (side, rng.uniform(-0.5, 0.7))
            other = neighbour if k == 0 else neighbour.recoloured(rng)
            persons += (other.posed(rng, place, (-0.7, 0.7)),)
    return persons, props
