"""The shoot: framing, camera, light and backdrop drawn by chance around posed people."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from tools.people.arrays import Array, beside, cast
from tools.people.cloth import colour
from tools.people.scene import Background, Camera, Colour, Light, Material, Mesh, Person, Scene

Rng = np.random.Generator


@dataclass(frozen=True)
class Framing:
    """The part of the figure that fills the picture's height: lower and upper edge as shares of the standing height,
    each a range to draw from; `chance` of this framing."""

    chance: float
    low: tuple[float, float]
    high: tuple[float, float]


FRAMINGS = {
    "full": Framing(0.50, (-0.16, -0.03), (1.03, 1.14)),
    "knee up": Framing(0.12, (0.2, 0.36), (1.02, 1.1)),
    "waist up": Framing(0.14, (0.42, 0.58), (1.02, 1.12)),
    "head cropped": Framing(0.09, (-0.05, 0.4), (0.86, 0.96)),
    "legs": Framing(0.07, (-0.08, -0.02), (0.45, 0.68)),
    "torso": Framing(0.05, (0.38, 0.52), (0.82, 0.97)),
    "small": Framing(0.03, (-0.7, -0.2), (1.3, 2.0)),
}


def framing_name(rng: Rng) -> str:
    chances = np.array([framing.chance for framing in FRAMINGS.values()])
    return str(rng.choice(list(FRAMINGS), p=chances / chances.sum()))


def view_angle(rng: Rng) -> float:
    """Camera yaw in radians, 0 from the front: a quarter from the side or the back."""
    chance = rng.random()
    if chance < 0.74:
        return float(np.clip(rng.normal() * 0.42, -1.1, 1.1))
    if chance < 0.86:
        return float(rng.choice([-1, 1]) * rng.uniform(1.1, 2.1))
    return float(np.pi + rng.normal() * 0.45)


def aim(
    points: NDArray[np.float32],
    framing: Framing,
    yaw: float,
    size: tuple[int, int],
    rng: Rng,
    level: float | None = None,
) -> Camera:
    """A camera on what stands in `points` [N, 3]; `size` is width, height; `level` fixes the camera's pitch."""
    low, high = points.min(0), points.max(0)
    height = high[2] - min(low[2], 0.0)
    bottom, top = (height * rng.uniform(*edge) for edge in (framing.low, framing.high))
    fov = float(np.exp(rng.uniform(np.log(12), np.log(42))))
    pitch = float(np.clip(rng.normal() * 0.09 + 0.03, -0.25, 0.45)) if level is None else level
    reach = (top - bottom) / 2 / np.tan(np.radians(fov / 2))
    away = np.array([np.sin(yaw), -np.cos(yaw), 0.0])
    right = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    centre = (low + high) / 2
    wide = np.ptp(points[:, :2] @ right[:2]) * 1.06
    seen = 2 * reach * np.tan(np.radians(fov / 2)) * size[0] / size[1]
    if framing.low[0] < 0 and wide > seen:
        reach *= wide / seen
        seen = wide
    slack = max(0.0, (seen - wide) / 2) + 0.03
    target = np.array([centre[0], centre[1], (bottom + top) / 2]) + right * rng.uniform(-slack, slack) * 0.7
    eye = target + reach * (away * np.cos(pitch) + np.array([0, 0, np.sin(pitch)]))
    eye[2] = max(eye[2], 0.05)
    return Camera(tuple(map(float, eye)), tuple(map(float, target)), fov, size[0], size[1])


def _tint(rng: Rng, spread: float) -> Colour:
    warm = rng.normal() * spread
    return (1 + warm, 1 + 0.25 * warm + rng.normal() * spread * 0.2, 1 - warm)


def lights(rng: Rng, yaw: float) -> tuple[Light, ...]:
    """A key light, the sky and sometimes a second light."""
    spread = 0.05 if rng.random() < 0.7 else 0.16
    turn = yaw + (rng.uniform(-1.2, 1.2) if rng.random() < 0.9 else np.pi + rng.uniform(-0.9, 0.9))
    rise = rng.uniform(0.25, 1.15)
    direction = (float(np.sin(turn) * np.cos(rise)), float(-np.cos(turn) * np.cos(rise)), float(np.sin(rise)))
    total = rng.uniform(0.85, 1.3)
    share = rng.uniform(0.25, 0.75)
    out = [
        Light("sun", _tint(rng, spread), total * share, direction, float(rng.choice([4, 15, 30, 50]))),
        Light("sky", _tint(rng, spread), total * (1 - share) * 1.2),
    ]
    if rng.random() < 0.4:
        side = turn + rng.choice([-1, 1]) * rng.uniform(1.0, 2.6)
        fill = (float(np.sin(side)), float(-np.cos(side)), float(rng.uniform(0.1, 0.8)))
        out.append(Light("sun", _tint(rng, spread * 1.5), rng.uniform(0.1, 0.35), fill, 40.0))
    return tuple(out)


def _shifted(base: Colour, rng: Rng, spread: float) -> Colour:
    shift = np.clip(np.array(base) + rng.normal(size=3) * spread, 0, 1)
    return (float(shift[0]), float(shift[1]), float(shift[2]))


