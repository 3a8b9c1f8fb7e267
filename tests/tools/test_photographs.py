"""How the model's parts are held against mediapipe's opinion of one person."""

from __future__ import annotations

import numpy as np
import pytest

from tools.photographs.__main__ import LIMBS, Tally, compare

SIZE = (80, 60)


def person() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parts [80, 60], mask [160, 120] and landmarks [33, 3] of somebody facing us whose eight limbs are all seen."""
    parts, mask, marks = np.zeros(SIZE, np.uint8), np.zeros((160, 120), np.float32), np.zeros((33, 3), np.float32)
    for row, (left_ends, right_ends, left, right) in enumerate(LIMBS.values()):
        for column, ends, own in ((40, left_ends, left), (10, right_ends, right)):
            parts[row * 20 : row * 20 + 20, column : column + 10] = min(own)
            for place, end in enumerate(ends):
                marks[end] = 2 * (column + 5), 2 * (row * 20 + 20 * place), 0.9
    mask[np.repeat(np.repeat(parts > 0, 2, 0), 2, 1)] = 1
    return parts, mask, marks


def test_everything_agrees() -> None:
    tally = compare(*person())
    assert (tally.limbs, tally.same_limb, tally.same_side) == (8, 8, 8)
    assert tally.frontal_side == tally.frontal_limb == 8
    assert tally.inside == tally.foreground == 4 * 1600


def test_swapped_sides_are_the_same_limbs_on_the_other_side() -> None:
    parts, mask, marks = person()
    tally = compare(np.ascontiguousarray(parts[:, ::-1]), mask, marks)
    assert (tally.same_limb, tally.same_side, tally.frontal_side) == (8, 0, 0)


def test_foreground_outside_the_mask_and_unseen_limbs() -> None:
    parts, mask, marks = person()
    mask[:80] = 0
    marks[25:29, 2] = 0.1
    tally = compare(parts, mask, marks)
    assert tally.inside == tally.foreground / 2
    assert tally.limbs == 4


def test_who_turns_the_back_is_not_frontal() -> None:
    parts, mask, marks = person()
    marks[:, 0] = 119 - marks[:, 0]
    assert compare(parts, mask, marks).frontal_limb == 0


def test_shares_of_nothing_are_no_numbers() -> None:
    assert Tally(people=2).row("x") == "| x | 2 | 0 | - | 0 | - | - | - of 0 |"
    total = Tally(people=2)
    total.add(Tally(people=1, foreground=4, inside=3))
    assert total.row("all").startswith("| all | 3 | 0 | 0.75 |")


@pytest.mark.parametrize("name", LIMBS)
def test_a_limb_has_parts_on_both_sides(name: str) -> None:
    _, _, left, right = LIMBS[name]
    assert len(left) == len(right) == 2 and not left & right
