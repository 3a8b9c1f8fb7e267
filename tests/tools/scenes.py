"""Small scenes of turned figures, for renderers: every kind of surface without a body model."""

from __future__ import annotations

import numpy as np

from tools.people.scene import Background, Body, Camera, Colour, Light, Material, Mesh, Person, Scene, Strands

COLOURS: tuple[Colour, ...] = ((0.15, 0.2, 0.4), (0.9, 0.8, 0.7), (0.6, 0.1, 0.1), (0.2, 0.6, 0.2))
LIGHTS = (Light("sun", (1.0, 0.95, 0.9), 0.6, (0.4, -0.8, 0.6), 15.0), Light("sky", strength=0.5))
FILL = Light("sun", (0.9, 0.9, 1.0), 0.2, (-0.9, -0.3, 0.4), 40.0)


def turned(profile, around=14):
    """A surface of revolution: points float32 [R * around, 3], faces; `profile` lists (radius, height)."""
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    rings = [np.stack([r * np.cos(angle), 0.7 * r * np.sin(angle), np.full(around, z)], 1) for r, z in profile]
    first = (np.arange(len(profile) - 1)[:, None] * around + np.arange(around)).ravel()
    beside = first - first % around + (first + 1) % around
    faces = np.concatenate(
        [np.stack([first, beside, beside + around], 1), np.stack([first, beside + around, first + around], 1)]
    )
    return np.concatenate(rings).astype(np.float32), faces.astype(np.int32)


def person(rng, x=0.0, y=0.0, pattern="plain", parameters=None, bag=False):
    """A figure with a textured skin, a garment of the pattern and hair, standing at x, y."""
    profile = [(0.08, 0.0), (0.13, 0.4), (0.18, 0.8), (0.16, 1.1), (0.24, 1.4), (0.07, 1.5), (0.1, 1.62), (0.02, 1.75)]
    points, faces = turned(profile)
    place = np.array([x, y, 0], np.float32)
    height = points[faces][..., 2]
    uv = np.stack([np.arctan2(points[faces][..., 1], points[faces][..., 0]) / 7 + 0.5, height / 1.8], 2)
    uv = uv.astype(np.float32)
    part = np.clip(height.mean(1) / 1.75 * 24 + rng.uniform(0, 2), 1, 24).astype(np.uint8)
    middle = points[faces].mean(1)
    seat = (middle[:, 1] > 0) & (middle[:, 2] > 0.7) & (middle[:, 2] < 1.1)
    part[seat] = np.where(middle[seat, 0] < 0, 7, 8)  # what somebody sits on
    texture = rng.integers(120, 220, (16, 16, 3)).astype(np.uint8)
    skin = Mesh(
        "skin", points + place, faces, points, Material("skin", ((0.8, 0.6, 0.5),), roughness=0.55), uv, texture
    )
    coat, coat_faces = turned([(r + 0.03, z) for r, z in profile[1:5]])
    cloth = Material("cloth", COLOURS, pattern, parameters or {"seed": float(rng.integers(1000))}, 0.7)
    meshes = [skin, Mesh("coat", coat + place, coat_faces, coat, cloth)]
    if bag:
        box, box_faces = turned([(0.0, 0.5), (0.12, 0.5), (0.12, 0.8), (0.0, 0.8)], 6)
        meshes.append(Mesh("bag", box + place + [0.25, -0.2, 0], box_faces, box, Material("prop", COLOURS[2:3])))
    root = np.array([0, 0, 1.72]) + rng.normal(size=(60, 1, 3)) * [0.06, 0.05, 0.02]
    fall = np.arange(5)[None, :, None] * (rng.normal(size=(60, 1, 3)) * 0.03 + [0, 0.02, -0.05])
    hair = Strands("long", (root + fall + place).astype(np.float32), rng.uniform(0.7, 1.2, 60).astype(np.float32),
                   0.008, 0.003, Material("hair", ((0.3, 0.2, 0.1),), roughness=0.4))  # fmt: skip
    meshes = [Mesh(m.name, m.vertices.astype(np.float32), m.faces, m.rest, m.material, m.uv, m.texture) for m in meshes]
    return Person(Body(points + place, faces, part, np.clip(uv, 0, 1)), tuple(meshes), (hair,), {"pose": "standing"})


def scene(persons, kind="studio", seed=0, size=(48, 64), props=(), lights=LIGHTS, eye=(0.6, -4.2, 1.3)):
    ground = Background(
        kind, ((0.85, 0.85, 0.9), (0.7, 0.75, 0.7)), 0.0 if kind in ("studio", "street") else None, seed
    )
    return Scene(tuple(persons), Camera(eye, (0.0, 0.0, 0.9), 28.0, *size), lights, ground, seed, tuple(props))


def box(x, y, half=0.3, height=0.4):
    points, faces = turned([(0.0, height), (half, height), (half, 0.0)], 8)
    moved = (points + np.array([x, y, 0])).astype(np.float32)
    return Mesh("seat", moved, faces, moved, Material("prop", ((0.4, 0.3, 0.5),), roughness=0.7))
