from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from curation.measures import border_share, exposure, plain_share, sharpness
from tests.curation.conftest import scene


def grey(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L"))


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    light = np.random.default_rng(0).integers(0, 256, (40, 30), dtype=np.uint8)
    wide = light.astype(float)
    around = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:]
    assert sharpness(light) == pytest.approx((around - 4 * wide[1:-1, 1:-1]).var(), abs=0.001)


def test_sharpness_falls_with_blur() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (128, 96, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((384, 512), Image.Resampling.NEAREST)
    assert sharpness(grey(image.filter(ImageFilter.GaussianBlur(3)))) < sharpness(grey(image)) / 10
    assert sharpness(grey(Image.new("RGB", (2, 2)))) == 0


def test_exposure_tells_mean_and_ends() -> None:
    light = np.zeros((10, 10), np.uint8)
    light[:, 5:] = 255
    light[0] = 51
    found = exposure(np.bincount(light.reshape(-1), minlength=256).tolist())
    assert (found.brightness, found.dark, found.light) == (pytest.approx(0.45 + 0.02, abs=1e-3), 0.45, 0.45)


def test_borders_are_rows_and_columns_of_one_tone() -> None:
    image = scene(2, (300, 400))
    framed = Image.new("RGB", (400, 500), (20, 30, 40))
    framed.paste(image, (50, 50))
    assert border_share(grey(image)) < 0.02
    assert border_share(grey(framed)) == pytest.approx(1 - 300 * 400 / (400 * 500), abs=0.02)
    assert border_share(grey(Image.new("RGB", (30, 40)))) == 1


def test_plain_background_is_what_looks_like_the_edge() -> None:
    studio = np.full((100, 80, 3), 235, np.uint8)
    studio += np.random.default_rng(1).integers(0, 8, studio.shape, dtype=np.uint8)
    studio[20:80, 20:60] = (90, 40, 40)
    assert plain_share(studio) == pytest.approx(0.7, abs=0.001)
    assert plain_share(np.random.default_rng(2).integers(0, 256, (50, 50, 3), dtype=np.uint8)) < 0.1
