"""Which detection is held to be which person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from densepose_labeler.metrics.annotations import Person
from densepose_labeler.metrics.matching import AREAS, Matching, match
from tests.densepose_labeler.metrics.made_up import person, points

BOX = (0.0, 0.0, 100.0, 200.0)
HERE = person(BOX, points((1, 0.0, 5, 5)))
WITHOUT_POINTS = person(BOX)
CROWD = person(BOX, points((1, 0.0, 5, 5)), crowd=True)
SMALL = person((0.0, 0.0, 10.0, 10.0), points((1, 0.0, 5, 5)))


def _match(
    similarity: list[list[float]], people: list[Person], boxes: list[list[float]] | None = None, size: str = "all"
) -> Matching:
    table = np.array(similarity, float).reshape(len(similarity), len(people))
    overlap: NDArray[np.float64] = np.zeros_like(table) if boxes is None else np.array(boxes)
    return match(table, overlap, people, np.full(len(similarity), 20000.0), AREAS[size])


def _hits(found: Matching) -> list[list[int]]:
    """For each detection: at how many of the ten thresholds it was a hit, and ignored."""
    return [found.hit.sum(axis=0).tolist(), found.ignored.sum(axis=0).tolist()]


def test_a_detection_is_a_hit_up_to_its_similarity() -> None:
    assert _hits(_match([[0.7]], [HERE])) == [[5], [0]]  # 0.5, 0.55, 0.6, 0.65, 0.7
    assert _hits(_match([[1.0]], [HERE])) == [[10], [0]]
    assert _hits(_match([[0.4999]], [HERE])) == [[0], [0]]


def test_a_person_is_found_once_and_by_the_surer() -> None:
    assert _hits(_match([[0.6], [0.99]], [HERE])) == [[3, 7], [0, 0]]  # the second where the first is not enough


def test_a_detection_takes_whom_it_is_most_like() -> None:
    assert _hits(_match([[0.6, 0.8], [0.9, 0.95]], [HERE, HERE])) == [[7, 10], [0, 0]]
    # at 0.5 to 0.8 the first takes the second person, and the second one the first (0.9); above, it is free to choose


def test_of_people_it_is_as_like_the_last_is_taken() -> None:
    assert _hits(_match([[0.9, 0.9], [0.0, 0.9]], [HERE, HERE])) == [[9, 0], [0, 0]]


def test_nobody_to_be_found_means_that_nothing_counts() -> None:
    assert _hits(_match([[], []], [])) == [[0, 0], [10, 10]]
    found = _match([[0.0]], [WITHOUT_POINTS])
    assert _hits(found) == [[0], [10]] and found.wanted == 0


def test_who_does_not_count_is_taken_only_where_nobody_else_is_alike() -> None:
    found = _match([[0.99, 0.6]], [SMALL, HERE], size="large")
    assert _hits(found) == [[10], [7]] and found.wanted == 1  # above 0.6 it is the small person's, and ignored


def test_a_crowd_is_found_any_number_of_times() -> None:
    assert _hits(_match([[0.9], [0.9]], [CROWD])) == [[9, 9], [0, 0]]


def test_a_box_on_somebody_without_points_sets_a_detection_aside() -> None:
    assert _hits(_match([[0.0, 0.0]], [HERE, WITHOUT_POINTS], [[0.0, 0.85]])) == [[1], [10]]
    assert _hits(_match([[0.0, 0.0]], [HERE, WITHOUT_POINTS], [[0.0, 0.75]])) == [[0], [0]]
    assert _hits(_match([[0.0, 0.0]], [HERE, WITHOUT_POINTS], [[0.9, 0.85]])) == [[0], [0]]


def test_detections_of_another_size_count_only_as_hits() -> None:
    found = match(np.array([[0.0]]), np.zeros((1, 1)), [HERE], np.array([50.0]), AREAS["large"])
    assert _hits(found) == [[0], [10]]
    found = match(np.array([[0.99]]), np.zeros((1, 1)), [HERE], np.array([50.0]), AREAS["large"])
    assert _hits(found) == [[10], [0]]


def test_no_detections() -> None:
    found = _match([], [HERE])
    assert found.hit.shape == (10, 0) and found.wanted == 1
