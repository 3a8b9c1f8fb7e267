"""Backdrops as pictures: plain studio walls and floors, gradients, textures and blurred clutter."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from tools.people.arrays import Array, beside, cast, namespace
from tools.people.rasterizer import look_at
from tools.people.scene import Background, Camera

Picture = NDArray[np.float32]
HOST = np.zeros(0, np.float32)
SMOOTH = ("studio", "gradient")
"""Backdrops that `smooth` draws, on any device; the others are pictures, drawn by numpy."""


def _stretch(grid: NDArray[np.floating], width: int, height: int) -> Picture:
    layers = [
        np.asarray(Image.fromarray(layer.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC))
        for layer in np.moveaxis(grid, 2, 0)
    ]
    return np.stack(layers, 2).astype(np.float32)


def _noise(rng: np.random.Generator, width: int, height: int, cells: int, channels: int = 1) -> Picture:
    return _stretch(rng.random((max(2, cells), max(2, cells * width // height), channels)), width, height)


def _rays(camera: Camera, like: Array) -> Array:
    """World directions through the pixel centres, float32 [H, W, 3], not normalised."""
    xp = namespace(like)
    turn, _, focal = look_at(camera)
    x = (np.arange(camera.width) + 0.5 - camera.width / 2) / focal
    y = (np.arange(camera.height) + 0.5 - camera.height / 2) / focal
    across, down = xp.meshgrid(beside(x, like), beside(y, like), indexing="xy")
    return cast(xp.stack([across, down, xp.ones_like(across)], 2) @ beside(turn, like), "float32")


def floor_points(camera: Camera, floor: float, far: float = 12.0, like: Array = HOST) -> tuple[Array, Array]:
    """Where each pixel's ray meets the floor: float32 [H, W, 3], and how much of the floor is seen there, 0..1."""
    xp, rays = namespace(like), _rays(camera, like)
    eye = np.asarray(camera.eye, np.float32)
    drop = xp.clip(rays[..., 2], None, -1e-4)
    reach = float(floor - eye[2]) / drop
    points = beside(eye, like) + rays * reach[..., None]
    seen = (rays[..., 2] < -1e-4) & (reach > 0)
    away = points[..., :2] - beside(np.asarray(camera.target)[:2].astype(np.float32), like)
    behind = xp.sqrt(away[..., 0] ** 2 + away[..., 1] ** 2)
    seam = xp.clip((far * 0.35 - behind) / (far * 0.3), 0, 1)
    seam = seam * seam * (3 - 2 * seam)
    return cast(points, "float32"), cast(xp.where(seen, seam, 0.0), "float32")


def contact(points: Array, seen: Array, feet: NDArray[np.floating]) -> Array:
    """How light the floor at points [..., 3] is beside what stands on it at `feet` [N, 2 or 3]: 1 is unshaded."""
    centre, spread = feet[:, :2].mean(0), feet[:, :2].std(0) + 0.06
    gap = (((points[..., :2] - beside(centre, points)) / beside(spread, points)) ** 2).sum(2)
    return 1 - 0.3 * seen * namespace(points).exp(-0.5 * gap)


def _clutter(rng: np.random.Generator, colours: NDArray[np.float32], width: int, height: int) -> Picture:
    out = np.broadcast_to(colours[0], (height, width, 3)).copy()
    yy, xx = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(int(rng.integers(5, 30))):
        tint = np.clip(colours[int(rng.integers(len(colours)))] + rng.normal(size=3) * 0.15, 0, 1)
        cx, cy = rng.uniform(0, width), rng.uniform(0, height)
        w, h = rng.uniform(0.02, 0.4) * width, rng.uniform(0.02, 0.6) * height
        angle = rng.choice([0.0, 0.0, rng.uniform(0, 3)])
        a = (xx - cx) * np.cos(angle) + (yy - cy) * np.sin(angle)
        b = (yy - cy) * np.cos(angle) - (xx - cx) * np.sin(angle)
        inside = (
            (np.abs(a) < w / 2) & (np.abs(b) < h / 2) if rng.random() < 0.65 else (a / w) ** 2 + (b / h) ** 2 < 0.25
        )
        out[inside] = tint
    return out.astype(np.float32)


