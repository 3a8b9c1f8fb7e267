"""Bodies, charts and whole pictures; only where the body model is installed (it is a build-time tool)."""

import numpy as np
import pytest

pytest.importorskip("anny")

from scipy.spatial import cKDTree

from manifests.charts import mirror
from tools.people import bodies
from tools.people.charts import charts
from tools.people.dataset import sample
from tools.people.figures import TRAINING, figure, posed
from tools.people.poses import POSES, pose


@pytest.fixture(scope="module")
def adult():
    return bodies.shape(bodies.sample_phenotype(np.random.default_rng(0), True))


def test_no_rotation_leaves_the_body_at_rest(adult):
    still = bodies.transforms(adult.heads, {})
    assert np.allclose(bodies.skin(adult.rest, bodies.rig().weights, still), adult.rest, atol=1e-9)


def test_every_face_has_a_part_and_left_lies_left():
    chart, model = charts(), bodies.rig()
    assert set(np.unique(chart.part)) == set(range(1, 25))
    assert chart.uv.min() >= 0 and chart.uv.max() <= 1
    centre = np.asarray(chart.mesh.mix @ model.rest)[chart.mesh.faces].mean(1)
    for left in (4, 5, 8, 10, 12, 14, 15, 17, 19, 21, 24):
        assert (centre[chart.part == left, 0] > -1e-6).all(), left
    for right in (3, 6, 7, 9, 11, 13, 16, 18, 20, 22, 23):
        assert (centre[chart.part == right, 0] < 1e-6).all(), right
    assert centre[chart.part == 2, 1].mean() < centre[chart.part == 1, 1].mean()


def test_torso_runs_from_neck_to_legs_and_from_left_to_right():
    chart, model = charts(), bodies.rig()
    corners = np.asarray(chart.mesh.mix @ model.rest)[chart.mesh.faces]
    front = chart.part == 2
    u, v = chart.uv[front, :, 0].ravel(), chart.uv[front, :, 1].ravel()
    assert np.corrcoef(u, corners[front][..., 2].ravel())[0, 1] < -0.95
    assert np.corrcoef(v, corners[front][..., 0].ravel())[0, 1] < -0.9


def test_limbs_run_along_their_bones_in_the_directions_of_densepose():
    chart, model = charts(), bodies.rig()
    corners = np.asarray(chart.mesh.mix @ model.rest)[chart.mesh.faces]
    joints = {
        ("upperleg01", "lowerleg01"): {7: 1, 8: 1, 9: -1, 10: -1},
        ("lowerleg01", "foot"): {11: -1, 12: -1, 13: 1, 14: 1},
        ("upperarm01", "lowerarm01"): {15: 1, 16: 1, 17: 1, 18: 1},
        ("lowerarm01", "wrist"): {19: -1, 20: -1, 21: 1, 22: 1},
    }
    for (first, second), parts in joints.items():
        for part, sign in parts.items():
            of = corners[chart.part == part]
            side = "L" if of[..., 0].mean() > 0 else "R"
            along = of @ (model.head(f"{second}.{side}") - model.head(f"{first}.{side}"))
            assert sign * np.corrcoef(chart.uv[chart.part == part, :, 0].ravel(), along.ravel())[0, 1] > 0.95, part


def test_the_charts_mirror_as_the_dataset_format_says():
    chart, model = charts(), bodies.rig()
    place = np.asarray(chart.mesh.mix @ model.rest)[chart.mesh.faces].mean(1)
    parts, uv = mirror(chart.part[None], chart.uv.mean(1).T[:, None])
    mirrored, coordinates = parts[0, ::-1], uv[:, 0, ::-1].T
    for part in range(1, 25):
        own = chart.part == part
        other = np.flatnonzero(mirrored == part)
        _, nearest = cKDTree(place[other] * [-1, 1, 1]).query(place[own])
        apart = np.abs(chart.uv.mean(1)[own] - coordinates[other][nearest])
        assert np.median(apart, axis=0).max() < 0.03, part


@pytest.mark.parametrize("arms", POSES)
def test_limbs_keep_their_lengths_in_every_pose(adult, arms):
    rig = bodies.rig()
    bones = bodies.transforms(adult.heads, pose(adult, np.random.default_rng(3), arms).rotations)
    for side in "LR":
        for first, second in (("upperarm01", "lowerarm01"), ("upperleg01", "lowerleg01")):
            a, b = rig.bone(f"{first}.{side}"), rig.bone(f"{second}.{side}")
            moved = [bones[k, :, :3] @ adult.heads[k] + bones[k, :, 3] for k in (a, b)]
            assert np.linalg.norm(moved[0] - moved[1]) == pytest.approx(np.linalg.norm(adult.heads[a] - adult.heads[b]))


def test_a_figure_stands_on_the_floor_and_its_sample_repeats():
    first, second = figure(5, True, TRAINING), figure(5, True, TRAINING)
    person = posed(first, pose(first.shape, np.random.default_rng(1), legs="standing"))
    lowest = min(mesh.vertices[:, 2].min() for mesh in person.meshes if mesh.material.kind in ("skin", "shoe"))
    assert -1e-5 < lowest < 0.01
    one, two = sample(first, None, 26, (60, 80)), sample(second, None, 26, (60, 80))
    assert one.image.tobytes() == two.image.tobytes() and one.iuv.tobytes() == two.iuv.tobytes()
    assert (one.iuv[..., 0] > 0).any() == bool(one.meta["persons"])
