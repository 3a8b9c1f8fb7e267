from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from densepose_labeler.metrics.part_maps import TruthError, joint_counts, part_iou, read_truth
from tests.densepose_labeler.labelled import blurred, figure


def test_joint_counts_are_those_of_a_histogram() -> None:
    maps = [blurred(figure(1), share, n) for n, share in enumerate((0.0, 0.2, 0.9))]
    for (a, b), counts in zip(combinations(maps, 2), joint_counts(maps), strict=True):
        expected = np.bincount(a.ravel().astype(int) * 25 + b.ravel(), minlength=625).reshape(25, 25)
        np.testing.assert_array_equal(counts, expected)
    assert joint_counts(maps[:1]) == []
    with pytest.raises(ValueError, match="several shapes"):
        joint_counts([maps[0], maps[1].T.copy()])


def test_iou_is_the_mean_over_parts_that_occur_and_1_where_none_does() -> None:
    one, other = np.zeros((2, 4, 5), np.uint8)
    one[0], other[0], other[1, :3] = 3, 3, 7  # part 3 alike, part 7 in one map alone
    (counts,) = joint_counts([one, other])
    assert part_iou(counts) == 0.5
    assert part_iou(joint_counts(list(np.zeros((2, 4, 5), np.uint8)))[0]) == 1.0


def test_the_truth_is_read_from_the_three_kinds_of_picture(tmp_path: Path) -> None:
    parts = figure(1)
    Image.fromarray(parts).save(tmp_path / "grey.png")
    palette = Image.fromarray(parts, "P")
    palette.putpalette(list(range(75)))
    palette.save(tmp_path / "palette.png")
    Image.fromarray(np.stack([parts, parts * 3, parts * 5], 2)).save(tmp_path / "iuv.png")
    found = read_truth(tmp_path, ["grey", "palette", "iuv", "not there"])
    assert found.keys() == {"grey", "palette", "iuv"}
    assert all(np.array_equal(one, parts) for one in found.values())


def test_what_is_no_truth_is_said(tmp_path: Path) -> None:
    with pytest.raises(TruthError, match="no folder"):
        read_truth(tmp_path / "nowhere", [])
    with pytest.raises(TruthError, match="none of the images"):
        read_truth(tmp_path, ["x"])
    (tmp_path / "x.png").write_bytes(b"no picture")
    with pytest.raises(TruthError, match=r"x\.png cannot be read"):
        read_truth(tmp_path, ["x"])
    Image.fromarray(np.full((4, 4), 25, np.uint8)).save(tmp_path / "x.png")
    with pytest.raises(TruthError, match="values above 24"):
        read_truth(tmp_path, ["x"])
