"""The photographer's studio: a seamless backdrop, three soft lights and the scene's own camera."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import bpy
import mathutils
import numpy as np

from tools.cycles.materials import Nodes, linear

BEHIND, BEND = 1.4, 0.9  # metres from the person to the bend of the backdrop, and its radius


def camera(spec: Mapping[str, Any], aperture: float = 0.0) -> None:
    """A camera in the same place as the rasteriser's: vertical field of view in degrees, image centre on the axis.

    It is a pinhole, unless an aperture (an f-number) makes what is nearer or farther than its target unsharp.
    """
    data = bpy.data.cameras.new("camera")
    data.sensor_fit = "VERTICAL"
    data.angle = math.radians(spec["fov"])
    item = bpy.data.objects.new("camera", data)
    eye, target = mathutils.Vector(spec["eye"]), mathutils.Vector(spec["target"])
    item.location = eye
    if aperture:
        data.dof.use_dof, data.dof.focus_distance = True, (target - eye).length
        data.dof.aperture_fstop = aperture
    item.rotation_euler = (target - eye).to_track_quat("-Z", "Y").to_euler()
    scene = bpy.context.scene
    scene.collection.objects.link(item)
    scene.camera = item
    scene.render.resolution_x, scene.render.resolution_y = spec["width"], spec["height"]
    scene.render.resolution_percentage = 100


def _frame(spec: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors on the floor: from the person to the camera, and to the camera's right."""
    to = np.array(spec["eye"][:2], float) - np.array(spec["target"][:2], float)
    to /= max(float(np.linalg.norm(to)), 1e-6)
    return np.array([*to, 0.0]), np.array([-to[1], to[0], 0.0])


def backdrop(background: Mapping[str, Any], spec: Mapping[str, Any], floor: float) -> None:
    """A sheet of paper that runs from under the person up behind them, square to the camera."""
    forward, right = _frame(spec)
    bend = np.linspace(0, math.pi / 2, 16)
    profile = [(5.0, 0.0), (-BEHIND, 0.0)]
    profile += [(-BEHIND - BEND * math.sin(a), BEND * (1 - math.cos(a))) for a in bend[1:]]
    profile.append((-BEHIND - BEND, 6.0))
    centre = np.array([spec["target"][0], spec["target"][1], floor - 0.001])
    points = [centre + forward * d + right * s + np.array([0, 0, h]) for d, h in profile for s in (-7.0, 7.0)]
    faces = [(2 * i, 2 * i + 1, 2 * i + 3, 2 * i + 2) for i in range(len(profile) - 1)]
    mesh = bpy.data.meshes.new("backdrop")
    mesh.from_pydata([tuple(map(float, p)) for p in points], [], faces)
    mesh.polygons.foreach_set("use_smooth", [True] * len(faces))
    nodes = Nodes("backdrop")
    paper = {"Base Color": linear(background["colours"][0]), "Roughness": 0.9, "Specular IOR Level": 0.1}
    nodes.set(nodes.surface, paper)
    mesh.materials.append(nodes.material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("backdrop", mesh))


def _area(name: str, place: np.ndarray, aim: np.ndarray, size: float, watts: float, colour: tuple[float, ...]) -> None:
    light = bpy.data.lights.new(name, "AREA")
    light.shape, light.size, light.energy, light.color = "DISK", size, watts, colour
    item = bpy.data.objects.new(name, light)
    item.location = tuple(map(float, place))
    item.rotation_euler = mathutils.Vector(tuple(map(float, aim - place))).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(item)


def lights(spec: Mapping[str, Any], floor: float, seed: int) -> None:
    """Key light to one side and above, a large fill on the other, a hair light behind, and light on the backdrop.

    Places and strengths vary a little with `seed`, as from one photographer to the next.
    """
    rng = np.random.default_rng(seed)
    forward, right = _frame(spec)
    up = np.array([0.0, 0.0, 1.0])
    centre = np.array([spec["target"][0], spec["target"][1], floor])
    aim = centre + 1.0 * up
    side = right if rng.random() < 0.5 else -right
    key = centre + forward * 1.9 + side * rng.uniform(1.7, 2.3) + up * rng.uniform(2.1, 2.6)
    _area("key", key, aim, 1.1, rng.uniform(66, 78), (1.0, 0.97, 0.93))
    _area("fill", centre + forward * 2.6 - side * 2.3 + up * 1.3, aim, 2.2, rng.uniform(10, 18), (0.95, 0.98, 1.0))
    rim = centre - forward * 0.9 - side * 1.6 + up * 2.4
    _area("rim", rim, aim + 0.4 * up, 0.8, rng.uniform(32, 44), (1.0, 1.0, 1.0))
    _area("wall", centre - forward * 0.2 + up * 3.2, centre - forward * 2.2 + 1.2 * up, 2.4, 36, (1.0, 1.0, 1.0))
    _sky((1.0, 1.0, 1.0), 0.17)


def _sky(colour: Sequence[float], strength: float) -> None:
    world = bpy.data.worlds.new("sky")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (*colour, 1)
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = strength
    bpy.context.scene.world = world


def daylight(lights: Sequence[Mapping[str, Any]]) -> None:
    """The scene's own lights: its suns, and its sky all round. A white surface that faces a light of strength 1 is
    about white."""
    for light in lights:
        if light["kind"] == "sky":
            _sky(light["colour"], light["strength"])
            continue
        data = bpy.data.lights.new("sun", "SUN")
        data.energy, data.color = math.pi * light["strength"], light["colour"]
        data.angle = math.radians(light["size"])
        item = bpy.data.objects.new("sun", data)
        item.rotation_euler = mathutils.Vector(light["direction"]).to_track_quat("Z", "Y").to_euler()
        bpy.context.scene.collection.objects.link(item)
