"""Shadow maps, hollows and light of a batch of scenes: the torch side of `tools.people.shading`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tools.people.device.geometry import Resident, Surfaces, scene_meshes, views
from tools.people.device.rasterizer import project, rasterise
from tools.people.scene import Camera, Scene
from tools.people.shading import SHADOW_SIZE, light_table, shadow_camera


@dataclass(frozen=True)
class Shadows:
    """Depth maps of the suns of a batch of scenes.

    reach: float64 [M, SHADOW_SIZE + 2, SHADOW_SIZE + 2], the distance to what a sun sees, infinite where it sees
    nothing, with a border that sees nothing. map_of: int64 [B, S], the map of each scene's suns, -1 where it has fewer.
    """

    cameras: tuple[Camera, ...]
    spreads: Tensor
    reach: Tensor
    map_of: NDArray[np.int64]

    def lit(self, points: Tensor, maps: Tensor, spread: float = 1.0) -> Tensor:
        """Share of the light of the suns `maps` [N] that reaches points [N, 3]: float32 [N]."""
        x, y, inverse = project(points, self.cameras, maps).unbind(1)
        softness = (self.spreads * spread)[maps]
        near = 1.0 / inverse - 0.012 - 0.003 * softness
        flat, side = self.reach.view(-1), SHADOW_SIZE + 2
        total = torch.zeros(len(points), device=points.device)
        for i in range(-2, 3):
            row = (y + i * softness * 0.5).long().clamp(-1, SHADOW_SIZE) + 1
            start = (maps * side + row) * side + 1
            for j in range(-2, 3):
                column = (x + j * softness * 0.5).long().clamp(-1, SHADOW_SIZE)
                total += near < flat[start + column]
        return total / 25.0


def shadows(scenes: Sequence[Scene], shown: Surfaces, resident: Resident) -> Shadows:
    """Draw what every sun of every scene sees."""
    device = resident.device
    suns = [[light for light in scene.lights if light.kind == "sun"] for scene in scenes]
    map_of = np.full((len(scenes), max([1, *map(len, suns)])), -1, np.int64)
    cameras: list[Camera] = []
    spreads, scene_of = [], []
    for number, (scene, some) in enumerate(zip(scenes, suns, strict=True)):
        boxes = [resident.box(mesh.vertices) for mesh in scene_meshes(scene)]
        if not boxes:
            continue
        low = np.min([box[0] for box in boxes], 0).astype(np.float64)
        high = np.max([box[1] for box in boxes], 0).astype(np.float64)
        for column, sun in enumerate(some):
            map_of[number, column] = len(cameras)
            camera, spread = shadow_camera(sun, low, high)
            cameras.append(camera)
            spreads.append(spread)
            scene_of.append(number)
    seen = views(shown, scene_of)
    points = project(seen.vertices, cameras, seen.camera_of)
    depth = rasterise(points, seen.faces, SHADOW_SIZE, SHADOW_SIZE, seen.image_of, len(cameras)).nearest
    reach = torch.where(depth > 0, 1.0 / depth.double(), torch.inf)
    reach = functional.pad(reach, (1, 1, 1, 1), value=torch.inf)
    return Shadows(
        tuple(cameras),
        torch.tensor(spreads, dtype=torch.float64, device=device),
        reach,
        map_of,
    )


def _mean(values: Tensor, size: int) -> Tensor:
    """Mean over squares of `size` pixels, edges mirrored (`scipy.ndimage.uniform_filter`): float32 [B, H, W]."""
    before, after = size // 2, size - size // 2 - 1
    for axis in (1, 2):
        count = values.shape[axis]
        index = torch.arange(-before, count + after, device=values.device).remainder(2 * count)
        padded = values.index_select(axis, torch.minimum(index, 2 * count - 1 - index))
        window = (size, 1) if axis == 1 else (1, size)
        values = functional.avg_pool2d(padded[:, None], window, stride=1)[:, 0]
    return values


def creases(nearest: Tensor, strength: float) -> Tensor:
    """Darkening of hollows from depth maps: float32 [B, H, W], 1 where open."""
    seen = nearest > 0
    depth = torch.where(seen, 1 / nearest.clamp(min=1e-6), 0.0)
    size = max(3, nearest.shape[1] // 36)
    around = _mean(depth, size) / _mean(seen.float(), size).clamp(min=1e-3)
    return (1 - strength * (depth - around).clamp(0, 0.06)).clamp(0.45, 1)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(-1)


def shade(
    albedo: Tensor,
    normal: Tensor,
    view: Tensor,
    hair: Tensor,
    gloss: Tensor,
    hollow: Tensor,
    scenes: Sequence[Scene],
    image: Tensor,
    lit: Sequence[Tensor],
) -> Tensor:
    """Radiance of N surface points, float32 [N, 3] linear (the formula of `tools.people.shading`).

    albedo, normal, view [N, 3] and hair, gloss, hollow [N] as there; image [N] is each point's scene; lit has, for the
    k-th sun of every scene, the share [N] that arrives.
    """
    device = albedo.device
    tables = [light_table(scene.lights) for scene in scenes]
    directions, colours = np.zeros((2, len(lit), len(scenes), 3), np.float32)
    for number, (towards, radiance, _) in enumerate(tables):
        directions[: len(towards), number], colours[: len(radiance), number] = towards, radiance
    sky = torch.from_numpy(np.stack([table[2] for table in tables])).to(device)[image]
    along = _dot(normal, view)
    across = view - normal * along[:, None]
    across = across / (_dot(across, across).sqrt() + 1e-9)[:, None]
    facing_us = torch.where((along < 0)[:, None], -normal, normal)
    normal = torch.where(hair[:, None], across, facing_us)
    facing = _dot(normal, view).clamp(min=0)
    ambient = (0.6 + 0.4 * normal[:, 2]) * hollow
    rim = (1 - facing) ** 3 * (0.05 + 0.25 * gloss) * hollow
    diffuse, specular = sky * ambient[:, None], torch.zeros_like(gloss)
    for towards, radiance, arrives in zip(directions, colours, lit, strict=True):
        to_sun, colour = torch.from_numpy(towards).to(device)[image], torch.from_numpy(radiance).to(device)[image]
        light = ((_dot(normal, to_sun) + 0.15) / 1.15).clamp(min=0) * arrives
        diffuse += colour * light[:, None]
        half = to_sun + view
        cosine = (_dot(normal, half) / (_dot(half, half).sqrt() + 1e-9)).clamp(min=0)
        specular += cosine ** (8 + 60 * gloss) * arrives * gloss * 0.35 * colour[:, 1]
    return albedo * diffuse + specular[:, None] + rim[:, None] * sky
