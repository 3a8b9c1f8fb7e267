"""A street to stand in: a pavement, a row of house fronts behind it and what stands around, as meshes with painted
textures that every renderer can draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tools.people.scene import Colour, Material, Mesh

Rng = np.random.Generator
Picture = NDArray[np.float32]
WALLS: tuple[Colour, ...] = (
    (0.72, 0.66, 0.58), (0.55, 0.35, 0.28), (0.82, 0.8, 0.76), (0.62, 0.64, 0.66), (0.78, 0.68, 0.5), (0.45, 0.42, 0.4),
    (0.86, 0.78, 0.72), (0.5, 0.56, 0.52),
)  # fmt: skip
SIGNS: tuple[Colour, ...] = (
    (0.1, 0.12, 0.16), (0.42, 0.14, 0.14), (0.14, 0.26, 0.22),
    (0.85, 0.83, 0.78), (0.62, 0.53, 0.33), (0.18, 0.24, 0.36),
)  # fmt: skip
TEXELS = 72  # a metre of house front
CELL = 0.6  # metres of the meshes' grid: a triangle that reaches behind the camera is not drawn


def _mottled(rng: Rng, height: int, width: int, base: Colour, spread: float) -> Picture:
    noise = np.kron(rng.random((height // 8 + 1, width // 8 + 1)), np.ones((8, 8)))[:height, :width]
    fine = rng.random((height, width))
    return np.asarray(np.array(base) * (1 + spread * (noise + fine - 1))[..., None], np.float32)


def _front(rng: Rng, wide: float, tall: float) -> Picture:
    """A house front [h, w, 3]: a shop or a door below, windows in rows above."""
    h, w = int(tall * TEXELS), int(wide * TEXELS)
    wall = WALLS[int(rng.integers(len(WALLS)))]
    out = _mottled(rng, h, w, wall, 0.08)
    if rng.random() < 0.45:  # bricks
        row = np.arange(h) // 6
        out[np.arange(h) % 6 == 0] *= 1.13
        joints = (np.arange(w)[None] + 9 * (row[:, None] % 2)) % 18 == 0
        out[joints] *= 1.13

    def box(x: float, z: float, width: float, height: float, colour: Colour | Picture) -> None:
        rows = slice(max(0, h - int((z + height) * TEXELS)), max(0, h - int(z * TEXELS)))
        out[rows, max(0, int(x * TEXELS)) : max(0, int((x + width) * TEXELS))] = colour

    glass: Colour = tuple(float(c) for c in np.array([0.2, 0.24, 0.28]) * rng.uniform(0.6, 1.9))  # type: ignore[assignment]
    frame: Colour = (0.9, 0.89, 0.86) if rng.random() < 0.6 else (0.18, 0.17, 0.16)
    sign = SIGNS[int(rng.integers(len(SIGNS)))]
    ground = 3.1
    if rng.random() < 0.7:  # a shop: its window with things in it, its sign, its door
        box(0.3, 0.0, wide - 0.6, ground - 0.15, sign)
        box(0.5, 0.5, wide - 2.0, 1.9, glass)
        for _ in range(int(rng.integers(3, 9))):
            thing = tuple(float(c) for c in rng.uniform(0.15, 0.8) + rng.uniform(-0.15, 0.15, 3))
            box(rng.uniform(0.5, wide - 2.0), 0.5, rng.uniform(0.1, 0.45), rng.uniform(0.3, 1.5), thing)  # type: ignore[arg-type]
        box(wide - 1.35, 0.05, 0.85, 2.2, glass)
        box(0.5, 2.55, wide - 1.0, 0.32, tuple(min(1.0, c + 0.08) for c in sign))  # type: ignore[arg-type]
        letters = rng.random(int((wide - 2) * 7)) < 0.6
        for k in np.flatnonzero(letters):
            box(1.0 + k / 7, 2.64, 0.09, 0.14, (0.93, 0.91, 0.84) if sum(sign) < 1.8 else (0.1, 0.1, 0.1))
    else:
        box(0.4, 0.0, 1.05, 2.3, sign)
        for x in np.arange(2.0, wide - 1.0, 1.7):
            box(x - 0.07, 0.83, 1.14, 1.64, frame)
            box(x, 0.9, 1.0, 1.5, glass)
    box(0.0, ground, wide, 0.16, tuple(c * 0.8 for c in wall))  # type: ignore[arg-type]
    for z in np.arange(ground + 0.8, tall - 1.2, 2.7):
        for x in np.arange(0.7, wide - 1.2, 1.9):
            box(x - 0.07, z - 0.07, 1.14, 1.64, frame)
            box(x, z, 1.0, 1.5, glass)
            box(x + 0.47, z, 0.06, 1.5, frame)
    out[-int(0.35 * TEXELS) :] *= np.linspace(0.95, 0.6, int(0.35 * TEXELS))[:, None, None]
    return out


def _pavement(rng: Rng) -> Picture:
    """Four by four metres of slabs or cobbles, and their joints."""
    slab = int(rng.choice([10, 24, 36, 48]))
    texels = 240 // slab * slab
    base: Colour = tuple(float(c) for c in np.array([0.56, 0.55, 0.53]) * rng.uniform(0.6, 1.2))  # type: ignore[assignment]
    out = _mottled(rng, texels, texels, base, 0.12)
    out *= np.kron(rng.uniform(0.88, 1.1, (texels // slab, texels // slab)), np.ones((slab, slab)))[..., None]
    edge = np.arange(texels) % slab == 0
    out[edge] *= 0.72
    out[:, edge] *= 0.72
    return out


def _sheet(
    name: str, corner: list[float], first: list[float], second: list[float], texture: Picture, tile: float = 0.0
):  # type: ignore[no-untyped-def]
    """A rectangle spanned by two edges from a corner, as a grid, in street coordinates; `tile`: metres a repetition."""
    a, b, c = np.array(first), np.array(second), np.array(corner)
    n, m = (max(1, int(np.ceil(np.linalg.norm(edge) / CELL))) for edge in (a, b))
    grid = c + np.linspace(0, 1, n + 1)[:, None, None] * a + np.linspace(0, 1, m + 1)[None, :, None] * b
    at = (np.arange(n)[:, None] * (m + 1) + np.arange(m)).ravel()
    faces = np.concatenate([np.stack([at, at + m + 1, at + m + 2], 1), np.stack([at, at + m + 2, at + 1], 1)])
    # the texture starts anew in every tile, so that corners of one cell never lie on both sides of its edge
    i, j = at // (m + 1), at % (m + 1)
    if tile:
        cells = max(1, round(tile / CELL))
        u0, v0, du, dv = (i % cells) / cells, (j % cells) / cells, 1 / cells, 1 / cells
    else:
        u0, v0, du, dv = i / n, j / m, 1 / n, 1 / m
    low, right, both, up = (np.stack([u0 + x * du, v0 + y * dv], 1) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1)))
    uv = np.concatenate([np.stack([low, right, both], 1), np.stack([low, both, up], 1)]).astype(np.float32)
    return name, grid.reshape(-1, 3), faces.astype(np.int32), uv, texture


def _block(
    name: str, centre: tuple[float, float], size: tuple[float, float, float], texture: Picture, base: float = 0.0
):  # type: ignore[no-untyped-def]
    """A box on the ground: four sides and a lid."""
    (x, y), (w, d, h) = centre, size
    left, near = x - w / 2, y - d / 2
    return [
        _sheet(name, [left, near, base], [w, 0, 0], [0, 0, h], texture),
        _sheet(name, [left + w, near + d, base], [-w, 0, 0], [0, 0, h], texture),
        _sheet(name, [left, near + d, base], [0, -d, 0], [0, 0, h], texture),
        _sheet(name, [left + w, near, base], [0, d, 0], [0, 0, h], texture),
        _sheet(name, [left, near, base + h], [w, 0, 0], [0, d, 0], texture),
    ]


def _plain(rng: Rng, colour: Colour) -> Picture:
    return _mottled(rng, 16, 16, colour, 0.05)


def _car(rng: Rng, x: float, y: float):  # type: ignore[no-untyped-def]
    paint = _plain(rng, SIGNS[int(rng.integers(len(SIGNS)))])
    dark = _plain(rng, (0.07, 0.08, 0.09))
    return [
        *_block("car", (x, y), (3.4, 1.3, 0.3), dark, 0.0),
        *_block("car", (x, y), (4.0, 1.6, 0.62), paint, 0.26),
        *_block("car", (x, y), (2.3, 1.4, 0.46), dark, 0.88),
        *_block("car", (x, y), (2.1, 1.42, 0.06), paint, 1.34),
    ]


def street(rng: Rng, yaw: float) -> tuple[Mesh, ...]:
    """A street behind whoever stands at the origin, seen by a camera at the angle `yaw` (radians, 0 from -y)."""
    behind = rng.uniform(1.8, 6.0)
    sheets = [
        _sheet("pavement", [-14, -13, 0], [28.8, 0, 0], [0, 13 + behind + 0.2, 0], _pavement(rng), 3.6),
    ]
    x = -13.0 + rng.uniform(0, 3)
    while x < 13:
        wide, tall = rng.uniform(4, 8), rng.uniform(6, 11)
        sheets.append(_sheet("front", [x, behind, 0], [wide, 0, 0], [0, 0, tall], _front(rng, wide, tall)))
        x += wide
    if behind > 3.4 and rng.random() < 0.6:
        sheets += _car(rng, rng.uniform(-2.5, 2.5), behind - 1.3)
    iron, wood = _plain(rng, (0.12, 0.13, 0.13)), _plain(rng, (0.4, 0.28, 0.18))
    for _ in range(int(rng.integers(1, 5))):
        place = (float(rng.choice([-1, 1])) * rng.uniform(0.8, 3.5), rng.uniform(0.8, behind - 0.3))
        kind = rng.choice(["bollard", "planter", "lamp post", "bench"])
        if kind == "bollard":
            sheets += _block("bollard", place, (0.12, 0.12, 0.9), iron)
        elif kind == "lamp post":
            sheets += _block("lamp post", place, (0.13, 0.13, 4.5), iron)
        elif kind == "bench":
            sheets += _block("bench", place, (1.5, 0.45, 0.06), wood, 0.42) + _block(
                "bench", place, (1.3, 0.3, 0.4), iron
            )
        else:
            sheets += _block("planter", place, (0.6, 0.6, 0.5), _plain(rng, (0.5, 0.48, 0.45)))
            sheets += _block("hedge", place, (0.55, 0.55, 0.6), _mottled(rng, 64, 64, (0.18, 0.3, 0.13), 0.7), 0.5)
    away = np.array([np.sin(yaw), -np.cos(yaw), 0.0])
    right = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    turn = np.stack([right, -away, [0, 0, 1]])
    return tuple(_mesh(turn, *sheet) for sheet in sheets)


def _mesh(turn: NDArray[np.float64], name: str, points, faces, uv, texture) -> Mesh:  # type: ignore[no-untyped-def]
    place = (points @ turn).astype(np.float32)
    painted = (np.clip(texture, 0, 1) * 255).astype(np.uint8)
    colour: Colour = tuple(float(c) for c in texture.mean((0, 1)))  # type: ignore[assignment]
    return Mesh(name, place, faces, place, Material("prop", (colour,), roughness=0.85), uv, painted)
