"""Masks as COCO has them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from densepose_labeler.metrics.masks import Mask, MaskError, decode, overlaps, polygons, run_lengths
from tests.densepose_labeler.metrics.golden_files import FOLDER

CASES = json.loads((FOLDER / "masks.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_outlines_and_both_kinds_of_run_lengths_are_what_pycocotools_makes_of_them(case: dict[str, object]) -> None:
    expected = decode({"size": case["size"], "counts": case["counts"]})
    height, width = case["size"]  # type: ignore[misc]
    assert expected.any() and expected.shape == (height, width)
    assert (decode({"size": case["size"], "counts": case["compressed"]}) == expected).all()
    assert (polygons(case["polygons"], height, width) == expected).all()  # type: ignore[arg-type]


@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_run_lengths_give_the_mask_back(pixels: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> None:
    flat = np.concatenate([[False], pixels.T.ravel()])
    runs = np.diff(np.concatenate([[0], np.flatnonzero(np.diff(flat)), [pixels.size]])).tolist()
    assert (decode({"size": pixels.shape, "counts": runs}) == pixels).all()
    assert (decode({"size": pixels.shape, "counts": _compress(runs)}) == pixels).all()


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=9))
def test_compressed_numbers_of_any_size(runs: list[int]) -> None:
    assert run_lengths(_compress(runs)).tolist() == runs


def _compress(runs: list[int]) -> str:
    text = ""
    for place, run in enumerate(runs):
        rest, more = run - (runs[place - 2] if place > 2 else 0), True
        while more:
            digit, rest = rest & 31, rest >> 5
            more = rest != (-1 if digit & 16 else 0)
            text += chr(48 + (digit | 32 if more else digit))
    return text


@pytest.mark.parametrize(
    "encoded",
    [
        {"size": [2, 2], "counts": [3]},
        {"size": [2, 2], "counts": [5, -1]},
        {"size": [2, 2]},
        {"size": [2, 2], "counts": "\x7f"},
        {"size": [2, 2], "counts": "P"},
        {"size": [2, 2], "counts": "ü"},
        {"size": [2, 2], "counts": "o" * 40 + "0"},
        {"size": 4, "counts": [4]},
    ],
)
def test_what_is_no_mask_is_refused(encoded: dict[str, object]) -> None:
    with pytest.raises(MaskError):
        decode(encoded)


def test_what_is_no_outline_is_refused() -> None:
    for outlines in ([[1.0, 2.0, 3.0]], [["a", "b"]], [[np.nan, 1.0]]):
        with pytest.raises(MaskError):
            polygons(outlines, 4, 4)  # type: ignore[arg-type]
    assert not polygons([], 4, 4).any() and not polygons([[]], 4, 4).any()


def test_overlap_by_hand() -> None:
    square = np.ones((4, 4), bool)
    masks = [Mask.placed(square, 0, 0, 10, 10), Mask.placed(square, 2, 2, 10, 10), Mask.placed(square, -2, 8, 10, 10)]
    assert [one.area for one in masks] == [16, 16, 4]
    others = [Mask.placed(square, 2, 2, 10, 10), Mask.placed(square, 2, 2, 10, 10)]
    table = overlaps(masks, others, np.array([False, True]))
    np.testing.assert_allclose(table, [[4 / 28, 4 / 16], [1, 1], [0, 0]])
