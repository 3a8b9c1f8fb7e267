from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from densepose_labeler.compare.agreement import agreement
from tests.densepose_labeler.labelled import HEIGHT, WIDTH, blurred, figure, write_images, write_labels


def test_agreement_is_symmetric_and_says_what_is_unknown(tmp_path: Path) -> None:
    both, only_a, nobody, failed = write_images(tmp_path, 4)
    empty = np.zeros((HEIGHT, WIDTH), np.uint8)
    half = figure(0)
    half[50:] = 0
    write_labels(tmp_path, "a", {both: [figure(0)], only_a: [figure(1)], nobody: []})
    write_labels(tmp_path, "b", {both: [half], nobody: [empty]})
    found = agreement(tmp_path, ["b", "a"], [failed, nobody, both, only_a])
    assert found.image_ids == tuple(sorted((both, only_a, nobody, failed))) and found.models == ("b", "a")
    at = {image_id: number for number, image_id in enumerate(found.image_ids)}
    lost = 1 - (half > 0).sum() / (figure(0) > 0).sum()
    assert found.difference[at[both], 0, 1] == found.difference[at[both], 1, 0] == pytest.approx(lost)
    assert found.foreground_iou[at[both], 0, 1] == pytest.approx(1 - lost)
    assert found.part_iou[at[both], 0, 1] == pytest.approx(5 / 9)  # of nine parts, the four of the legs are missing
    assert 0 < found.border_distance[at[both], 0, 1] == found.border_distance[at[both], 1, 0] < 0.3
    assert (found.difference[at[nobody], 0, 1], found.part_iou[at[nobody], 0, 1]) == (0, 1)
    assert found.border_distance[at[nobody], 0, 1] == 0
    assert np.isnan(found.difference[[at[only_a], at[failed]]]).all()


def test_only_what_changed_is_compared_again(tmp_path: Path) -> None:
    ids = write_images(tmp_path, 3)
    maps = {one: [figure(n)] for n, one in enumerate(ids)}
    write_labels(tmp_path, "a", maps)
    write_labels(tmp_path, "b", maps)
    assert agreement(tmp_path, ["a", "b"], ids).difference[:, 0, 1].tolist() == [0, 0, 0]
    path = tmp_path / "compare" / "agreement.parquet"
    before = (path.stat().st_mtime_ns, pq.read_table(path))
    agreement(tmp_path, ["a", "b"], ids[:2])
    assert path.stat().st_mtime_ns == before[0]

    write_labels(tmp_path, "b", {one: [blurred(figure(n), 1.0, n)] for n, one in enumerate(ids)}, made_with="e")
    assert (agreement(tmp_path, ["a", "b"], ids[:1]).difference[:, 0, 1] > 0.8).all()
    after = pq.read_table(path)
    assert after.slice(1).equals(before[1].slice(1)) and not after.equals(before[1])
