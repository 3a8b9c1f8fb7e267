"""Puts clothes that a simulation has let through the body, or through each other, back to the outside."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tools.people.bodies import vertex_normals
from tools.people.scene import Person

CLEARANCE = 0.004  # metres in front of the skin
BETWEEN = 0.003  # metres between layers
HAIR = 0.006  # metres between clothes and hair
REACH = 0.05  # metres: what is further from a surface is on the right side of it
HANDS = (3, 4)

Points = NDArray[np.float32]


def _outside(points: Points, surface: Points, normals: Points, clearance: float) -> Points:
    """Moves points out until they are `clearance` in front of the surface vertices nearest to them."""
    distance, at = cKDTree(surface).query(points, k=3, distance_upper_bound=REACH)
    near = np.isfinite(distance)
    at = np.where(near, at, 0)
    lack = clearance - ((points[:, None] - surface[at]) * normals[at]).sum(2)
    lack = np.where(near, lack, 0) * np.array([1.0, 0.6, 0.6])
    return np.asarray(points + normals[at[:, 0]] * np.clip(lack.max(1), 0, REACH)[:, None], np.float32)


def above(strands: Points, person: Person, clothes: Mapping[str, Points]) -> Points:
    """Hair [N, K, 3] that lies on the clothes instead of going through them."""
    points = strands.reshape(-1, 3)
    for mesh in person.meshes:
        if mesh.name in clothes:
            vertices = clothes[mesh.name]
            normals = vertex_normals(vertices.astype(np.float64), mesh.faces).astype(np.float32)
            points = _outside(points, vertices, normals, HAIR)
    return points.reshape(strands.shape)


def settle(person: Person, clothes: Mapping[str, Points]) -> dict[str, Points]:
    """Returns the clothes' vertices [V, 3] by mesh name, all in front of the body and of the layers below them.

    Hands are left out: cloth gives way to them, not to the thigh behind them.
    """
    body = person.body
    kept = body.faces[~np.isin(body.part, HANDS)]
    used = np.unique(kept)
    normals = vertex_normals(body.vertices.astype(np.float64), kept).astype(np.float32)[used]
    skin = body.vertices[used]
    below: list[tuple[Points, Points]] = []
    out: dict[str, Points] = {}
    for mesh in person.meshes:
        if mesh.name not in clothes:
            continue
        points = clothes[mesh.name]
        for _ in range(2):
            points = _outside(points, skin, normals, CLEARANCE)
            for vertices, facing in below:
                points = _outside(points, vertices, facing, BETWEEN)
        out[mesh.name] = points
        below.append((points, vertex_normals(points.astype(np.float64), mesh.faces).astype(np.float32)))
    return out
