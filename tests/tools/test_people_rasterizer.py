"""The rasteriser that ground truth is drawn with: exact coverage, depth, perspective, and the same bytes every time."""

import numpy as np
import pytest

pytest.importorskip("numba")

from tools.people.rasterizer import interpolate, interpolate_corners, project, rasterise
from tools.people.scene import Camera


def test_a_pixel_is_covered_when_its_centre_lies_inside():
    corners = np.array([[1.0, 1.0, 1.0], [5.0, 1.0, 1.0], [5.0, 4.0, 1.0], [1.0, 4.0, 1.0]])
    nearest, face_at, weight_at = rasterise(corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32), 8, 6)
    expected = np.zeros((6, 8), bool)
    expected[1:4, 1:5] = True
    assert np.array_equal(face_at >= 0, expected)
    assert np.allclose(nearest[expected], 1.0)
    assert np.allclose(weight_at[expected].sum(1), 1.0)


def test_both_windings_are_drawn_and_the_nearer_face_wins():
    corners = np.array([[0, 0, 0.5], [8, 0, 0.5], [0, 8, 0.5], [0, 0, 1.0], [8, 0, 1.0], [0, 8, 1.0]], float)
    faces = np.array([[3, 5, 4], [0, 1, 2]], np.int32)
    _, face_at, _ = rasterise(corners, faces, 8, 8)
    assert set(np.unique(face_at)) == {-1, 0}
    assert (rasterise(corners, faces[::-1].copy(), 8, 8)[1] == np.where(face_at == 0, 1, -1)).all()


def test_projection_puts_the_target_in_the_middle_and_up_is_up():
    camera = Camera((0.0, -4.0, 1.0), (0.0, 0.0, 1.0), 30.0, 60, 80)
    middle, above, left, behind = project(np.array([[0, 0, 1], [0, 0, 1.5], [-0.3, 0, 1], [0, -9, 1]], float), camera)
    assert middle == pytest.approx([30, 40, 0.25])
    assert above[1] < 40 and above[0] == pytest.approx(30)
    assert left[0] < 30
    assert behind[2] == -1


def test_interpolation_is_perspective_correct():
    camera = Camera((0.0, -3.0, 0.0), (0.0, 0.0, 0.0), 50.0, 64, 64)
    plane = np.array([[-1, -1, -1], [1, 2, -1], [1, 2, 1], [-1, -1, 1]], float)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    points = project(plane, camera)
    _, face_at, weight_at = rasterise(points, faces, 64, 64)
    mask = face_at >= 0
    where = interpolate(plane, faces, face_at, weight_at)[mask].astype(float)
    again = project(where, camera)
    rows, columns = np.nonzero(mask)
    assert mask.sum() > 300
    assert np.abs(again[:, 0] - (columns + 0.5)).max() < 1e-3
    assert np.abs(again[:, 1] - (rows + 0.5)).max() < 1e-3
    corners = interpolate_corners(plane[faces].astype(np.float32), face_at, weight_at)[mask]
    assert np.allclose(corners, where, atol=1e-5)


def test_what_lies_behind_the_camera_is_not_drawn():
    camera = Camera((0.0, 0.0, 0.0), (0.0, 1.0, 0.0), 50.0, 16, 16)
    triangle = np.array([[-1, -2, -1], [1, -2, -1], [0, -2, 1]], float)
    assert (rasterise(project(triangle, camera), np.array([[0, 1, 2]], np.int32), 16, 16)[1] == -1).all()


def test_same_input_same_bytes():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.uniform(-5, 69, (900, 2)), rng.uniform(0.1, 1, (900, 1))], 1)
    faces = rng.integers(0, 900, (2000, 3)).astype(np.int32)
    first = rasterise(points, faces, 64, 48)
    second = rasterise(points.copy(), faces.copy(), 64, 48)
    for a, b in zip(first, second, strict=True):
        assert a.tobytes() == b.tobytes()
