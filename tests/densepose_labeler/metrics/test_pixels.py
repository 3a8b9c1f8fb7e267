"""Figures by pixels, reckoned by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from densepose_labeler.metrics import pixels


def _table(*counts: tuple[int, int, int]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """(true part, predicted part, pixels) each."""
    table = np.zeros((25, 25), np.int64)
    for true, predicted, count in counts:
        table[true, predicted] = count
    return table


def test_by_hand() -> None:
    table = _table((0, 0, 100), (1, 1, 6), (1, 2, 2), (2, 2, 3), (2, 0, 1), (0, 3, 5))
    assert pixels.part_ious(table)[:5].tolist() == pytest.approx([100 / 106, 6 / 8, 3 / 6, 0.0, np.nan], nan_ok=True)
    assert pixels.mean_part_iou(table) == pytest.approx((0.75 + 0.5 + 0.0) / 3)
    assert pixels.foreground_iou(table) == pytest.approx(11 / 17)
    assert pixels.accuracy(table) == pytest.approx(9 / 12)
    assert pixels.common_accuracy(table) == pytest.approx(9 / 11)


def test_nobody_anywhere_has_no_figures() -> None:
    table = _table((0, 0, 100))
    for figure in (pixels.mean_part_iou, pixels.foreground_iou, pixels.accuracy, pixels.common_accuracy):
        assert np.isnan(figure(table))


@given(st.lists(st.tuples(*[st.integers(0, 24)] * 2, st.integers(1, 99)), min_size=1, max_size=20))
def test_several_tables_at_once_are_each_for_itself(counts: list[tuple[int, int, int]]) -> None:
    one, other = _table(*counts), _table((0, 0, 5), (4, 4, 2))
    both = np.stack([one, other])
    for figure in (pixels.part_ious, pixels.mean_part_iou, pixels.foreground_iou, pixels.accuracy):
        np.testing.assert_array_equal(figure(both), np.stack([figure(one), figure(other)]))
    shares = pixels.part_ious(one)
    assert ((shares[np.isfinite(shares)] >= 0) & (shares[np.isfinite(shares)] <= 1)).all()
