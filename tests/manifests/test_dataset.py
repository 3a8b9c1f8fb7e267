from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import manifests
from manifests import atomic, schema


def test_the_tables_are_frames(dataset_path: Path) -> None:
    ds = manifests.open(dataset_path)
    assert isinstance(ds.images, pd.DataFrame) and len(ds.images) == 3
    assert ds.images.groupby(["source", "gender", "status"]).size().to_dict() == {
        ("zara", "women", "dropped"): 1,
        ("zara", "women", "kept"): 2,
    }
    assert ds.table("images").schema.equals(schema.IMAGES)
    assert ds.label_sets == ["embedded"] and len(ds.split("eval")) == 1
    assert ds.store.read(ds.images["image_id"][0])


def test_every_column_is_described() -> None:
    for table in (schema.IMAGES, schema.LABELS, schema.INDEX):
        assert all(column.metadata[b"description"] for column in table)


def test_what_is_no_dataset_is_said_plainly(tmp_path: Path, dataset_path: Path) -> None:
    with pytest.raises(manifests.DatasetError, match="no directory"):
        manifests.open(tmp_path / "nowhere")
    (tmp_path / "other").mkdir()
    with pytest.raises(manifests.DatasetError, match=r"has no vestiary\.json"):
        manifests.open(tmp_path / "other")
    (dataset_path / "vestiary.json").write_text("{")
    with pytest.raises(manifests.DatasetError, match="damaged"):
        manifests.open(dataset_path)


def test_a_newer_format_is_refused_for_the_directory_and_for_a_table(dataset_path: Path) -> None:
    table = pq.read_table(dataset_path / "images.parquet")
    newer = {**table.schema.metadata, b"vestiary.format": b"99"}
    atomic.write_table(dataset_path / "images.parquet", table.replace_schema_metadata(newer))
    with pytest.raises(manifests.DatasetError, match=r"images\.parquet has format 99"):
        _ = manifests.open(dataset_path).images
    (dataset_path / "vestiary.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(manifests.DatasetError, match="has format 99, this vestiary reads up to 1"):
        manifests.open(dataset_path)


def test_a_missing_file_is_named_with_what_makes_it(dataset_path: Path) -> None:
    with pytest.raises(manifests.DatasetError, match=r"lacks index\.parquet: `vestiary label` makes it"):
        _ = manifests.open(dataset_path).index
    (dataset_path / "images.parquet").unlink()
    with pytest.raises(manifests.DatasetError, match=r"lacks images\.parquet: `vestiary curate` makes it"):
        manifests.open(dataset_path)


def test_unknown_names_list_what_there_is(dataset_path: Path) -> None:
    ds = manifests.open(dataset_path)
    with pytest.raises(manifests.DatasetError, match=r"no split 'evl' \(there are: eval\)"):
        ds.split("evl")
    with pytest.raises(manifests.DatasetError, match=r"no label set 'R_50' \(there are: embedded\)"):
        ds.labels("R_50")


def test_an_index_written_by_its_schema_is_read(dataset_path: Path) -> None:
    atomic.write_table(dataset_path / "index.parquet", schema.INDEX.empty_table())
    index = manifests.open(dataset_path).table("index")
    assert isinstance(index, pa.Table) and index.schema.equals(schema.INDEX)
