from __future__ import annotations

import numpy as np
import pytest

from manifests.palettes import CLEAR, PARULA, VIRIDIS, colourise


@pytest.mark.parametrize("palette", [PARULA, VIRIDIS, CLEAR])
def test_every_part_has_a_colour_of_its_own(palette: np.ndarray) -> None:
    assert palette.shape == (25, 3) and palette.dtype == np.uint8
    assert len({tuple(colour) for colour in palette.tolist()}) == 25
    assert not palette.flags.writeable


def test_known_colours_of_the_try_on_projects() -> None:
    assert PARULA[[0, 2, 24]].tolist() == [[0, 0, 0], [20, 80, 194], [249, 251, 14]]
    assert VIRIDIS[0].tolist() == [68, 1, 84]


def test_painting_looks_every_part_up() -> None:
    parts = np.arange(25, dtype=np.uint8).reshape(5, 5)
    assert np.array_equal(colourise(parts, PARULA).reshape(25, 3), PARULA)
