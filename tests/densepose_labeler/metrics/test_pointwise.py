"""Points: the area under the curve of correct ones, and what differs at them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from densepose_labeler.metrics.pointwise import area_under_curve, point_errors
from tests.densepose_labeler.metrics.made_up import person, points, surface

BOX = (0.0, 0.0, 20.0, 20.0)


@given(st.lists(st.floats(0, 1) | st.just(np.inf), min_size=1, max_size=9), st.sampled_from([0.1, 0.3]))
def test_the_area_is_the_integral_of_the_ratio_of_correct_points(distances: list[float], reach: float) -> None:
    thresholds = (np.arange(20000) + 0.5) / 20000 * reach
    ratios = np.searchsorted(np.sort(distances), thresholds, side="right") / len(distances)
    assert area_under_curve(np.array(distances), reach).mean() == pytest.approx(ratios.mean(), abs=1e-4)


def test_the_area_in_closed_form() -> None:
    assert area_under_curve(np.array([0.0, 0.05, 0.1, 0.2, np.inf]), 0.1).tolist() == pytest.approx([1, 0.5, 0, 0, 0])
    # distances spread evenly from 0 to 30 cm: a third of the way to 10 cm, and half of it to 30 cm
    evenly = np.linspace(0, 0.3, 30001)
    assert area_under_curve(evenly, 0.3).mean() == pytest.approx(0.5, abs=1e-4)
    assert area_under_curve(evenly, 0.1).mean() == pytest.approx(1 / 6, abs=1e-4)


def test_errors_at_points() -> None:
    iuv = np.zeros((20, 20, 3), np.uint8)
    iuv[5:, :, 0] = 3
    iuv[5:, :, 1] = 255
    iuv[5:, :, 2] = 102
    annotated = points((3, 1.0, 2, 10), (3, 0.0, 19.9, 19.9), (4, 1.0, 3, 5), (3, 1.0, 3, 4.9))
    errors = point_errors(iuv, [person(BOX), person(BOX, annotated)], surface())
    assert errors.part.tolist() == [3, 3, 4, 3] and errors.right.tolist() == [True, True, False, False]
    assert errors.u[:2].tolist() == pytest.approx([0.0, 1.0]) and errors.v[:2].tolist() == pytest.approx([0.1, 0.1])
    assert errors.distance is not None
    assert errors.distance.tolist() == pytest.approx([0.0, 0.1, 0.1, np.inf])


def test_points_at_the_edge_belong_to_the_last_pixel_and_nobody_has_none() -> None:
    iuv = np.full((20, 20, 3), (1, 0, 128), np.uint8)
    assert point_errors(iuv, [person(BOX, points((1, 0.0, 20.0, 20.0), (1, 0.0, -0.5, 3)))], None).right.all()
    errors = point_errors(iuv, [person(BOX)], surface())
    assert len(errors.part) == 0 and errors.distance is not None and len(errors.distance) == 0
    assert point_errors(iuv, [], None).distance is None