def _bricks(rng: np.random.Generator, colours: NDArray[np.float32], width: int, height: int) -> Picture:
    size = rng.uniform(0.03, 0.15) * height
    aspect = rng.uniform(0.5, 3)
    yy, xx = np.mgrid[0:height, 0:width].astype(np.float32)
    row = np.floor(yy / size)
    shift = (row % 2) * 0.5 if rng.random() < 0.6 else 0.0
    column = xx / (size * aspect) + shift
    joint = (column - np.floor(column) < 0.06 / aspect) | (yy / size - row < 0.06)
    tint = np.sin(np.floor(column) * 12.9898 + row * 78.233) * 43758.5453
    out = colours[0] * (0.9 + 0.2 * (tint - np.floor(tint)))[..., None]
    return np.where(joint[..., None], colours[-1] * 0.9, out).astype(np.float32)


def smooth(background: Background, camera: Camera, like: Array = HOST) -> Array:
    """The backdrop of a kind in `SMOOTH`: float32 [H, W, 3], sRGB in 0..1, an array like `like`."""
    xp, rng = namespace(like), np.random.default_rng(background.seed)
    width, height = camera.width, camera.height
    colours = beside(np.array(background.colours, np.float32), like)
    if background.kind == "gradient":
        down = beside(np.linspace(0, 1, height, dtype=np.float32)[:, None, None], like)
        ramp = colours[0] * (1 - down) + colours[-1] * down
        return xp.clip(xp.broadcast_to(ramp, (height, width, 3)), 0, 1)
    out = xp.broadcast_to(colours[0], (height, width, 3))
    if background.floor is not None:
        _, seen = floor_points(camera, background.floor, like=like)
        out = out * (1 - seen[..., None]) + colours[-1] * seen[..., None]
    xx = beside(np.arange(width, dtype=np.float32), like)[None]
    yy = beside(np.arange(height, dtype=np.float32), like)[:, None]
    spot = ((xx / width - rng.uniform(0.3, 0.7)) ** 2 + (yy / height - rng.uniform(0.2, 0.6)) ** 2)[..., None]
    return xp.clip(out * (1 - rng.uniform(0, 0.25) * spot), 0, 1)


def picture(background: Background, camera: Camera) -> Picture:
    """The backdrop without anybody's shadow: float32 [H, W, 3], sRGB in 0..1."""
    if background.kind in SMOOTH:
        return np.asarray(smooth(background, camera), np.float32)
    rng = np.random.default_rng(background.seed)
    width, height = camera.width, camera.height
    colours = np.array(background.colours, np.float32)
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    if background.kind == "wall":
        out = _bricks(rng, colours, width, height)
        out = out * (0.85 + 0.3 * _noise(rng, width, height, 6))
    elif background.kind == "texture":
        fine = (
            _noise(rng, width, height, int(rng.integers(3, 120))) * 0.6
            + _noise(rng, width, height, int(rng.integers(3, 20))) * 0.4
        )
        fine = np.clip((fine - 0.5) * rng.uniform(1, 4) + 0.5, 0, 1)
        out = colours[0] * (1 - fine) + colours[-1] * fine
    elif background.kind == "outdoor":
        sky = colours[0] * (1 - 0.3 * down) + 0.15 * _noise(rng, width, height, 4)
        horizon = rng.uniform(0.35, 0.7)
        blocks = _clutter(rng, colours, width, height)
        ground = colours[-1] * (0.8 + 0.4 * _noise(rng, width, height, 60))
        skyline = horizon - 0.25 * _noise(rng, width, 8, 8)[0, :, 0]
        out = np.where(down < skyline[None, :, None], sky, np.where(down < horizon, blocks, ground))
    else:
        out = _clutter(rng, colours, width, height) + 0.1 * _noise(rng, width, height, 24, 3) - 0.05
    if background.kind in ("blurred", "outdoor", "panels", "wall") and (
        background.kind == "blurred" or rng.random() < 0.6
    ):
        out = gaussian_filter(out, (rng.uniform(0.002, 0.025) * height,) * 2 + (0,))
    return np.clip(out, 0, 1).astype(np.float32)
