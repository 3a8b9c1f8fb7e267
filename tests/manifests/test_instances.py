from __future__ import annotations

import numpy as np
import pytest

from manifests.instances import Instance, flatten, flatten_weights


def person(part: int, score: float, x: int, y: int, w: int, h: int) -> Instance:
    iuv = np.full((h, w, 3), (part, 100, 200), np.uint8)
    return Instance((x, y, x + w, y + h), score, (x, y, w, h), iuv)


def test_the_surest_person_lies_on_top_whatever_the_order() -> None:
    sure, unsure = person(2, 0.9, 0, 0, 4, 4), person(5, 0.3, 2, 2, 4, 4)
    for order in ([sure, unsure], [unsure, sure]):
        flat = flatten(order, 8, 8)
        assert flat[3, 3, 0] == 2 and flat[5, 5, 0] == 5 and flat[7, 7].tolist() == [0, 0, 0]


def test_background_inside_a_box_hides_nobody() -> None:
    below, above = person(2, 0.3, 0, 0, 4, 4), person(5, 0.9, 0, 0, 4, 4)
    above.iuv[:, :2] = 0
    assert flatten([below, above], 4, 4)[0, :, 0].tolist() == [2, 2, 5, 5]


def test_boxes_over_the_edge_are_cut() -> None:
    flat = flatten([person(7, 0.5, -2, 2, 4, 4), person(8, 0.5, 90, 90, 3, 3)], 4, 4)
    assert flat[..., 0].tolist() == [[0] * 4, [0] * 4, [7, 7, 0, 0], [7, 7, 0, 0]]


def test_part_pixels_count_every_pixel_of_the_box() -> None:
    one = person(3, 0.5, 0, 0, 5, 2)
    one.iuv[0] = 0
    assert one.part_pixels.dtype == np.int32 and one.part_pixels[[0, 3]].tolist() == [5, 5]


def test_wrong_shapes_and_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="its box says"):
        Instance((0, 0, 1, 1), 1.0, (0, 0, 2, 2), np.zeros((2, 3, 3), np.uint8))
    with pytest.raises(ValueError, match="above 24"):
        person(25, 1.0, 0, 0, 2, 2)
    with pytest.raises(ValueError, match="sigma_9"):
        Instance(
            (0, 0, 1, 1), 1.0, (0, 0, 1, 1), np.zeros((1, 1, 3), np.uint8), {"sigma_9": np.zeros((1, 1), np.float16)}
        )


def test_weights_are_drawn_where_their_person_is_on_top() -> None:
    def person(score: float, weight: float, columns: slice) -> Instance:
        iuv = np.zeros((4, 4, 3), np.uint8)
        iuv[:, columns, 0] = 2
        return Instance((0, 0, 4, 4), score, (0, 0, 4, 4), iuv, {"weight": np.full((4, 4), weight, np.float16)})

    below, above = person(0.5, 0.25, slice(0, 3)), person(0.9, 0.75, slice(2, 4))
    weights = flatten_weights([above, below], 4, 6)
    assert weights.dtype == np.float32 and weights.shape == (4, 6)
    assert weights[0].tolist() == [0.25, 0.25, 0.75, 0.75, 1, 1]
    plain = Instance((0, 0, 4, 4), 0.9, (0, 0, 4, 4), np.full((4, 4, 3), 2, np.uint8))
    assert (flatten_weights([plain], 4, 4) == 1).all()
