import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from densepose_labeler.index import build_index
from manifests import atomic, schema
from manifests.instances import Instance, flatten
from manifests.labels import LabelRow, LabelSet
from manifests.reasons import LabelStatus

HEIGHT, WIDTH = 40, 30
IDS = [hashlib.sha256(bytes([number])).hexdigest() for number in range(6)]


def _image(image_id: str, **facts: object) -> dict[str, object]:
    row: dict[str, object] = {
        "image_id": image_id, "path": f"images/{image_id[:2]}/{image_id}.jpg", "width": WIDTH, "height": HEIGHT,
        "format": "jpeg", "bytes": 1, "phash": 1, "source": "zara", "synthetic": True, "gender": "women",
        "category": "dresses", "view": "model", "brand": "", "product_id": "1", "colour": "", "sightings": [],
        "group_id": "g", "status": "kept", "reason": None, "duplicate_of": None,
    }  # fmt: skip
    return row | facts


def _instance(x: int, y: int, part: int, score: float, side: int = 10) -> Instance:
    iuv = np.zeros((side, side, 3), np.uint8)
    iuv[2:-2, 2:-2] = (part, 7, 9)
    return Instance((x, y, x + side, y + side), score, (x, y, side, side), iuv)


def _label(image_id: str, *instances: Instance, status: str = "", fingerprint: str = "f") -> LabelRow:
    state = LabelStatus(status or ("ok" if instances else "no_person"))
    failed = state == LabelStatus.ERROR
    size = (None, None) if failed else (WIDTH, HEIGHT)
    return LabelRow(
        image_id, "embedded", "w", fingerprint, state, "undecodable: x" if failed else None, *size, instances
    )


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    images = [_image(one) for one in IDS[:5]] + [_image(IDS[5], gender="men", source="farfetch", status="dropped")]
    atomic.write_table(tmp_path / "images.parquet", pa.Table.from_pylist(images, schema=schema.IMAGES))
    atomic.write_text(tmp_path / "splits/eval.txt", f"{IDS[0]}\n{IDS[2]}\n")
    labels = LabelSet(tmp_path / "labels/embedded")
    labels.write_part(0, [_label(IDS[0], _instance(3, 4, 2, 0.9)), _label(IDS[1])])
    overlapping = _label(IDS[3], _instance(0, 0, 5, 0.6), _instance(5, 5, 2, 0.8), _instance(25, 35, 6, 0.7))
    labels.write_part(1, [_label(IDS[2], status="error"), overlapping])
    LabelSet(tmp_path / "labels/other").write_part(0, [_label(IDS[0], _instance(-4, 33, 2, 0.5)), _label("unlisted")])
    return tmp_path


def _rows(dataset: Path) -> dict[tuple[str, str], dict[str, object]]:
    table = pq.read_table(dataset / "index.parquet")
    assert table.schema.equals(schema.INDEX)
    assert table.schema.field("persons").metadata == schema.INDEX.field("persons").metadata
    return {(row["image_id"], row["model"]): row for row in table.to_pylist()}


def test_one_row_per_image_and_label_set_in_order(dataset: Path) -> None:
    assert build_index(dataset)
    keys = list(_rows(dataset))
    assert keys == sorted(keys)
    assert len(keys) == 6


def test_facts_of_image_split_and_surest_person(dataset: Path) -> None:
    build_index(dataset)
    row = _rows(dataset)[IDS[3], "embedded"]
    assert row["persons"] == 3
    assert row["score"] == pytest.approx(0.8)
    assert row["box"] == [5, 5, 15, 15]
    assert (row["source"], row["gender"], row["split"]) == ("zara", "women", None)
    assert row["labels_path"] == "labels/embedded/part-00001.parquet"
    assert _rows(dataset)[IDS[0], "embedded"]["split"] == "eval"
    unlisted = _rows(dataset)["unlisted", "other"]
    assert (unlisted["path"], unlisted["gender"], unlisted["view"]) == ("", "unknown", "unknown")


def test_part_pixels_are_those_of_the_flattened_map(dataset: Path) -> None:
    build_index(dataset)
    rows = _rows(dataset)
    for name in ("embedded", "other"):
        for label in LabelSet(dataset / "labels" / name):
            if label.status == LabelStatus.ERROR:
                continue
            flat = flatten(label.instances, HEIGHT, WIDTH)[..., 0]
            row = rows[label.image_id, name]
            assert row["part_pixels"] == np.bincount(flat.ravel(), minlength=25).tolist()
            assert row["foreground"] == pytest.approx((flat > 0).mean())
            assert row["parts_visible"] == len(np.unique(flat[flat > 0]))
    assert rows[IDS[0], "embedded"]["parts_visible"] == 1
    assert rows[IDS[3], "embedded"]["parts_visible"] == 3


def test_images_without_a_person_or_with_an_error_keep_their_row(dataset: Path) -> None:
    build_index(dataset)
    rows = _rows(dataset)
    nobody, failed = rows[IDS[1], "embedded"], rows[IDS[2], "embedded"]
    assert (nobody["status"], nobody["persons"], nobody["score"], nobody["foreground"]) == ("no_person", 0, None, 0.0)
    assert nobody["part_pixels"] == [HEIGHT * WIDTH] + [0] * 24
    assert (failed["status"], failed["box"], failed["width"], failed["part_pixels"]) == ("error", None, None, [0] * 25)


def test_up_to_date_index_is_left_alone_and_the_same_input_gives_the_same_bytes(dataset: Path) -> None:
    assert build_index(dataset)
    target = dataset / "index.parquet"
    before, stamp = target.read_bytes(), target.stat().st_mtime_ns
    assert not build_index(dataset)
    assert target.stat().st_mtime_ns == stamp
    target.unlink()
    assert build_index(dataset)
    assert target.read_bytes() == before


@pytest.mark.parametrize("change", ["label", "split", "images", "damaged index", "new set"])
def test_every_input_change_rebuilds(dataset: Path, change: str) -> None:
    build_index(dataset)
    match change:
        case "label":
            LabelSet(dataset / "labels/other").write_part(0, [_label(IDS[0], fingerprint="another")])
        case "split":
            atomic.write_text(dataset / "splits/train.txt", f"{IDS[1]}\n")
        case "images":
            rows = [_image(one, category="coats") for one in IDS]
            atomic.write_table(dataset / "images.parquet", pa.Table.from_pylist(rows, schema=schema.IMAGES))
        case "damaged index":
            (dataset / "index.parquet").write_bytes(b"PAR1 broken")
        case "new set":
            LabelSet(dataset / "labels/third").write_part(0, [_label(IDS[5])])
    assert build_index(dataset)
    rows_now = _rows(dataset)
    match change:
        case "label":
            assert rows_now[IDS[0], "other"]["status"] == "no_person"
        case "split":
            assert rows_now[IDS[1], "embedded"]["split"] == "train"
        case "images":
            assert rows_now[IDS[0], "embedded"]["category"] == "coats"
        case "new set":
            assert rows_now[IDS[5], "third"]["source"] == "farfetch"
    assert not build_index(dataset)


def test_dataset_without_labels_has_an_empty_index_and_without_images_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="images"):
        build_index(tmp_path)
    atomic.write_table(tmp_path / "images.parquet", pa.Table.from_pylist([_image(IDS[0])], schema=schema.IMAGES))
    assert build_index(tmp_path)
    assert _rows(tmp_path) == {}
