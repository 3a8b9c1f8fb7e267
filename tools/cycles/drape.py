"""Lets a person's clothes fall: Blender's cloth simulation, one layer after the other, from the body outwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

SHOULDERS, WAIST = 0.13, 0.05  # metres below a garment's highest point that hold it, at least in part


@dataclass(frozen=True)
class Fabric:
    """How a fabric falls: area weight in kg a vertex, stiffness against stretch and bend, growth of its cut."""

    mass: float = 0.2
    stretch: float = 15.0
    bend: float = 0.08
    growth: float = 0.03


FABRICS = {
    "plain": Fabric(),
    "denim": Fabric(mass=0.4, stretch=25.0, bend=1.0, growth=0.015),
    "knit": Fabric(mass=0.35, stretch=10.0, bend=0.25, growth=0.03),
}


def collider(item: Any) -> None:
    item.modifiers.new("collision", "COLLISION")
    item.collision.thickness_outer = 0.002
    item.collision.cloth_friction = 12.0


def vertices(item: Any) -> NDArray[np.float32]:
    """Vertices [V, 3] of an object's mesh."""
    place = np.empty(len(item.data.vertices) * 3, np.float32)
    item.data.vertices.foreach_get("co", place)
    return place.reshape(-1, 3)


def fall(solid: Sequence[Any], layers: Sequence[Any], frames: int) -> None:
    """Simulates `layers` (cloth objects with a "rest" attribute, inner to outer) over `solid` and keeps the last frame.

    What a garment hangs by keeps its place: collar and shoulders, or the waistband, by height in the rest space.
    """
    scene = bpy.context.scene
    for item in solid:
        collider(item)
    for item in layers:
        mesh = item.data
        count = len(mesh.vertices)
        rest = np.empty(count * 3, np.float32)
        mesh.attributes["rest"].data.foreach_get("vector", rest)
        height = rest[2::3]
        band = SHOULDERS if height.max() > 0.3 else WAIST
        held = np.clip((height - (height.max() - band)) / (0.6 * band), 0, 1)
        group = item.vertex_groups.new(name="held")
        for level in np.unique(np.round(held[held > 0], 1)):
            group.add(np.flatnonzero(np.round(held, 1) == level).tolist(), float(level), "REPLACE")
        fabric = FABRICS.get(item.get("pattern", "plain"), FABRICS["plain"])
        cloth = item.modifiers.new("cloth", "CLOTH")
        settings = cloth.settings
        settings.quality = 4
        settings.mass = fabric.mass
        settings.tension_stiffness = settings.compression_stiffness = fabric.stretch
        settings.shear_stiffness = fabric.stretch / 3
        settings.bending_stiffness = fabric.bend
        settings.air_damping = 1.5
        settings.vertex_group_mass = "held"
        settings.shrink_min = -fabric.growth
        cloth.collision_settings.distance_min = 0.002
        cloth.collision_settings.collision_quality = 2
        cloth.collision_settings.use_self_collision = False
        cloth.point_cache.frame_start, cloth.point_cache.frame_end = 1, frames
        for frame in range(1, frames + 1):
            scene.frame_set(frame)
        done = item.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
        place = np.empty(count * 3, np.float32)
        done.vertices.foreach_get("co", place)
        item.modifiers.clear()
        mesh.vertices.foreach_set("co", place)
        mesh.update()
        scene.frame_set(1)
        collider(item)
    for item in (*solid, *layers):
        item.modifiers.clear()
