"""Procedural cloth is a function of the material and the place alone."""

import numpy as np
import pytest

from tools.people.fabrics import PATTERNS, albedo
from tools.people.scene import Material

COLOURS = ((0.1, 0.2, 0.3), (0.9, 0.8, 0.7), (0.5, 0.1, 0.1), (0.2, 0.6, 0.2))


def places():
    rng = np.random.default_rng(1)
    return rng.uniform([-0.3, -0.2, -0.8], [0.3, 0.1, 0.6], (4000, 3)).astype(np.float32)


def test_plain_cloth_has_its_colour_everywhere():
    assert np.allclose(albedo(Material("cloth", COLOURS), places()), COLOURS[0])


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
def test_a_pattern_varies_stays_in_range_and_does_not_depend_on_its_neighbours(pattern):
    material = Material("cloth", COLOURS, pattern, {"seed": 5.0})
    whole = albedo(material, places())
    assert whole.dtype == np.float32 and whole.min() >= 0 and whole.max() <= 1
    assert len(np.unique(whole.round(3), axis=0)) > 1
    assert np.array_equal(albedo(material, places()[::-1])[::-1], whole)


def test_horizontal_stripes_have_their_period_and_share():
    z = np.linspace(0, 1, 10001, dtype=np.float32)
    line = np.stack([np.zeros_like(z), np.zeros_like(z), z], 1)
    colour = albedo(Material("cloth", COLOURS, "stripes", {"scale": 0.1, "ratio": 0.3}), line)[:, 0]
    second = colour > 0.5
    assert second.mean() == pytest.approx(0.3, abs=0.01)
    assert np.flatnonzero(np.diff(second.astype(int)) == 1).size in (9, 10)


def test_a_sole_shows_the_last_colour_below_its_edge():
    material = Material("shoe", COLOURS[:2], "plain", {"sole": -0.79})
    below, above = albedo(material, np.array([[0, 0, -0.8], [0, 0, -0.7]], np.float32))
    assert np.allclose(below, COLOURS[1]) and np.allclose(above, COLOURS[0])
