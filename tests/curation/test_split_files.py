from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from curation import table
from curation.config import SplitConfig
from curation.split_files import ShortageError, SplitError, are_current, read_report, verify, write_splits
from manifests.schema import IMAGES
from tests.curation.conftest import record


def images(count: int, group_size: int = 2) -> pa.Table:
    """Kept rows of two sources; the hashes of different groups are at least 8 bits apart."""
    rows = table.to_table(
        record(
            f"{n:04}", phash=(n // group_size) * 0x01010101_01010101, source=("zara", "zalando")[n // group_size % 2]
        )
        for n in range(count)
    )
    groups = [f"{n // group_size * group_size:04}" for n in range(count)]
    index = rows.schema.get_field_index("group_id")
    return rows.set_column(index, IMAGES.field("group_id"), pa.array(groups))


def config(zara: int = 3, **options: object) -> SplitConfig:
    quotas = [{"source": "zara", "gender": "unknown", "count": zara}, {"source": "zalando", "count": 2}]
    return SplitConfig.model_validate({"eval": quotas, "validation": 0.4, **options})


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    table.write(tmp_path / "images.parquet", images(40), {"inputs": "x"})
    write_splits(tmp_path / "splits", images(40), config(), "made from this")
    return tmp_path


def test_files_say_what_was_drawn(dataset: Path) -> None:
    told = {
        name: json.loads((dataset / "splits" / f"{name}.json").read_text()) for name in ("eval", "train", "validation")
    }
    ids = {name: (dataset / "splits" / f"{name}.txt").read_text().split() for name in told}
    assert {name: one["images"] for name, one in told.items()} == {name: len(one) for name, one in ids.items()}
    assert len(ids["eval"]) == 5 and len(ids["train"]) + len(ids["validation"]) == 30
    assert told["eval"]["quotas"] == [
        {"source": "zara", "gender": "unknown", "count": 3, "filled": 3},
        {"source": "zalando", "gender": None, "count": 2, "filled": 2},
    ]
    assert told["eval"]["strata"] == [
        {"source": "zalando", "gender": "unknown", "images": 2}, {"source": "zara", "gender": "unknown", "images": 3},
    ]  # fmt: skip
    assert told["train"]["groups"] == told["train"]["images"] / 2
    assert told["eval"]["leakage"]["groups_in_several_splits"] == 0
    hashes = dict(zip(*(images(40)[name].to_pylist() for name in ("image_id", "phash")), strict=True))
    rest = ids["train"] + ids["validation"]
    smallest = min((hashes[one] ^ hashes[other]).bit_count() for one in ids["eval"] for other in rest)
    assert told["eval"]["leakage"]["smallest_phash_distance_of_eval_to_the_rest"] == smallest >= 8


def test_verify_draws_the_same(dataset: Path) -> None:
    report = verify(dataset)
    assert report == read_report(dataset / "splits")
    assert report.images["eval"] == 5 and report.straddling_groups == 0


@pytest.mark.parametrize("name", ["eval.txt", "train.txt", "validation.json", "train.json"])
def test_verify_sees_a_changed_file(dataset: Path, name: str) -> None:
    path = dataset / "splits" / name
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[1:]))
    with pytest.raises(SplitError, match=name):
        verify(dataset)


def test_verify_sees_a_changed_table(dataset: Path) -> None:
    table.write(dataset / "images.parquet", images(42), {"inputs": "x"})
    with pytest.raises(SplitError, match="not what"):
        verify(dataset)


@pytest.mark.parametrize("name", ["eval.json", "train.txt"])
def test_verify_sees_a_missing_file(dataset: Path, name: str) -> None:
    (dataset / "splits" / name).unlink()
    assert not are_current(dataset / "splits", "made from this")
    with pytest.raises(SplitError, match="screen and split again"):
        verify(dataset)


def test_current_is_what_was_made_from_the_same(dataset: Path) -> None:
    assert are_current(dataset / "splits", "made from this")
    assert not are_current(dataset / "splits", "made from that")


def test_a_shortage_is_an_error_with_a_table(dataset: Path) -> None:
    with pytest.raises(ShortageError) as caught:
        write_splits(dataset / "splits", images(40), config(zara=12), "x")
    rows = [line.split() for line in str(caught.value).splitlines()]
    assert ["zara", "unknown", "12", "10", "2"] in rows
    assert not any(row[:1] == ["zalando"] for row in rows)
    assert list((dataset / "splits").iterdir()) == []  # the old draw is not left to be mistaken for the new


def test_an_allowed_shortage_is_recorded(dataset: Path) -> None:
    report = write_splits(dataset / "splits", images(40), config(zara=12, allow_short=True), "x")
    assert [(quota.filled, quota.missing) for quota in report.quotas] == [(10, 2), (2, 0)]
    assert verify(dataset) == report
    assert json.loads((dataset / "splits" / "eval.json").read_text())["quotas"][0]["filled"] == 10


def test_without_an_evaluation_split(dataset: Path) -> None:
    report = write_splits(dataset / "splits", images(40), SplitConfig(eval=()), "x")
    assert report.images["eval"] == 0 and report.smallest_distance is None
    assert verify(dataset) == report
