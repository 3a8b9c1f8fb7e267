from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from densepose_labeler.compare.borders import border_distance, borders
from tests.densepose_labeler.labelled import blurred, figure


def edge(parts: np.ndarray) -> np.ndarray:
    found = np.zeros(parts.shape, bool)
    found[:, :-1] |= parts[:, :-1] != parts[:, 1:]
    found[:-1] |= parts[:-1] != parts[1:]
    return found


def test_distances_are_those_of_a_distance_transform_of_the_whole_picture() -> None:
    maps = [figure(0), figure(5), blurred(figure(2), 0.1, 1), np.where(figure(1) == 2, 2, 0).astype(np.uint8)]
    maps[3][-1, -1] = 7  # somebody at the picture's edge
    for (a, one), (b, other) in combinations(zip(maps, borders(maps), strict=True), 2):
        to_a, to_b = (distance_transform_edt(~edge(parts)) for parts in (a, b))
        expected = np.concatenate([to_b[edge(a)], to_a[edge(b)]]).mean()
        rows, columns = np.nonzero((a > 0) | (b > 0))
        diagonal = np.hypot(np.ptp(rows) + 1, np.ptp(columns) + 1)
        assert (
            border_distance(one, other) == border_distance(other, one) == pytest.approx(expected / diagonal, rel=1e-5)
        )


def test_a_square_moved_by_three_pixels() -> None:
    square, moved = np.zeros((60, 60), np.uint8), np.zeros((60, 60), np.uint8)
    square[10:50, 10:50], moved[10:50, 13:53] = 2, 2
    one, other = borders([square, moved])
    assert border_distance(one, one) == 0
    # its upright sides are three pixels off, its level ones but for their ends not at all
    assert 1.3 < border_distance(one, other) * np.hypot(43, 40) < 1.8


def test_borders_between_parts_count_too() -> None:
    halves, other_way = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint8)
    halves[5:20, 5:35], halves[20:35, 5:35] = 1, 2
    other_way[5:30, 5:35], other_way[30:35, 5:35] = 1, 2
    assert border_distance(*borders([halves, other_way])) > 0.01


def test_nobody() -> None:
    empty, somebody = borders([np.zeros((96, 64), np.uint8), figure(0)])
    assert np.isnan(border_distance(empty, somebody)) and border_distance(empty, empty) == 0
    assert border_distance(*borders([np.zeros((4, 4), np.uint8)] * 2)) == 0


def test_a_picture_that_is_all_one_part_has_no_border() -> None:
    full, half = np.full((8, 8), 3, np.uint8), np.full((8, 8), 3, np.uint8)
    half[:4] = 0
    assert np.isnan(border_distance(*borders([full, half])))
