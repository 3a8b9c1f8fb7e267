"""Likeness of detections and people, reckoned by hand."""

from __future__ import annotations

import numpy as np
import pytest

from densepose_labeler.metrics.similarity import (
    OFFICIAL_KAPPA,
    PAPER_KAPPA,
    box_overlaps,
    corner_box,
    point_similarity,
    similarities,
)
from tests.densepose_labeler.metrics.made_up import detection, person, points, surface

BOX = (10.0, 10.0, 20.0, 40.0)


def test_the_constants_of_paper_and_code() -> None:
    assert np.exp(-(0.3**2) / (2 * PAPER_KAPPA[1] ** 2)) == pytest.approx(0.5, abs=0.001)  # as the paper puts it
    assert OFFICIAL_KAPPA[[1, 2, 3, 4, 5, 7, 10, 12, 15, 18, 20, 22, 23, 24]].tolist() == [
        0.351, 0.351, 0.107, 0.107, 0.126, 0.237, 0.237, 0.173, 0.142, 0.142, 0.128, 0.128, 0.15, 0.15,
    ]  # fmt: skip


def test_similarity_of_a_few_points() -> None:
    found = detection(BOX, 0.9, part=3, u=1.0)
    annotated = points(
        (3, 1.0, 15, 20),  # right
        (3, 0.0, 15, 21),  # the part's other end: 10 cm
        (5, 1.0, 15, 22),  # two parts on: 20 cm
        (3, 1.0, 50, 20),  # outside of the box: infinitely far
    )
    (value,) = point_similarity([found], [person(BOX, annotated)], surface(), PAPER_KAPPA)[0]
    expected = (1 + np.exp(-(0.1**2) / (2 * 0.255**2)) + np.exp(-(0.2**2) / (2 * 0.255**2)) + 0) / 4
    assert value == pytest.approx(expected, abs=1e-12)
    (value,) = point_similarity([found], [person(BOX, annotated)], surface(), OFFICIAL_KAPPA)[0]
    expected = (1 + np.exp(-(0.1**2) / (2 * 0.107**2)) + np.exp(-(0.2**2) / (2 * 0.126**2)) + 0) / 4
    assert value == pytest.approx(expected, abs=1e-12)


def test_background_within_the_box_is_infinitely_far() -> None:
    found = detection(BOX, 0.9, part=3)
    found.iuv[:10, :, 0] = 0
    annotated = points((3, 0.0, 15, 12), (3, 0.0, 15, 40))
    assert point_similarity([found], [person(BOX, annotated)], surface(), PAPER_KAPPA)[0, 0] == pytest.approx(0.5)


def test_people_without_points_and_points_that_nothing_covers_have_none() -> None:
    people = [person(BOX), person(BOX, points()), person(BOX, points((1, 0.0, 90, 90)))]
    found = [detection(BOX, 0.9)]
    assert point_similarity(found, people, surface(), PAPER_KAPPA).tolist() == [[0.0, 0.0, 0.0]]
    assert point_similarity([], people, surface(), PAPER_KAPPA).shape == (0, 3)
    assert point_similarity(found, [], surface(), PAPER_KAPPA).shape == (1, 0)


def test_a_perfect_detection_is_wholly_alike() -> None:
    somebody = person(BOX, points((2, 0.0, 11, 11), (2, 0.0, 29, 49)))
    alike = similarities(
        [detection(BOX, 0.9, part=2)], [somebody], [somebody.mask(80, 60)], (80, 60), surface(), PAPER_KAPPA
    )
    assert alike.points is not None
    assert (alike.points.tolist(), alike.masks.tolist(), alike.boxes.tolist()) == ([[1.0]], [[1.0]], [[1.0]])


def test_boxes_by_hand() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [5, 5, 10, 10], [50, 50, 0, 0]])
    table = box_overlaps(boxes, np.array([[5.0, 5, 10, 10], [0, 0, 100, 100]]), np.array([False, True]))
    np.testing.assert_allclose(table, [[25 / 175, 1.0], [1.0, 1.0], [0.0, 0.0]])


def test_sides_are_subtracted_in_float32() -> None:
    box = corner_box(detection((0.1, 0.0, 7.0, 3.0), 0.5))
    assert box[2] == np.float32(7.1) - np.float32(0.1) and box.dtype == np.float64
