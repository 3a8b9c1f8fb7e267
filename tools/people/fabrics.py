"""Procedural cloth: the colour of a material at points in rest space (metres), the same in every renderer.

Patterns take numpy arrays or torch tensors (`arrays`). Their parameters are numbers, or arrays with a value a point, so
that one evaluation covers many materials of one pattern.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.people.arrays import Array, cast, namespace
from tools.people.scene import Material

Values = NDArray[np.float32]
Parameters = Mapping[str, Any]


def _seed(p: Parameters) -> Any:
    seed = p.get("seed", 0)
    return int(seed) if isinstance(seed, int | float) else cast(seed, "int64")


def _hash(a: Array, b: Array, seed: Any, salt: int) -> Array:
    """Uniform numbers in 0..1 from integer lattice cells."""
    mixed = (a * 73856093) ^ (b * 19349663) ^ ((seed * 83492791 + salt * 2654435761) & 0x7FFFFFFF)
    mixed = (mixed ^ (mixed >> 13)) * 1274126177 & 0x7FFFFFFF
    return cast(cast((mixed ^ (mixed >> 16)) & 0xFFFF, "float64") / 65535.0, "float32")


def value_noise(u: Array, v: Array, seed: Any) -> Array:
    """Smooth noise in 0..1 with features about one unit wide."""
    xp = namespace(u)
    iu, iv = cast(xp.floor(u), "int64"), cast(xp.floor(v), "int64")
    fu, fv = _fraction(u, iu), _fraction(v, iv)
    fu, fv = fu * fu * (3 - 2 * fu), fv * fv * (3 - 2 * fv)
    corner = [[_hash(iu + i, iv + j, seed, 0) for j in (0, 1)] for i in (0, 1)]
    low = corner[0][0] * (1 - fv) + corner[0][1] * fv
    high = corner[1][0] * (1 - fv) + corner[1][1] * fv
    return cast(low * (1 - fu) + high * fu, "float32")


def _fraction(value: Array, whole: Array) -> Array:
    return cast(value, "float64") - cast(whole, "float64")


def _stripes(u: Array, v: Array, p: Parameters) -> Array:
    angle, scale = p.get("angle", 0.0), p.get("scale", 0.04)
    xp = np if isinstance(angle, float) else namespace(angle)
    phase = (cast(v, "float64") * xp.cos(angle) + cast(u, "float64") * xp.sin(angle)) / scale
    return cast((phase - namespace(v).floor(phase)) < p.get("ratio", 0.5), "float32")


def _checks(u: Array, v: Array, p: Parameters) -> Array:
    xp, scale, ratio = namespace(u), p.get("scale", 0.06), p.get("ratio", 0.5)
    across, along = u / scale, v / scale
    first = (across - xp.floor(across)) < ratio
    second = (along - xp.floor(along)) < ratio
    return cast(0.5 * first + 0.5 * second, "float32")


def _cells(u: Array, v: Array, p: Parameters) -> tuple[Array, Array, Array]:
    """Distance to the nearest of the jittered dots, the angle there and a random number of that dot."""
    xp, scale, seed = namespace(u), p.get("scale", 0.05), _seed(p)
    a, b = u / scale, v / scale
    ia, ib = cast(xp.floor(a), "int64"), cast(xp.floor(b), "int64")
    best = xp.full_like(u, 9.0)
    angle, which = xp.zeros_like(best), xp.zeros_like(best)
    jitter = p.get("jitter", 0.6)
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            ca, cb = ia + i, ib + j
            da = a - (ca + 0.5 + jitter * (_hash(ca, cb, seed, 1) - 0.5))
            db = b - (cb + 0.5 + jitter * (_hash(ca, cb, seed, 2) - 0.5))
            distance = xp.sqrt(da * da + db * db)
            closer = distance < best
            best = xp.where(closer, distance, best)
            angle = xp.where(closer, xp.arctan2(db, da), angle)
            which = xp.where(closer, _hash(ca, cb, seed, 3), which)
    return cast(best, "float32"), cast(angle, "float32"), which


def _dots(u: Array, v: Array, p: Parameters) -> Array:
    return cast(_cells(u, v, {"jitter": 0.0, **p})[0] < p.get("radius", 0.28), "float32")


def _floral(u: Array, v: Array, p: Parameters) -> Array:
    xp, scale = namespace(u), p.get("scale", 0.05)
    distance, angle, which = _cells(u, v, p)
    petals = 0.3 + 0.12 * xp.cos(angle * xp.floor(4 + 3 * which) + 6 * which)
    flower = xp.where(distance < 0.1, 2.0, xp.where(distance < petals * (0.6 + 0.7 * which), 1.0, 0.0))
    leaf = value_noise(u / scale * 2.5, v / scale * 2.5, _seed(p)) > 0.72
    return cast(xp.where(flower > 0, flower, 3.0 * leaf), "float32")


def _camouflage(u: Array, v: Array, p: Parameters) -> Array:
    scale, seed = p.get("scale", 0.1), _seed(p)
    a, b = u / scale, v / scale
    noise = cast(0.65 * value_noise(a, b, seed) + 0.35 * value_noise(2.3 * a, 2.3 * b, seed + 1), "float64")
    return sum(cast(noise >= edge, "float32") for edge in (0.42, 0.52, 0.62))


def _denim(u: Array, v: Array, p: Parameters) -> Array:
    xp, seed, fading = namespace(u), _seed(p), p.get("fade", 0.3)
    fade = value_noise(u * 6, v * 3, seed) * 0.5 + value_noise(u * 400, v * 60, seed + 1) * 0.25
    knee = xp.exp(-(((v + 0.12) / 0.13) ** 2)) * fading
    return cast(xp.clip(fade * fading * 1.5 + knee, 0, 1), "float32")


def _knit(u: Array, v: Array, p: Parameters) -> Array:
    xp, scale = namespace(u), p.get("scale", 0.008)
    rib = 0.5 + 0.5 * xp.sin(u / scale * 2 * np.pi)
    loop = 0.5 + 0.5 * xp.sin(v / scale * 2 * np.pi + np.pi * (rib > 0.5))
    return cast(0.5 * (0.7 * rib + 0.3 * loop), "float32")


def _blocks(u: Array, v: Array, p: Parameters) -> Array:
    edge, band = p.get("edge", 0.25) + p.get("slant", 0.0) * u, p.get("band", 0.0)
    return cast((v > edge) * 1.0 + (band > 0) * (namespace(u).abs(v - edge) < band) * 1.0, "float32")


def _graphic(u: Array, v: Array, p: Parameters) -> Array:
    """A print on the chest: a disc, a bar or a badge; the sign of `front` is handled by the caller through `v`."""
    xp, seed, width, height = namespace(u), _seed(p), p.get("width", 0.1), p.get("height", 0.08)
    a, b = (u - p.get("x", 0.0)) / width, (v - p.get("z", 0.34)) / height
    inside = (xp.abs(a) < 1) & (xp.abs(b) < 1)
    row = xp.floor((b + 1) * 2.5)
    letters = inside & (row % 2 == 0) & (value_noise(u * 90, row, seed) > 0.4)
    blobs = inside * (1.0 + (value_noise(a * 2 + 7, b * 2 + 7, seed) > 0.5))
    ring = a * a + b * b
    badge = ((ring < 1) & (ring > 0.55)) | (ring < 0.2)
    styles = [cast(shape, "float32") for shape in (ring < 1, letters, blobs, badge)]
    style = seed % 4 if isinstance(seed, int) else xp.remainder(seed, 4)
    return sum(shape * (style == number) for number, shape in enumerate(styles))


def _speckle(u: Array, v: Array, p: Parameters) -> Array:
    scale = p.get("scale", 0.01)
    return cast(value_noise(u / scale, v / scale, _seed(p)) > p.get("cover", 0.65), "float32")


def _animal(u: Array, v: Array, p: Parameters) -> Array:
    xp = namespace(u)
    distance, _, which = _cells(u, v, p)
    ring = (distance > 0.22) & (distance < 0.4 + 0.1 * which) & (which > 0.12)
    return cast(xp.where(ring, 1.0, xp.where(distance <= 0.22, 2.0, 0.0)), "float32")


def _waves(u: Array, v: Array, p: Parameters) -> Array:
    scale = p.get("scale", 0.08)
    bend = value_noise(u / scale * 0.7, v / scale * 0.7, _seed(p)) * p.get("bend", 2.0)
    return cast(0.5 + 0.5 * namespace(u).sin(2 * np.pi * (v / scale + bend)), "float32")


PATTERNS: dict[str, Callable[[Array, Array, Parameters], Array]] = {
    "stripes": _stripes, "checks": _checks, "dots": _dots, "floral": _floral, "camouflage": _camouflage,
    "denim": _denim, "knit": _knit, "blocks": _blocks, "print": _graphic, "speckle": _speckle, "animal": _animal,
    "waves": _waves,
}  # fmt: skip


def colour_between(colours: Callable[[Array], Array], most: float, level: Array) -> Array:
    """Level 0 is the first colour, 1 the second and so on up to `most`; between whole numbers they mix.

    `colours` looks up whole levels [N] and gives [N, 3].
    """
    level = namespace(level).clip(level, 0, most)
    below = cast(namespace(level).floor(level), "int64")
    part = _fraction(level, below)[:, None]
    return cast(colours(below) * (1 - part) + colours(below + 1) * part, "float32")


def pattern_level(name: str, x: Array, y: Array, z: Array, p: Parameters) -> Array:
    """The level of a pattern at points x, y, z [N]; prints are in front only."""
    pattern = PATTERNS[name]
    if name == "print":
        return namespace(x).where(y < -0.02, pattern(x, z, p), 0.0)
    return pattern(x + 0.7 * y, z, p)


def _mottled(colour: Array, last: Array, x: Array, y: Array, z: Array, p: Parameters) -> Array:
    u = x + 0.7 * y
    mottle = value_noise(u * 500, z * 500, 1) + value_noise(u * 170, z * 170, 2) - 1
    return colour * (1 + p["melange"] * mottle)[:, None]


def _buttoned(colour: Array, last: Array, x: Array, y: Array, z: Array, p: Parameters) -> Array:
    xp, spacing = namespace(x), p["placket"]
    line = (y < -0.03) & (xp.abs(xp.abs(x) - 0.014) < 0.0016)
    colour = xp.where(line[:, None], colour * 0.72, colour)
    phase = z / spacing
    button = (y < -0.03) & (x * x + ((phase - xp.floor(phase) - 0.5) * spacing) ** 2 < 0.0055**2)
    return xp.where(button[:, None], 0.35 * colour + 0.35, colour)


def _soled(colour: Array, last: Array, x: Array, y: Array, z: Array, p: Parameters) -> Array:
    return namespace(z).where((z < p["sole"])[:, None], last, colour)


def _trimmed(colour: Array, last: Array, x: Array, y: Array, z: Array, p: Parameters) -> Array:
    xp = namespace(z)
    return xp.where((xp.abs(z - p["trim_z"]) < p["trim"])[:, None], colour * 0.7, colour)


DETAILS: dict[str, Callable[[Array, Array, Array, Array, Array, Parameters], Array]] = {
    "melange": _mottled, "placket": _buttoned, "sole": _soled, "trim": _trimmed,
}  # fmt: skip
"""What a parameter of that name adds to colours [N, 3] at x, y, z [N]; `last` is the material's last colour."""


