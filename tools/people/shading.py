"""Deferred shading (numba): sun with soft shadow, sky, crease darkening and gloss, in linear light."""

import numba as nb
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from tools.people.arrays import Array, cast, namespace
from tools.people.rasterizer import project, rasterise
from tools.people.scene import Camera, Light

Picture = NDArray[np.float32]
Corner = NDArray[np.floating]
SHADOW_SIZE = 512


def to_linear(colour: Array) -> Array:
    """sRGB 0..1 to linear light (the plain 2.2 power; both renderers agree to a level or two)."""
    return cast(namespace(colour).clip(colour, 0, 1) ** 2.2, "float32")


def to_display(linear: Array) -> Array:
    """Linear light to sRGB 0..1, with a soft shoulder above 0.8 instead of clipping."""
    xp = namespace(linear)
    linear = xp.clip(linear, 0, None)
    soft = xp.where(linear > 0.8, 0.8 + 0.2 * (1 - xp.exp(-(linear - 0.8) / 0.2)), linear)
    return cast(soft ** (1 / 2.2), "float32")


def shadow_camera(light: Light, low: Corner, high: Corner) -> tuple[Camera, float]:
    """The camera that a sun is, far from the box `low` to `high` [3], and the softness of its shadows in texels."""
    centre = (low + high) / 2
    radius = float(np.linalg.norm(high - low)) / 2 + 0.05
    direction = np.asarray(light.direction, float)
    direction /= np.linalg.norm(direction)
    eye = centre + direction * 20.0
    fov = 2 * float(np.degrees(np.arctan(radius / 20.0)))
    camera = Camera(tuple(eye), tuple(centre), fov, SHADOW_SIZE, SHADOW_SIZE)
    return camera, max(1.0, light.size * 0.0012 / (2 * radius / SHADOW_SIZE))


class Shadow:
    """What a sun sees of triangles, as a depth map from far away."""

    def __init__(self, light: Light, vertices: NDArray[np.floating], faces: NDArray[np.int32]) -> None:
        self.camera, self.spread = shadow_camera(light, vertices.min(0), vertices.max(0))
        self.depth, _, _ = rasterise(project(vertices, self.camera), faces, SHADOW_SIZE, SHADOW_SIZE)

    def lit(self, points: NDArray[np.floating], spread: float = 1.0) -> Picture:
        """Share of the light that reaches points [N, 3]: float32 [N]."""
        seen = project(points, self.camera)
        out = np.ones(len(points), np.float32)
        _lit(seen, self.depth, self.spread * spread, out)
        return out


@nb.njit(cache=True)
def _lit(seen, depth, spread, out):  # type: ignore[no-untyped-def]
    size = depth.shape[0]
    for n in range(seen.shape[0]):
        total = 0.0
        distance = 1.0 / seen[n, 2]
        for i in range(-2, 3):
            for j in range(-2, 3):
                x = int(seen[n, 0] + j * spread * 0.5)
                y = int(seen[n, 1] + i * spread * 0.5)
                if (
                    x < 0
                    or y < 0
                    or x >= size
                    or y >= size
                    or depth[y, x] <= 0
                    or distance < 1.0 / depth[y, x] + 0.012 + 0.003 * spread
                ):
                    total += 1.0
        out[n] = total / 25.0


def creases(nearest: Picture, strength: float) -> Picture:
    """Darkening of hollows from the depth map: float32 [H, W], 1 where open."""
    seen = nearest > 0
    if not seen.any():
        return np.ones_like(nearest)
    depth = np.where(seen, 1 / np.maximum(nearest, 1e-6), 0).astype(np.float32)
    size = max(3, nearest.shape[0] // 36)
    weight = uniform_filter(seen.astype(np.float32), size)
    around = uniform_filter(depth, size) / np.maximum(weight, 1e-3)
    return np.asarray(np.clip(1 - strength * np.clip(depth - around, 0, 0.06), 0.45, 1), np.float32)


@nb.njit(cache=True)
def _shade(albedo, normal, view, hair, gloss, hollow, sun_dirs, sun_colours, lit, sky, out):  # type: ignore[no-untyped-def]
    for n in range(albedo.shape[0]):
        nx, ny, nz = normal[n, 0], normal[n, 1], normal[n, 2]
        vx, vy, vz = view[n, 0], view[n, 1], view[n, 2]
        along = nx * vx + ny * vy + nz * vz
        if hair[n] > 0:
            nx, ny, nz = vx - nx * along, vy - ny * along, vz - nz * along
            length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
            nx, ny, nz = nx / length, ny / length, nz / length
        elif along < 0:
            nx, ny, nz = -nx, -ny, -nz
        facing = max(nx * vx + ny * vy + nz * vz, 0.0)
        r = g = b = 0.0
        s = 0.0
        ambient = (0.6 + 0.4 * nz) * hollow[n]
        rim = (1 - facing) ** 3 * (0.05 + 0.25 * gloss[n]) * hollow[n]
        for k in range(sun_dirs.shape[0]):
            lx, ly, lz = sun_dirs[k, 0], sun_dirs[k, 1], sun_dirs[k, 2]
            cosine = nx * lx + ny * ly + nz * lz
            light = max((cosine + 0.15) / 1.15, 0.0) * lit[k, n]
            r += sun_colours[k, 0] * light
            g += sun_colours[k, 1] * light
            b += sun_colours[k, 2] * light
            hx, hy, hz = lx + vx, ly + vy, lz + vz
            length = np.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9
            half = max((nx * hx + ny * hy + nz * hz) / length, 0.0)
            s += half ** (8 + 60 * gloss[n]) * lit[k, n] * gloss[n] * 0.35 * sun_colours[k, 1]
        out[n, 0] = albedo[n, 0] * (r + sky[0] * ambient) + s + rim * sky[0]
        out[n, 1] = albedo[n, 1] * (g + sky[1] * ambient) + s + rim * sky[1]
        out[n, 2] = albedo[n, 2] * (b + sky[2] * ambient) + s + rim * sky[2]


def light_table(lights: tuple[Light, ...]) -> tuple[Picture, Picture, Picture]:
    """Unit directions [suns, 3] and radiances [suns, 3] of the suns, and the sky's radiance [3]: float32."""
    suns = [light for light in lights if light.kind == "sun"]
    directions = np.array(
        [np.asarray(sun.direction) / np.linalg.norm(sun.direction) for sun in suns], np.float32
    ).reshape(-1, 3)
    colours = np.array([np.array(sun.colour) * sun.strength for sun in suns], np.float32).reshape(-1, 3)
    sky = np.zeros(3, np.float32)
    for light in lights:
        if light.kind == "sky":
            sky += np.array(light.colour, np.float32) * np.float32(light.strength)
    return directions, colours, sky


def shade(
    albedo: Picture,
    normal: Picture,
    view: Picture,
    hair: NDArray[np.uint8],
    gloss: Picture,
    hollow: Picture,
    lights: tuple[Light, ...],
    lit: Picture,
) -> Picture:
    """Radiance of N surface points, float32 [N, 3] linear.

    albedo [N, 3] linear; normal [N, 3] unit (for hair the strand's direction); view [N, 3] unit, towards the eye;
    hair [N] 0 or 1; gloss, hollow [N] in 0..1; lit [suns, N], the share of each sun that arrives.
    """
    directions, colours, sky = light_table(lights)
    out = np.zeros_like(albedo)
    _shade(albedo, normal, view, hair, gloss, hollow, directions, colours, lit, sky, out)
    return out
