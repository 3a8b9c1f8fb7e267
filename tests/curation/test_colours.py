from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from curation.colours import colour_distance, colour_grid
from curation.config import CurationConfig
from tests.curation.conftest import encode, scene

LIMIT = CurationConfig().colour_distance


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("change", ["quality 40", "half size", "quality 25", "a third"])
def test_copies_have_the_same_colours(seed: int, change: str) -> None:
    image = scene(seed, (480, 600))
    copy = {
        "quality 40": lambda: Image.open(io.BytesIO(encode(image, "JPEG", quality=40))).convert("RGB"),
        "half size": lambda: image.resize((240, 300), Image.Resampling.LANCZOS),
        "a third": lambda: image.resize((160, 200), Image.Resampling.BILINEAR),
        "quality 25": lambda: Image.open(io.BytesIO(encode(image, "JPEG", quality=25))).convert("RGB"),
    }[change]()
    assert colour_distance(colour_grid(image), colour_grid(copy)) <= LIMIT


@pytest.mark.parametrize("factors", [(0.7, 0.7, 0.7), (0.8, 0.9, 1.25), (1.3, 0.7, 0.7), (0.3, 0.3, 0.3)])
def test_another_colour_of_a_garment_is_seen(factors: tuple[float, float, float]) -> None:
    studio = np.full((600, 450, 3), 225, np.uint8)
    studio[200:380, 150:300] = (140, 150, 145)  # 10 % of the picture
    other = studio.copy()
    other[200:380, 150:300] = np.clip(np.array([140, 150, 145]) * factors, 0, 255)
    assert colour_distance(colour_grid(Image.fromarray(studio)), colour_grid(Image.fromarray(other))) > LIMIT


def test_distance_is_cielabs() -> None:
    black, white, grey = (bytes([level] * 432) for level in (0, 255, 119))
    assert colour_distance(black, white) == pytest.approx(100, abs=0.01)
    assert colour_distance(grey, white) == pytest.approx(50, abs=0.1)  # sRGB 119 is L* 50
    assert colour_distance(grey, grey) == 0


@pytest.mark.parametrize("size", [(253, 338), (97, 131), (767, 383), (60, 500)])
def test_cells_are_means_by_area_at_any_size(size: tuple[int, int]) -> None:
    width, height = size
    ramp = ((np.arange(width) + 0.5) / width * 255)[None, :, None] * np.ones((height, 1, 3))
    found = np.frombuffer(colour_grid(Image.fromarray(ramp.astype(np.uint8))), np.uint8).reshape(12, 12, 3)
    assert np.abs(found[:, :, 0].astype(int) - np.round((np.arange(12) + 0.5) / 12 * 255)).max() <= 2
    mirrored = np.frombuffer(colour_grid(Image.new("RGB", size, (9, 99, 199))), np.uint8).reshape(-1, 3)
    assert (mirrored == (9, 99, 199)).all()
