from __future__ import annotations

import numpy as np

from manifests.charts import mirror
from manifests.parts import COARSE_OF_FINE, FLIP, PART_NAMES


def test_mirroring_twice_is_nothing() -> None:
    rng = np.random.default_rng(2)
    parts = rng.integers(0, 25, (20, 30)).astype(np.uint8)
    uv = np.where(parts > 0, rng.random((2, 20, 30), np.float32), np.float32(0))
    once = mirror(parts, uv)
    twice = mirror(*once)
    assert np.array_equal(twice[0], parts) and np.allclose(twice[1], uv, atol=1e-6)
    assert (once[1][:, once[0] == 0] == 0).all()


def test_the_flip_table_exchanges_left_and_right_by_name() -> None:
    for part, other in enumerate(FLIP):
        swapped = PART_NAMES[part].replace("left", "LEFT").replace("right", "left").replace("LEFT", "right")
        assert PART_NAMES[other] == swapped
        assert FLIP[other] == part
    assert len(COARSE_OF_FINE) == 25 and max(COARSE_OF_FINE) == 14


def test_a_hands_angle_is_counted_from_the_other_side() -> None:
    parts = np.full((1, 4), 3, np.uint8)
    uv = np.stack([np.array([[0.0, 0.25, 0.4, 0.9]], np.float32), np.full((1, 4), 0.3, np.float32)])
    mirrored, coordinates = mirror(parts, uv)
    assert (mirrored == 4).all()
    assert np.allclose(coordinates[0, 0, ::-1], [0.5, 0.25, 0.1, 0.6]) and np.allclose(coordinates[1], 0.3)