def backdrop(rng: Rng) -> Background:
    """Mostly studio greys and whites, some colour, some clutter."""
    seed = int(rng.integers(1 << 30))
    chance = rng.random()
    if chance < 0.5:
        grey = float(
            rng.choice([rng.uniform(0.9, 1.0), rng.uniform(0.72, 0.95), rng.uniform(0.25, 0.8)], p=[0.4, 0.4, 0.2])
        )
        warm = float(rng.choice([0, rng.uniform(-0.02, 0.07)]))
        wall: Colour = (min(1.0, grey + warm * 0.5), grey, max(0.0, grey - warm))
        return Background("studio", (wall, _shifted(wall, rng, 0.03)), 0.0, seed)
    if chance < 0.62:
        return Background("studio", (colour(rng), colour(rng)), 0.0, seed)
    if chance < 0.72:
        first = colour(rng)
        return Background("gradient", (first, _shifted(first, rng, 0.2)), None, seed)
    kind = str(rng.choice(["wall", "texture", "panels", "blurred", "outdoor"], p=[0.14, 0.12, 0.14, 0.36, 0.24]))
    sky = (rng.uniform(0.5, 0.9), rng.uniform(0.6, 0.95), rng.uniform(0.7, 1.0))
    colours = [colour(rng) for _ in range(5)]
    return Background(kind, ((sky if kind == "outdoor" else colours[0]), *colours[1:]), None, seed)  # type: ignore[arg-type]


def seat(person: Person, rng: Rng) -> Mesh:
    """A box or stool under somebody who sits."""
    body = person.body
    below = body.vertices[np.unique(body.faces[np.isin(body.part, (7, 8))])]
    top = float(below[:, 2].min()) + 0.015
    hips = below[below[:, 1] > np.percentile(below[:, 1], 60)]
    x, y = hips[:, :2].mean(0)
    half, back, front = rng.uniform(0.18, 0.32), 0.16, rng.uniform(0.08, 0.2)
    corners = np.array(
        [(x + a * half, y + (back if b > 0 else -front), c * top) for a in (-1, 1) for b in (-1, 1) for c in (0, 1)],
        np.float32,
    )
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (1, 5, 7, 3)]
    faces = np.array([face for a, b, c, d in quads for face in ((a, b, c), (a, c, d))], np.int32)
    vertices = corners[faces].reshape(-1, 3)
    flat = np.arange(len(vertices), dtype=np.int32).reshape(-1, 3)
    return Mesh("seat", vertices, flat, vertices, Material("prop", (colour(rng),), roughness=0.7))


def stage(
    persons: tuple[Person, ...], size: tuple[int, int], seed: int, props: tuple[Mesh, ...] = ()
) -> tuple[Scene, dict[str, str | float]]:
    """A scene around posed people (or around props alone), and how it was shot."""
    rng = np.random.default_rng([seed, 77])
    name = framing_name(rng)
    yaw = view_angle(rng)
    vertices = [person.body.vertices for person in persons] or [prop.vertices for prop in props]
    points = np.concatenate(vertices) if vertices else np.array([[-0.3, 0, 0], [0.3, 0, 1.8]], np.float32)
    frame = FRAMINGS[name] if persons else Framing(1.0, (-0.3, -0.05), (1.05, 1.35))
    if not persons and len(points) > 2:
        low = float(points[:, 2].min())
        height = float(np.ptp(points[:, 2]))
        camera = aim(points - np.array([0, 0, low], np.float32), frame, yaw * 0.4, size, rng)
        lift = np.array([0, 0, low])
        camera = replace(
            camera, eye=tuple(np.asarray(camera.eye) + lift), target=tuple(np.asarray(camera.target) + lift)
        )
        del height
    else:
        camera = aim(points, frame, yaw, size, rng)
    scene = Scene(persons, camera, lights(rng, yaw), backdrop(rng), seed, props)
    return scene, {"framing": name if persons else "none", "yaw": round(yaw, 4), "backdrop": scene.background.kind}


@dataclass(frozen=True)
class Lens:
    """What lens, sensor and processing do: exponent and factor of the exposure, saturation, contrast, darkening of the
    corners, blur (standard deviation, pixels) and grain (standard deviation of values in 0..1)."""

    gamma: float
    gain: float
    saturation: float
    contrast: float
    vignette: float
    blur: float
    grain: float


def lens(rng: Rng) -> Lens:
    gamma, gain = float(np.exp(rng.normal() * 0.12)), float(np.exp(rng.normal() * 0.06))
    saturation, contrast = rng.uniform(0.75, 1.2), rng.uniform(0.88, 1.12)
    vignette = rng.uniform(0.1, 0.5) if rng.random() < 0.3 else 0.0
    blur = float(rng.choice([0, rng.uniform(0.3, 0.7), rng.uniform(0.7, 1.4)], p=[0.5, 0.38, 0.12]))
    return Lens(gamma, gain, saturation, contrast, vignette, blur, float(rng.choice([0.003, rng.uniform(0.003, 0.02)])))


def photograph(image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """What lens, sensor and processing do to a picture: exposure, contrast, vignette, blur, grain. uint8 [H, W, 3]."""
    rng = np.random.default_rng([seed, 78])
    taken = lens(rng)
    out = expose(image, taken)
    if taken.blur > 0:
        out = gaussian_filter(out, (taken.blur, taken.blur, 0))
    out = out + rng.normal(size=(*image.shape[:2], 1)).astype(np.float32) * taken.grain
    return np.asarray(np.clip(out, 0, 1) * 255, np.uint8)


def expose(image: Array, taken: Lens) -> Array:
    """A picture uint8 [H, W, 3] as exposed and developed, before blur and grain: float32 around 0..1."""
    height, width = image.shape[:2]
    out = (cast(image, "float32") / 255) ** taken.gamma * taken.gain
    grey = out.mean(2)[..., None]
    out = grey + (out - grey) * taken.saturation
    out = 0.5 + (out - 0.5) * taken.contrast
    if taken.vignette:
        xx = beside(np.arange(width, dtype=np.float32), image)[None]
        yy = beside(np.arange(height, dtype=np.float32), image)[:, None]
        out = out * (1 - taken.vignette * ((xx / width - 0.5) ** 2 + (yy / height - 0.5) ** 2))[..., None]
    return out
