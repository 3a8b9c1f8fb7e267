"""Cutting and subdividing meshes that are mixtures of base vertices."""

import numpy as np
import pytest

pytest.importorskip("scipy")
pytest.importorskip("numba")

from tools.people.meshes import boundary_edges, clip, from_triangles, select, smoother, split, subdivide


def grid(n=6):
    x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n))
    points = np.stack([x.ravel(), y.ravel(), np.zeros(n * n)], 1)
    a = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).ravel()
    faces = np.concatenate([np.stack([a, a + 1, a + n + 1], 1), np.stack([a, a + n + 1, a + n], 1)]).astype(np.int32)
    return points, from_triangles(faces, n * n)


def area(points, faces):
    a, b, c = (points[faces[:, k]] for k in range(3))
    return np.cross(b - a, c - a)[:, 2] / 2


def test_clipping_keeps_exactly_the_positive_side():
    points, mesh = grid()
    kept = clip(mesh, points[:, 0] - 0.37)
    placed = kept.mix @ points
    assert area(placed, kept.faces).sum() == pytest.approx(0.63)
    assert placed[:, 0].min() == pytest.approx(0.37)
    assert (area(placed, kept.faces) > -1e-12).all()
    assert np.allclose(np.asarray(kept.mix.sum(1)), 1)


def test_splitting_changes_no_area_and_names_each_origin():
    points, mesh = grid()
    field = points[:, 0] + points[:, 1] - 0.83
    pieces, origin = split(mesh, field)
    placed = pieces.mix @ points
    assert area(placed, pieces.faces).sum() == pytest.approx(1)
    side = (placed[:, 0] + placed[:, 1] - 0.83)[pieces.faces]
    assert ((side.min(1) > -1e-6) | (side.max(1) < 1e-6)).all()
    by_origin = np.bincount(origin, area(placed, pieces.faces))
    assert np.allclose(by_origin, area(points, mesh.faces))


def test_splitting_only_where_asked():
    points, mesh = grid()
    where = np.zeros(len(mesh.faces), bool)
    pieces, _ = split(mesh, points[:, 0] - 0.5, where)
    assert np.array_equal(pieces.faces, mesh.faces)


def test_subdivision_quarters_every_triangle():
    points, mesh = grid(4)
    finer = subdivide(mesh)
    assert len(finer.faces) == 4 * len(mesh.faces)
    pieces = area(finer.mix @ points, finer.faces)
    assert np.allclose(pieces, area(points, mesh.faces)[0] / 4)


def test_smoothing_leaves_a_flat_border_in_its_plane_and_rows_sum_to_one():
    points, mesh = grid()
    matrix = smoother(mesh.faces, len(points))
    assert np.allclose(np.asarray(matrix.sum(1)), 1)
    border = np.unique(boundary_edges(mesh.faces))
    assert len(border) == 20
    moved = (matrix @ points)[border]
    middle = (points[border][:, :2] > 0) & (points[border][:, :2] < 1)
    assert np.allclose(moved[middle.any(1)][:, 2], 0)
    assert select(mesh, np.arange(len(mesh.faces)) < 3).faces.max() < 9
