from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from curation import freeze, table
from curation.config import CurationConfig, SplitConfig
from curation.errors import CurationError
from curation.split_files import Settings, ShortageError, are_current, freeze_eval, read_report, write_splits
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


def config(zara: int = 3, **options: object) -> Settings:
    quotas = [{"source": "zara", "gender": "unknown", "count": zara}, {"source": "zalando", "count": 2}]
    split = SplitConfig.model_validate({"eval": quotas, "validation": 0.4, **options})
    return Settings.of(CurationConfig(split=split), None)


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
        {"source": "zalando", "count": 2, "filled": 2},
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


def test_current_is_what_was_made_from_the_same(dataset: Path) -> None:
    assert are_current(dataset / "splits", "made from this")
    assert not are_current(dataset / "splits", "made from that")


def test_a_shortage_is_an_error_with_a_table(dataset: Path) -> None:
    with pytest.raises(ShortageError) as caught:
        write_splits(dataset / "splits", images(40), config(zara=12), "x")
    rows = [line.split() for line in str(caught.value).splitlines()]
    assert ["zara", "unknown", "12", "10", "2"] in rows and ["zalando", "2", "2"] in rows
    assert list((dataset / "splits").iterdir()) == []  # the old draw is not left to be mistaken for the new


def test_an_allowed_shortage_is_recorded(dataset: Path) -> None:
    report = write_splits(dataset / "splits", images(40), config(zara=12, allow_short=True), "x")
    assert [(quota.filled, quota.missing) for quota in report.quotas] == [(10, 2), (2, 0)]
    assert read_report(dataset / "splits") == report
    assert json.loads((dataset / "splits" / "eval.json").read_text())["quotas"][0]["filled"] == 10


def test_without_an_evaluation_split(dataset: Path) -> None:
    report = write_splits(
        dataset / "splits", images(40), Settings.of(CurationConfig(split=SplitConfig(eval=())), None), "x"
    )
    assert report.images["eval"] == 0 and report.smallest_distance is None


def test_strata_over_any_columns(tmp_path: Path) -> None:
    rows = images(40)
    for name, values in {"facing": ["front", "back", None, "side"], "head_cut": [True, False, None, False]}.items():
        field = IMAGES.field(name)
        rows = rows.set_column(rows.schema.get_field_index(name), field, pa.array(values * 10, field.type))
    quotas = [{"facing": "back", "head_cut": False, "count": 4}, {"facing": "front", "source": "zara", "count": 2}]
    split = SplitConfig.model_validate({"eval": quotas})
    report = write_splits(tmp_path, rows, Settings.of(CurationConfig(split=split), None), "x")
    assert [(one.name, one.filled) for one in report.quotas] == [
        ("facing=back head_cut=False", 4), ("zara facing=front", 2),
    ]  # fmt: skip
    taken = (tmp_path / "eval.txt").read_text().split()
    facing = dict(zip(rows["image_id"].to_pylist(), rows["facing"].to_pylist(), strict=True))
    assert sorted(facing[one] for one in taken) == ["back"] * 4 + ["front"] * 2


def test_frozen_splits_grow_no_more(dataset: Path) -> None:
    directory = dataset / "splits"
    before = (directory / "eval.txt").read_text()
    frozen = freeze_eval(directory)
    assert freeze_eval(directory) == frozen == freeze.read(directory)
    other = SplitConfig.model_validate({"seed": 7, "eval": [{"source": "zalando", "count": 9}], "validation": 0.4})
    settings = Settings.of(CurationConfig(split=other), frozen)
    report = write_splits(directory, images(60), settings, "y")
    assert (directory / "eval.txt").read_text() == before
    assert report.frozen and not report.vanished
    assert [(one.name, one.filled) for one in report.quotas] == [("zara unknown", 3), ("zalando", 2)]


def test_vanished_frozen_images_are_told_and_not_replaced(dataset: Path) -> None:
    directory = dataset / "splits"
    frozen = freeze_eval(directory)
    gone, *left = frozen.image_ids
    rows = images(40)
    rows = rows.filter(pa.array([one != gone for one in rows["image_id"].to_pylist()]))
    report = write_splits(directory, rows, Settings.of(CurationConfig(), frozen), "y")
    assert report.vanished == (gone,) and (directory / "eval.txt").read_text().split() == left
    assert sum(one.missing for one in report.quotas) == 1  # and no ShortageError
    assert json.loads((directory / "eval.json").read_text())["frozen"] == {"images": 5, "vanished": [gone]}
    assert freeze_eval(directory) == frozen  # the list itself is as it was published


def test_freezing_is_for_good(dataset: Path) -> None:
    directory = dataset / "splits"
    freeze_eval(directory)
    with pytest.raises(CurationError, match="freezes another"):
        freeze.write(directory, ["a"], [], 0)
    (directory / "eval.frozen.json").write_text('{"image_ids": ["b", "a"], "quotas": [], "seed": 0}')
    with pytest.raises(CurationError, match="not sorted"):
        freeze.read(directory)
    (directory / "eval.frozen.json").write_text("{")
    with pytest.raises(CurationError, match="damaged"):
        freeze.read(directory)


def test_nothing_to_freeze(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="screen and split first"):
        freeze_eval(tmp_path / "nowhere")
    write_splits(tmp_path / "s", images(4), Settings.of(CurationConfig(split=SplitConfig(eval=())), None), "x")
    with pytest.raises(CurationError, match="nothing to freeze"):
        freeze_eval(tmp_path / "s")
