"""From linear light to a picture: exposure, a film-like shoulder, and the grain that a camera leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def develop(light: NDArray[Any], exposure: float = 0.86) -> NDArray[np.uint8]:
    """Returns uint8 [H, W, 3] sRGB of linear light [H, W, 3].

    Values up to 0.6 keep their proportions, lighter ones roll off towards 1.
    """
    x = np.maximum(light.astype(np.float32) * exposure, 0)
    knee = np.float32(0.6)
    x = np.where(x <= knee, x, knee + (1 - knee) * (1 - np.exp(-(x - knee) / (1 - knee))))
    display = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.power(np.maximum(x, 1e-8), 1 / 2.4) - 0.055)
    # A gentle S: what is printed or shown is never as flat as light itself.
    display = display + 0.016 * np.sin(2 * np.pi * (display - 0.5))
    return np.asarray(np.clip(display, 0, 1) * 255 + 0.5, np.uint8)


def grain(picture: NDArray[np.uint8], strength: float, seed: int) -> NDArray[np.uint8]:
    """A picture with a sensor's noise: `strength` is its standard deviation in 0..1, greater in the dark tones."""
    rng = np.random.default_rng(seed)
    display = picture.astype(np.float32) / 255
    luminance = rng.normal(0, 1, display.shape[:2]).astype(np.float32)[..., None]
    chroma = rng.normal(0, 0.35, display.shape).astype(np.float32)
    noise = (luminance + chroma) * strength * (1.15 - 0.75 * display.mean(2, keepdims=True))
    return np.asarray(np.clip(display + noise, 0, 1) * 255 + 0.5, np.uint8)
