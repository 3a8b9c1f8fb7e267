"""The torch rasteriser sees what the numba rasteriser sees, bit for bit: faces, depths and weights."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")

from tools.people import rasterizer
from tools.people.device.rasterizer import Budget, interpolate, interpolate_corners, project, rasterise
from tools.people.scene import Camera

pytestmark = pytest.mark.usefixtures("one_thread")
WIDTH, HEIGHT = 23, 17


def same(points, faces, budget=None):
    """Whether both agree; returns the faces seen."""
    nearest, face_at, weight_at = rasterizer.rasterise(points, faces, WIDTH, HEIGHT)
    seen = rasterise(torch.from_numpy(points), torch.from_numpy(faces), WIDTH, HEIGHT, budget=budget)
    covered = np.flatnonzero(face_at.ravel() >= 0)
    assert np.array_equal(seen.pixel.numpy(), covered)
    assert np.array_equal(seen.face.numpy(), face_at.ravel()[covered])
    assert np.array_equal(seen.nearest[0].numpy(), nearest)
    assert np.array_equal(seen.weights.numpy(), weight_at.reshape(-1, 3)[covered])
    return face_at


@st.composite
def soups(draw):
    """Triangles of all sizes: on and between pixel centres, out of the picture, behind the camera, repeated."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(3, 40))
    xy = rng.uniform(-0.6, 1.6, (count, 2)) * [WIDTH, HEIGHT]
    if draw(st.booleans()):
        xy = np.round(2 * xy) / 2
    levels = rng.uniform(0.05, 2.0, draw(st.sampled_from([1, 2, 5, count])))
    inverse = rng.choice(levels, count)
    inverse[rng.random(count) < draw(st.sampled_from([0.0, 0.2]))] = -1.0
    faces = rng.integers(0, count, (draw(st.integers(1, 60)), 3)).astype(np.int32)
    faces = np.concatenate([faces, faces[rng.permutation(len(faces))[: len(faces) // 3]]])
    return np.concatenate([xy, inverse[:, None]], 1), faces


@settings(max_examples=80, deadline=None)
@given(soups(), st.sampled_from([None, Budget(7, 11), Budget(1000, 50)]))
def test_soups_of_triangles_are_seen_alike(soup, budget):
    same(*soup, budget)


def test_a_triangle_far_larger_than_the_picture_is_drawn_in_bounded_pieces():
    points = np.array([[-900.0, -700, 0.3], [1500, -800, 0.4], [40, 2000, 0.5], [3, 3, 0.9], [9, 4, 0.9], [5, 11, 0.9]])
    faces = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    assert set(np.unique(same(points, faces, Budget(1, 10)))) == {0, 1}


def test_what_is_degenerate_or_partly_behind_the_camera_is_not_drawn():
    points = np.array([[2.0, 2, 1], [12, 2, 1], [22, 2, 1], [5, 12, -1], [5, 12, 1]])
    assert (same(points, np.array([[0, 1, 2], [0, 0, 4], [0, 1, 3]], np.int32)) == -1).all()
    assert (same(points, np.array([[0, 1, 3], [0, 1, 4]], np.int32)) == 1).any()
    assert (same(points, np.zeros((0, 3), np.int32)) == -1).all()


@pytest.mark.parametrize("inverse", [0.5, 0.1, 0.7, 1 / 3])
def test_faces_at_one_depth_are_told_apart_as_numba_tells_them(inverse):
    points = np.array([[1.0, 1, inverse], [20, 2, inverse], [4, 15, inverse]])
    faces = np.array([[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]], np.int32)
    assert (same(points, faces) >= 0).sum() > 50


def test_several_pictures_at_once_are_those_one_by_one():
    rng = np.random.default_rng(3)
    points = np.concatenate([rng.uniform(-4, 24, (90, 2)), rng.uniform(0.1, 1, (90, 1))], 1)
    faces = rng.integers(0, 90, (120, 3)).astype(np.int32)
    image_of = rng.integers(0, 4, 120)
    whole = rasterise(torch.from_numpy(points), torch.from_numpy(faces), WIDTH, HEIGHT, torch.from_numpy(image_of), 4)
    for number in range(4):
        own = np.flatnonzero(image_of == number)
        nearest, face_at, _ = rasterizer.rasterise(points, faces[own], WIDTH, HEIGHT)
        assert np.array_equal(whole.nearest[number].numpy(), nearest)
        here = whole.image == number
        assert np.array_equal(whole.face[here].numpy(), own[face_at[face_at >= 0]])


def test_projection_and_interpolation_round_as_on_the_host():
    rng = np.random.default_rng(4)
    cameras = [Camera((0.3, -4.0, 1.0), (0.0, 0.1, 0.9), 30.0, WIDTH, HEIGHT), Camera((3, 1, 2), (0, 0, 1), 50.0, 9, 8)]
    world = rng.normal((0, 0, 1), 1, (80, 3))
    world[0] = (0, -9, 1)  # behind the first camera
    camera_of = rng.integers(0, 2, 80)
    points = project(torch.from_numpy(world), cameras, torch.from_numpy(camera_of)).numpy()
    for number, camera in enumerate(cameras):
        assert np.array_equal(points[camera_of == number], rasterizer.project(world[camera_of == number], camera))
    points = rasterizer.project(world, cameras[0])
    assert points[0, 2] == -1
    faces = rng.integers(0, 80, (60, 3)).astype(np.int32)
    values, corners = rng.normal(size=(80, 5)).astype(np.float32), rng.random((60, 3, 2)).astype(np.float32)
    _, face_at, weight_at = rasterizer.rasterise(points, faces, WIDTH, HEIGHT)
    seen = rasterise(torch.from_numpy(points), torch.from_numpy(faces), WIDTH, HEIGHT)
    expected = rasterizer.interpolate(values, faces, face_at, weight_at)[face_at >= 0]
    assert np.array_equal(interpolate(torch.from_numpy(values), torch.from_numpy(faces), seen).numpy(), expected)
    expected = rasterizer.interpolate_corners(corners, face_at, weight_at)[face_at >= 0]
    assert np.array_equal(interpolate_corners(torch.from_numpy(corners), seen.face, seen.weights).numpy(), expected)
