"""Procedural cloth: the colour of a material at points in rest space (metres), the same in every renderer."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tools.people.scene import Colour, Material

Values = NDArray[np.float32]
Parameters = dict[str, float]


def _hash(a: NDArray[np.int64], b: NDArray[np.int64], seed: int, salt: int) -> Values:
    """Uniform numbers in 0..1 from integer lattice cells."""
    mixed = (a * 73856093) ^ (b * 19349663) ^ np.int64((seed * 83492791 + salt * 2654435761) & 0x7FFFFFFF)
    mixed = (mixed ^ (mixed >> 13)) * 1274126177 & 0x7FFFFFFF
    return (((mixed ^ (mixed >> 16)) & 0xFFFF) / 65535.0).astype(np.float32)


def value_noise(u: Values, v: Values, seed: int) -> Values:
    """Smooth noise in 0..1 with features about one unit wide."""
    iu, iv = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
    fu, fv = u - iu, v - iv
    fu, fv = fu * fu * (3 - 2 * fu), fv * fv * (3 - 2 * fv)
    corner = [[_hash(iu + i, iv + j, seed, 0) for j in (0, 1)] for i in (0, 1)]
    low = corner[0][0] * (1 - fv) + corner[0][1] * fv
    high = corner[1][0] * (1 - fv) + corner[1][1] * fv
    return np.asarray(low * (1 - fu) + high * fu, np.float32)


def _stripes(u: Values, v: Values, p: Parameters) -> Values:
    angle, scale = p.get("angle", 0.0), p.get("scale", 0.04)
    phase = (v * np.cos(angle) + u * np.sin(angle)) / scale
    return np.asarray((phase - np.floor(phase)) < p.get("ratio", 0.5), np.float32)


def _checks(u: Values, v: Values, p: Parameters) -> Values:
    scale, ratio = p.get("scale", 0.06), p.get("ratio", 0.5)
    across, along = u / scale, v / scale
    first = (across - np.floor(across)) < ratio
    second = (along - np.floor(along)) < ratio
    return np.asarray(0.5 * first + 0.5 * second, np.float32)


def _cells(u: Values, v: Values, p: Parameters) -> tuple[Values, Values, Values]:
    """Distance to the nearest of the jittered dots, the angle there and a random number of that dot."""
    scale, seed = p.get("scale", 0.05), int(p.get("seed", 0))
    a, b = u / scale, v / scale
    ia, ib = np.floor(a).astype(np.int64), np.floor(b).astype(np.int64)
    best = np.full(len(u), 9.0, np.float32)
    angle, which = np.zeros_like(best), np.zeros_like(best)
    jitter = p.get("jitter", 0.6)
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            ca, cb = ia + i, ib + j
            da = a - (ca + 0.5 + jitter * (_hash(ca, cb, seed, 1) - 0.5))
            db = b - (cb + 0.5 + jitter * (_hash(ca, cb, seed, 2) - 0.5))
            distance = np.sqrt(da * da + db * db)
            closer = distance < best
            best = np.where(closer, distance, best)
            angle = np.where(closer, np.arctan2(db, da), angle)
            which = np.where(closer, _hash(ca, cb, seed, 3), which)
    return best.astype(np.float32), angle.astype(np.float32), which


def _dots(u: Values, v: Values, p: Parameters) -> Values:
    return np.asarray(_cells(u, v, {"jitter": 0.0, **p})[0] < p.get("radius", 0.28), np.float32)


def _floral(u: Values, v: Values, p: Parameters) -> Values:
    distance, angle, which = _cells(u, v, p)
    petals = 0.3 + 0.12 * np.cos(angle * np.floor(4 + 3 * which) + 6 * which)
    flower = np.where(distance < 0.1, 2.0, np.where(distance < petals * (0.6 + 0.7 * which), 1.0, 0.0))
    leaf = value_noise(u / p.get("scale", 0.05) * 2.5, v / p.get("scale", 0.05) * 2.5, int(p.get("seed", 0))) > 0.72
    return np.asarray(np.where(flower > 0, flower, 3.0 * leaf), np.float32)


def _camouflage(u: Values, v: Values, p: Parameters) -> Values:
    scale, seed = p.get("scale", 0.1), int(p.get("seed", 0))
    a, b = u / scale, v / scale
    noise = 0.65 * value_noise(a, b, seed) + 0.35 * value_noise(2.3 * a, 2.3 * b, seed + 1)
    return np.asarray(np.digitize(noise, [0.42, 0.52, 0.62]), np.float32)


def _denim(u: Values, v: Values, p: Parameters) -> Values:
    seed = int(p.get("seed", 0))
    fade = value_noise(u * 6, v * 3, seed) * 0.5 + value_noise(u * 400, v * 60, seed + 1) * 0.25
    knee = np.exp(-(((v + 0.12) / 0.13) ** 2)) * p.get("fade", 0.3)
    return np.asarray(np.clip(fade * p.get("fade", 0.3) * 1.5 + knee, 0, 1), np.float32)


def _knit(u: Values, v: Values, p: Parameters) -> Values:
    scale = p.get("scale", 0.008)
    rib = 0.5 + 0.5 * np.sin(u / scale * 2 * np.pi)
    loop = 0.5 + 0.5 * np.sin(v / scale * 2 * np.pi + np.pi * (rib > 0.5))
    return np.asarray(0.5 * (0.7 * rib + 0.3 * loop), np.float32)


def _blocks(u: Values, v: Values, p: Parameters) -> Values:
    edge = p.get("edge", 0.25) + p.get("slant", 0.0) * u
    return np.asarray(
        (v > edge) * 1.0 + (p.get("band", 0.0) > 0) * (np.abs(v - edge) < p.get("band", 0.0)) * 1.0, np.float32
    )


def _graphic(u: Values, v: Values, p: Parameters) -> Values:
    """A print on the chest: a disc, a bar or a badge; the sign of `front` is handled by the caller through `v`."""
    width, height = p.get("width", 0.1), p.get("height", 0.08)
    a, b = (u - p.get("x", 0.0)) / width, (v - p.get("z", 0.34)) / height
    style = int(p.get("seed", 0)) % 4
    if style == 0:
        return np.asarray((a * a + b * b) < 1, np.float32)
    if style == 1:
        lines = (np.abs(a) < 1) & (np.abs(b) < 1) & (np.floor((b + 1) * 2.5) % 2 == 0)
        letters = value_noise(u * 90, np.floor((b + 1) * 2.5), int(p.get("seed", 0))) > 0.4
        return np.asarray(lines & letters, np.float32)
    if style == 2:
        blobs = value_noise(a * 2 + 7, b * 2 + 7, int(p.get("seed", 0)))
        return np.asarray(((np.abs(a) < 1) & (np.abs(b) < 1)) * (1.0 + (blobs > 0.5)), np.float32)
    ring = a * a + b * b
    return np.asarray(((ring < 1) & (ring > 0.55)) | (ring < 0.2), np.float32)


def _speckle(u: Values, v: Values, p: Parameters) -> Values:
    scale, seed = p.get("scale", 0.01), int(p.get("seed", 0))
    return np.asarray(value_noise(u / scale, v / scale, seed) > p.get("cover", 0.65), np.float32)


def _animal(u: Values, v: Values, p: Parameters) -> Values:
    distance, _, which = _cells(u, v, p)
    ring = (distance > 0.22) & (distance < 0.4 + 0.1 * which) & (which > 0.12)
    return np.asarray(np.where(ring, 1.0, np.where(distance <= 0.22, 2.0, 0.0)), np.float32)


def _waves(u: Values, v: Values, p: Parameters) -> Values:
    scale, seed = p.get("scale", 0.08), int(p.get("seed", 0))
    bend = value_noise(u / scale * 0.7, v / scale * 0.7, seed) * p.get("bend", 2.0)
    return np.asarray(0.5 + 0.5 * np.sin(2 * np.pi * (v / scale + bend)), np.float32)


PATTERNS: dict[str, Callable[[Values, Values, Parameters], Values]] = {
    "stripes": _stripes, "checks": _checks, "dots": _dots, "floral": _floral, "camouflage": _camouflage,
    "denim": _denim, "knit": _knit, "blocks": _blocks, "print": _graphic, "speckle": _speckle, "animal": _animal,
    "waves": _waves,
}  # fmt: skip


def _blend(colours: tuple[Colour, ...], level: Values) -> Values:
    """Level 0 is the first colour, 1 the second and so on; between whole numbers they mix."""
    table = np.array([*colours, colours[-1]], np.float32)
    level = np.clip(level, 0, len(colours) - 1)
    below = np.floor(level).astype(int)
    part = (level - below)[:, None]
    return np.asarray(table[below] * (1 - part) + table[below + 1] * part, np.float32)


def albedo(material: Material, rest: NDArray[np.floating]) -> Values:
    """Colour of a material at rest-space points.

    rest: [N, 3], metres (see `scene.Mesh.rest`). Returns float32 [N, 3], sRGB in 0..1. Besides its pattern a material
    may have "placket" (a button line in front, spacing of the buttons), "sole" (height below which a shoe shows its
    last colour), "trim" (width of a darker band at the height "trim_z") and "melange" (strength of fine mottling).
    """
    x, y, z = (np.ascontiguousarray(rest[:, k], np.float32) for k in range(3))
    p = dict(material.parameters)
    u, v = x + 0.7 * y, z
    pattern = PATTERNS.get(material.pattern)
    if pattern is None:
        colour = np.tile(np.array(material.colours[0], np.float32), (len(x), 1))
    elif material.pattern == "print":
        colour = _blend(material.colours, np.where(y < -0.02, pattern(x, v, p), 0))
    else:
        colour = _blend(material.colours, pattern(u, v, p))
    if "melange" in p:
        mottle = value_noise(u * 500, v * 500, 1) + value_noise(u * 170, v * 170, 2) - 1
        colour = colour * (1 + p["melange"] * mottle)[:, None]
    if "placket" in p:
        line = (y < -0.03) & (np.abs(np.abs(x) - 0.014) < 0.0016)
        colour = np.where(line[:, None], colour * 0.72, colour)
        phase = z / p["placket"]
        button = (y < -0.03) & (x * x + ((phase - np.floor(phase) - 0.5) * p["placket"]) ** 2 < 0.0055**2)
        colour = np.where(button[:, None], 0.35 * colour + 0.35, colour)
    if "sole" in p:
        colour = np.where((z < p["sole"])[:, None], np.array(material.colours[-1], np.float32), colour)
    if "trim" in p:
        colour = np.where((np.abs(z - p["trim_z"]) < p["trim"])[:, None], colour * 0.7, colour)
    return np.clip(colour, 0, 1).astype(np.float32)