def paint(pattern: str, p: Parameters, colours: Callable[[Array], Array], most: float, at: Sequence[Array]) -> Array:
    """Colours [N, 3] of cloth at x, y, z = `at` ([N] each); `colours` looks up whole levels [N], `most` is the last."""
    x, y, z = at
    first = cast(namespace(x).zeros_like(x), "int64")
    if pattern in PATTERNS:
        colour = colour_between(colours, most, pattern_level(pattern, x, y, z, p))
    else:
        colour = colours(first)
    for name, add in DETAILS.items():
        if name in p:
            colour = add(colour, colours(first + int(most)), x, y, z, p)
    return cast(namespace(x).clip(colour, 0, 1), "float32")


def albedo(material: Material, rest: NDArray[np.floating]) -> Values:
    """Colour of a material at rest-space points.

    rest: [N, 3], metres (see `scene.Mesh.rest`). Returns float32 [N, 3], sRGB in 0..1. Besides its pattern a material
    may have "placket" (a button line in front, spacing of the buttons), "sole" (height below which a shoe shows its
    last colour), "trim" (width of a darker band at the height "trim_z") and "melange" (strength of fine mottling).
    """
    table = np.array([*material.colours, material.colours[-1]], np.float32)
    at = [np.ascontiguousarray(rest[:, k], np.float32) for k in range(3)]
    most = len(material.colours) - 1
    return np.asarray(paint(material.pattern, material.parameters, table.__getitem__, most, at))
