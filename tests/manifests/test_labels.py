from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from manifests.labels import LabelRow, LabelSet
from manifests.reasons import LabelStatus

from .conftest import label_row


def assert_same(one: LabelRow, other: LabelRow) -> None:
    assert (one.image_id, one.status, one.error, one.width) == (other.image_id, other.status, other.error, other.width)
    assert len(one.instances) == len(other.instances)
    for a, b in zip(one.instances, other.instances, strict=True):
        assert a.box == pytest.approx(b.box) and a.score == pytest.approx(b.score) and a.iuv_box == b.iuv_box
        assert np.array_equal(a.iuv, b.iuv)
        assert a.confidences.keys() == b.confidences.keys()
        assert all(np.array_equal(a.confidences[name], b.confidences[name]) for name in a.confidences)


def test_rows_come_back_as_they_went_in(tmp_path: Path) -> None:
    labels = LabelSet(tmp_path / "embedded")
    failed = LabelRow("c" * 64, "embedded", "w", "f", LabelStatus.ERROR, "undecodable: truncated", None, None)
    empty = LabelRow("d" * 64, "embedded", "w", "g", LabelStatus.NO_PERSON, None, 5, 6)
    labels.write_part(0, [label_row("a" * 64, 0), failed])
    labels.write_part(1, [empty])
    assert [number for number, _ in labels.parts()] == [0, 1]
    for expected, got in zip([label_row("a" * 64, 0), failed, empty], labels, strict=True):
        assert_same(got, expected)
    assert_same(labels.read("d" * 64), empty)
    assert_same(labels.read("a" * 64), label_row("a" * 64, 0))
    assert labels.charts == "official"
    assert labels.ids() == {"a" * 64, "c" * 64, "d" * 64} and labels.ids("g") == {"d" * 64}
    with pytest.raises(KeyError, match="no row for image ffff"):
        labels.read("f" * 64)


def test_an_empty_set_reads_as_empty(tmp_path: Path) -> None:
    labels = LabelSet(tmp_path / "none")
    assert labels.ids() == set() and list(labels) == [] and labels.summary().num_rows == 0


def test_a_replaced_part_is_seen_at_once(tmp_path: Path) -> None:
    labels = LabelSet(tmp_path / "embedded")
    labels.write_part(0, [label_row("a" * 64, 0)])
    assert labels.read("a" * 64).width == 30
    labels.write_part(0, [label_row("a" * 64, 2)])
    assert labels.read("a" * 64).width == 50
    labels.remove_part(0)
    assert labels.ids() == set()


def test_pandas_and_pillow_alone_read_a_label(tmp_path: Path) -> None:
    path = LabelSet(tmp_path / "embedded").write_part(0, [label_row("a" * 64, 0)])
    frame = pd.read_parquet(path)
    person = frame["instances"][0][0]
    picture = Image.open(io.BytesIO(person["iuv"]))
    assert picture.size == (8, 10) and picture.getpixel((0, 2)) == (15, 51, 102)
    assert person["part_pixels"].tolist()[15] == 32
    fields = pq.read_schema(path)
    assert b"RGB PNG" in fields.field("instances").type.value_type.field("iuv").metadata[b"description"]


def test_a_label_set_pickles_into_workers(tmp_path: Path) -> None:
    labels = LabelSet(tmp_path / "embedded")
    labels.write_part(0, [label_row("a" * 64, 0)])
    labels.read("a" * 64)
    assert_same(pickle.loads(pickle.dumps(labels)).read("a" * 64), label_row("a" * 64, 0))
