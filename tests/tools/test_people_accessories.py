"""Hats and bags: where they are, and what they do to hair."""

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

from tools.people import accessories
from tools.people.bodies import vertex_normals
from tools.people.scene import Material


def test_a_bag_hangs_below_the_hand_and_turns_with_the_person():
    bag = accessories.Bag((0.3, 0.25, 0.1), 0.12, Material("prop", ((0.5, 0.2, 0.1),)), "L")
    hand = np.array([0.4, -0.1, 0.8])
    ahead, aside = accessories.hanging(bag, hand, 0.0), accessories.hanging(bag, hand, np.pi / 2)
    for mesh in (ahead, aside):
        assert mesh.vertices[:, 2].max() == pytest.approx(0.8, abs=0.01)
        assert mesh.vertices[:, 2].min() == pytest.approx(0.8 - 0.25 - 0.12, abs=0.01)
        assert np.allclose(mesh.vertices[:, :2].mean(0), hand[:2], atol=0.02)
    assert np.ptp(ahead.vertices[:, 1]) == pytest.approx(0.3, abs=0.01)
    assert np.ptp(aside.vertices[:, 0]) == pytest.approx(0.3, abs=0.01)
    normals = vertex_normals(ahead.vertices.astype(np.float64), ahead.faces)
    wall = np.flatnonzero(np.abs(ahead.vertices[:, 0] - hand[0]) > 0.045)
    assert (normals[wall, 0] * (ahead.vertices[wall, 0] - hand[0]) > 0).all()  # its faces look outwards


def test_a_hat_clears_the_head_and_holds_the_hair_down():
    pytest.importorskip("anny")
    from tools.people import bodies
    from tools.people.figures import TRAINING, figure

    chosen = (figure(seed, True, TRAINING, (), adorned=1.0) for seed in range(3_000_000, 3_000_040))
    base = next(one for one in chosen if one.hair_style == "long")
    hat, bare = base.hat, figure(0, True, TRAINING, (), adorned=0.0)
    assert bare.hat is None and bare.bag is None and base.bag is not None
    assert hat is not None and base.hair is not None
    model = bodies.rig()
    head = base.shape.rest[np.unique(model.faces)]
    above = head[head[:, 2] > hat.rim + 0.02]
    centre = np.array([0.0, (above[:, 1].min() + above[:, 1].max()) / 2, hat.rim])
    crown = hat.points[-accessories.UP * accessories.AROUND :]
    assert crown[:, 2].max() > above[:, 2].max() + 0.5 * accessories.THICKNESS
    hair = base.hair.points.reshape(-1, 3)
    under = hair[hair[:, 2] > hat.rim + 0.03]
    assert len(under) and np.linalg.norm(under - centre, axis=1).max() < np.linalg.norm(crown - centre, axis=1).max()
