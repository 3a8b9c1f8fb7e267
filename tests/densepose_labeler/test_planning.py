from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from densepose_labeler.decoding_ahead import Wanted
from densepose_labeler.planning import PartPlan, batches, plan_parts
from manifests.labels import PART_SIZE, LabelRow, LabelSet
from manifests.reasons import LabelStatus

IDS = sorted(hashlib.sha256(str(number).encode()).hexdigest() for number in range(100))


def _write(labels: LabelSet, number: int, ids: list[str], fingerprint: str = "now", error: str | None = None) -> None:
    status = LabelStatus.ERROR if error else LabelStatus.NO_PERSON
    labels.write_part(number, [LabelRow(one, "m", "w", fingerprint, status, error, 1, 1) for one in ids])


def _plan(labels: LabelSet, wanted: list[str], stored: bool = True) -> list[PartPlan]:
    return plan_parts(labels, wanted, "now", lambda image_id: stored)


def test_a_new_set_is_cut_in_id_order_whatever_the_order_asked(tmp_path: Path) -> None:
    plans = _plan(LabelSet(tmp_path), IDS[::-1])
    assert [plan.number for plan in plans] == [0, 1, 2, 3]
    assert [list(plan.redo) for plan in plans] == [IDS[n : n + PART_SIZE] for n in range(0, 100, PART_SIZE)]


@pytest.mark.parametrize("finished", [[], [0], [1], [0, 2], [3], [1, 3], [0, 1, 2, 3]])
def test_what_a_killed_run_left_is_cut_again_the_same_way(tmp_path: Path, finished: list[int]) -> None:
    labels = LabelSet(tmp_path)
    whole = _plan(labels, IDS)
    for number in finished:
        _write(labels, number, list(whole[number].redo))
    assert _plan(labels, IDS) == [plan for plan in whole if plan.number not in finished]


def test_stale_rows_are_redone_where_they_stand(tmp_path: Path) -> None:
    labels = LabelSet(tmp_path)
    _write(labels, 0, IDS[:5], fingerprint="before")
    _write(labels, 4, IDS[5:8])
    assert _plan(labels, [*IDS[1:3], IDS[6], IDS[50]]) == [
        PartPlan(0, tuple(IDS[1:3]), (IDS[0], *IDS[3:5])),
        PartPlan(1, (IDS[50],)),
    ]


def test_missing_pictures_are_tried_again_when_they_are_back(tmp_path: Path) -> None:
    labels = LabelSet(tmp_path)
    _write(labels, 0, IDS[:1], error="missing: no such picture")
    _write(labels, 1, IDS[1:2], error="undecodable: broken")
    assert _plan(labels, IDS[:2], stored=False) == []
    assert _plan(labels, IDS[:2], stored=True) == [PartPlan(0, (IDS[0],))]


_sizes = st.lists(st.tuples(st.sampled_from([1, 2, 300]), st.sampled_from([1, 2])), max_size=40)


@settings(max_examples=50, deadline=None)
@given(_sizes, st.integers(1, 9), st.randoms())
def test_batches_hold_every_image_once_in_one_shape_and_do_not_depend_on_order(
    sizes: list[tuple[int, int]], size: int, shuffle: object
) -> None:
    images = [Wanted(IDS[n], None, *shape) for n, shape in enumerate(sizes)]
    cut = batches(images, size)
    assert sorted(one.image_id for batch in cut for one in batch) == IDS[: len(images)]
    for batch in cut:
        assert 1 <= len(batch) <= size
        assert len({(one.height, one.width) for one in batch}) == 1
    shuffle.shuffle(images)  # type: ignore[attr-defined]
    assert batches(images, size) == cut
