"""Cloth by chance: the colours and patterns that shops sell, neutrals first."""

import colorsys

import numpy as np

from tools.people.scene import Colour, Material

Rng = np.random.Generator
NEUTRALS: tuple[Colour, ...] = (
    (0.06, 0.06, 0.07), (0.96, 0.96, 0.95), (0.55, 0.55, 0.56), (0.25, 0.26, 0.28), (0.12, 0.15, 0.26),
    (0.82, 0.76, 0.66), (0.42, 0.31, 0.23), (0.36, 0.37, 0.26), (0.9, 0.87, 0.81), (0.72, 0.73, 0.75),
    (0.56, 0.43, 0.31), (0.03, 0.03, 0.04),
)  # fmt: skip
DENIMS: tuple[Colour, ...] = (
    (0.20, 0.27, 0.39),
    (0.36, 0.47, 0.60),
    (0.58, 0.68, 0.77),
    (0.09, 0.10, 0.14),
    (0.78, 0.8, 0.8),
)


def colour(rng: Rng) -> Colour:
    if rng.random() < 0.58:
        base = NEUTRALS[int(rng.integers(len(NEUTRALS)))]
        red, green, blue = (float(np.clip(channel + rng.normal() * 0.02, 0.02, 0.98)) for channel in base)
        return red, green, blue
    saturation = float(rng.choice([0.25, 0.5, 0.75, 0.9])) * rng.uniform(0.8, 1.1)
    return colorsys.hsv_to_rgb(rng.random(), min(saturation, 1), rng.uniform(0.25, 0.95))


def _pattern(rng: Rng, name: str) -> tuple[str, dict[str, float]]:
    seed = float(rng.integers(1 << 20))
    upright = float(rng.choice([0, 0, 0, np.pi / 2, np.pi / 2, 0.7]))
    numbers = {
        "stripes": {"scale": rng.uniform(0.012, 0.09), "ratio": rng.uniform(0.2, 0.7), "angle": upright},
        "checks": {"scale": rng.uniform(0.015, 0.13), "ratio": rng.uniform(0.25, 0.6)},
        "dots": {"scale": rng.uniform(0.015, 0.07), "radius": rng.uniform(0.15, 0.35)},
        "floral": {"scale": rng.uniform(0.025, 0.14)},
        "camouflage": {"scale": rng.uniform(0.05, 0.15)},
        "knit": {"scale": rng.uniform(0.006, 0.02)},
        "blocks": {
            "edge": rng.uniform(-0.1, 0.42),
            "slant": float(rng.choice([0, 0, 0.8])),
            "band": float(rng.choice([0, 0.03])),
        },
        "print": {
            "width": rng.uniform(0.05, 0.13),
            "height": rng.uniform(0.04, 0.12),
            "z": rng.uniform(0.27, 0.38),
            "x": float(rng.choice([0, 0, 0.08])),
        },
        "speckle": {"scale": rng.uniform(0.004, 0.03), "cover": rng.uniform(0.5, 0.8)},
        "animal": {"scale": rng.uniform(0.025, 0.06)},
        "waves": {"scale": rng.uniform(0.03, 0.2), "bend": rng.uniform(0.5, 4)},
        "denim": {"fade": rng.uniform(0.05, 0.6)},
    }
    return name, {**numbers.get(name, {}), "seed": seed}


def cloth(rng: Rng, plain: float = 0.55, first: Colour | None = None, pattern: str | None = None) -> Material:
    """Some cloth; `plain` is the chance of no pattern."""
    main = first or colour(rng)
    if pattern is None:
        others = (
            "stripes", "stripes", "checks", "checks", "dots", "floral", "floral", "camouflage", "blocks", "print",
            "print", "speckle", "animal", "waves", "knit",
        )  # fmt: skip
        pattern = "plain" if rng.random() < plain else str(rng.choice(others))
    name, parameters = _pattern(rng, pattern)
    if pattern == "denim":
        main = first or DENIMS[int(rng.integers(len(DENIMS)))]
        faded: Colour = tuple(min(1.0, c * 0.6 + 0.38) for c in main)  # type: ignore[assignment]
        return Material("cloth", (main, faded), name, parameters, 0.9)
    rest = [colour(rng) for _ in range(3)]
    if pattern == "knit":
        rest[0] = tuple(c * 0.72 for c in main)  # type: ignore[assignment]
    if rng.random() < 0.3:
        parameters["melange"] = float(rng.uniform(0.03, 0.15))
    silky = rng.random() < 0.12
    return Material(
        "cloth", (main, *rest), name, parameters, float(rng.uniform(0.3, 0.5) if silky else rng.uniform(0.75, 0.95))
    )
