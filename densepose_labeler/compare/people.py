"""Which persons of several models' labels are the same person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from manifests.instances import Instance

SAME_PERSON = 0.5
"""Least IoU of two boxes that mean one person."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person as several models see it: at most one instance each."""

    seen_by: Mapping[str, Instance]


def match(people: Mapping[str, Sequence[Instance]]) -> list[Person]:
    """Gather the instances of all models into persons, the surest first.

    Each instance, in descending score, joins the person whose first instance its box meets best, if they meet by
    `SAME_PERSON` and no other instance of its model is there; else it begins a new person.

    Args:
        people: label set -> the persons it found in one image.
    """
    order = sorted(
        ((one.score, name, number) for name, found in people.items() for number, one in enumerate(found)),
        key=lambda entry: (-entry[0], entry[1], entry[2]),
    )
    persons: list[dict[str, Instance]] = []
    for _, name, number in order:
        instance = people[name][number]
        free = [person for person in persons if name not in person]
        overlaps = [box_iou(next(iter(person.values())).box, instance.box) for person in free]
        if overlaps and max(overlaps) >= SAME_PERSON:
            free[int(np.argmax(overlaps))][name] = instance
        else:
            persons.append({name: instance})
    return [Person(person) for person in persons]


def box_iou(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes (x0, y0, x1, y1)."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    total = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - shared
    return shared / total if total > 0 else 0.0
