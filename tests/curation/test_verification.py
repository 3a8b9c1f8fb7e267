from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import ImageOps

from curation.config import CurationConfig, SplitConfig
from curation.run import candidates, curate, screen_and_split
from curation.split_files import Settings, freeze_eval, read_report, write_splits
from curation.verification import SplitError, verify
from manifests.schema import IMAGES
from tests.curation.conftest import encode, person, scene, write_labels

Change = Callable[[Path, dict[str, list[str]]], None]

QUOTAS = [{"source": "studio", "gender": "women", "count": 4}, {"source": "street", "count": 2}]


def configured(photos: Path) -> CurationConfig:
    folders = [
        {"path": photos / "studio", "source": "studio", "gender": "women"},
        {"path": photos / "street", "source": "street"},
    ]
    split = {"eval": QUOTAS, "validation": 0.4}
    return CurationConfig.model_validate(
        {"workers": 1, "min_size": 64, "sources": {"folders": folders}, "split": split}
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished dataset of 30 different pictures."""
    root = tmp_path_factory.mktemp("verification")
    for name, seeds in {"studio": range(20), "street": range(20, 30)}.items():
        (root / "photos" / name).mkdir(parents=True)
        for seed in seeds:
            (root / "photos" / name / f"{seed:02}.jpg").write_bytes(encode(scene(seed, (96, 120))))
    config = configured(root / "photos")
    curate(root / "set", config)
    write_labels(root / "set", {one: (person(),) for one in candidates(root / "set")})
    screen_and_split(root / "set", config)
    return root / "set"


@pytest.fixture
def dataset(made: Path, tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(made, tmp_path / "set")
    yield tmp_path / "set"


def splits(dataset: Path) -> dict[str, list[str]]:
    return {name: (dataset / "splits" / f"{name}.txt").read_text().split() for name in ("eval", "train", "validation")}


def write_split(dataset: Path, name: str, ids: list[str]) -> None:
    (dataset / "splits" / f"{name}.txt").write_text("".join(f"{one}\n" for one in ids))


def change_row(dataset: Path, image_id: str, **values: Any) -> None:
    rows = pq.read_table(dataset / "images.parquet").to_pylist()
    for row in rows:
        if row["image_id"] == image_id:
            row.update(values)
    pq.write_table(pa.Table.from_pylist(rows, schema=IMAGES), dataset / "images.parquet")


def row_of(dataset: Path, image_id: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = pq.read_table(dataset / "images.parquet").to_pylist()
    return next(row for row in rows if row["image_id"] == image_id)


def file_of(dataset: Path, image_id: str) -> Path:
    return dataset / str(row_of(dataset, image_id)["path"])


def test_an_honest_split_is_proved(dataset: Path) -> None:
    found = verify(dataset)
    assert [(one.name, one.filled, one.count) for one in found.proof.quotas] == [
        ("studio women", 4, 4), ("street", 2, 2),
    ]  # fmt: skip
    assert found.proof.failures() == []
    assert found.proof.shared_products == found.proof.shared_groups == found.proof.absent == ()
    assert found.pictures >= 6 and len(found.proof.closest) == 6
    rows = {row["image_id"]: row["phash"] for row in pq.read_table(dataset / "images.parquet").to_pylist()}
    ids = splits(dataset)
    brute = min((rows[a] ^ rows[b]).bit_count() for a in ids["eval"] for b in ids["train"] + ids["validation"])
    assert found.proof.smallest_distance == brute
    assert verify(dataset, configured(dataset).split) == found


def drop_from_eval(dataset: Path, ids: dict[str, list[str]]) -> None:
    write_split(dataset, "eval", ids["eval"][1:])


def move_to_train(dataset: Path, ids: dict[str, list[str]]) -> None:
    write_split(dataset, "eval", ids["eval"][1:])
    write_split(dataset, "train", sorted([*ids["train"], ids["eval"][0]]))


def name_twice(dataset: Path, ids: dict[str, list[str]]) -> None:
    write_split(dataset, "train", sorted([*ids["train"], ids["eval"][0]]))


def invent_an_image(dataset: Path, ids: dict[str, list[str]]) -> None:
    write_split(dataset, "train", sorted([*ids["train"], "f" * 64]))


def name_a_dropped_image(dataset: Path, ids: dict[str, list[str]]) -> None:
    change_row(dataset, ids["train"][0], status="dropped", reason="cropped")


def share_a_group(dataset: Path, ids: dict[str, list[str]]) -> None:
    change_row(dataset, ids["train"][0], group_id=row_of(dataset, ids["eval"][0])["group_id"])


def share_a_product_under_another_group(dataset: Path, ids: dict[str, list[str]]) -> None:
    for one in (ids["eval"][0], ids["train"][0]):
        sightings = row_of(dataset, one)["sightings"]
        change_row(dataset, one, sightings=[{**sightings[0], "source": "studio", "product_id": "4711"}])


def copy_a_hash(dataset: Path, ids: dict[str, list[str]]) -> None:
    change_row(dataset, ids["train"][0], phash=row_of(dataset, ids["eval"][0])["phash"])


def hide_a_hash(dataset: Path, ids: dict[str, list[str]]) -> None:
    change_row(dataset, ids["eval"][0], phash=row_of(dataset, ids["eval"][0])["phash"] ^ 1)


def exchange_a_picture(dataset: Path, ids: dict[str, list[str]]) -> None:
    file_of(dataset, ids["eval"][0]).write_bytes(encode(scene(99, (96, 120))))


def lose_a_picture(dataset: Path, ids: dict[str, list[str]]) -> None:
    file_of(dataset, ids["validation"][0]).unlink()


def change_the_stratum(dataset: Path, ids: dict[str, list[str]]) -> None:
    change_row(dataset, ids["eval"][0], source="elsewhere")


def lower_a_count(dataset: Path, ids: dict[str, list[str]]) -> None:
    for name in ids:
        path = dataset / "splits" / f"{name}.json"
        told = json.loads(path.read_text())
        told["quotas"][0] |= {"count": 3, "filled": 3}
        path.write_text(json.dumps(told, indent=2) + "\n")


def forge_the_proof(dataset: Path, ids: dict[str, list[str]]) -> None:
    path = dataset / "splits" / "train.json"
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))


def remove_a_file(dataset: Path, ids: dict[str, list[str]]) -> None:
    (dataset / "splits" / "train.txt").unlink()


TAMPERED: list[tuple[Change, str]] = [
    (drop_from_eval, r"(studio women|street): \d of \d images"),
    (move_to_train, r"(studio women|street): \d of \d images"),
    (name_twice, "1 ids that stand twice"),
    (invent_an_image, "1 ids that images.parquet does not keep: ffff"),
    (name_a_dropped_image, "1 ids that images.parquet does not keep"),
    (share_a_group, "1 groups in several splits"),
    (share_a_product_under_another_group, "1 products, styles or pictures in several splits: studio product 4711"),
    (share_a_product_under_another_group, "1 images that belong together in several groups"),
    (copy_a_hash, "1 images that belong together in several groups"),
    (hide_a_hash, "does not have the perceptual hash"),
    (exchange_a_picture, "does not hold the bytes"),
    (lose_a_picture, "1 pictures are not in the image store"),
    (change_the_stratum, r"(studio women|street): \d of \d images"),
    (lower_a_count, "studio women: 4 of 3 images"),
    (forge_the_proof, "not what images.parquet and eval.json give: train.json"),
    (remove_a_file, "no complete splits"),
]


@pytest.mark.parametrize(("change", "says"), TAMPERED, ids=[change.__name__ for change, _ in TAMPERED])
def test_a_forgery_is_caught(dataset: Path, change: Change, says: str) -> None:
    change(dataset, splits(dataset))
    with pytest.raises(SplitError, match=says):
        verify(dataset)


def test_a_split_is_proved_once_frozen_and_not_without_its_list(dataset: Path) -> None:
    frozen = freeze_eval(dataset / "splits")
    found = verify(dataset)
    assert found.settings.frozen == frozen and found.proof.failures(frozen=True) == []
    assert read_report(dataset / "splits").frozen
    (dataset / "splits" / "eval.frozen.json").unlink()
    with pytest.raises(SplitError, match="not what"):
        verify(dataset)


def test_another_configuration_is_told(dataset: Path) -> None:
    with pytest.raises(SplitError, match="not drawn by this configuration"):
        verify(dataset, SplitConfig(eval=()))


@pytest.mark.parametrize("mirrored", [False, True])
def test_near_duplicates_that_grouping_missed_are_found_by_looking(tmp_path: Path, mirrored: bool) -> None:
    """Curated without looking for duplicates, split as if they had been looked for."""
    photos, dataset = tmp_path / "photos", tmp_path / "set"
    photos.mkdir()
    for seed in range(4):
        image = scene(seed, (96, 120))
        (photos / f"{seed}-a.jpg").write_bytes(encode(image, quality=95))
        copy = ImageOps.mirror(image) if mirrored else image.point(lambda value: min(255, value + 3))
        (photos / f"{seed}-b.jpg").write_bytes(encode(copy, quality=90))
    split = {"eval": [{"source": "own", "count": 1}]}
    careless = CurationConfig.model_validate({
        "workers": 1, "min_size": 64, "hamming_radius": 0, "colour_distance": 0, "split": split,
        "sources": {"folders": [{"path": photos, "source": "own"}]},
    })  # fmt: skip
    curate(dataset, careless)
    write_labels(dataset, {one: (person(),) for one in candidates(dataset)})
    screen_and_split(dataset, careless)
    rows = pq.read_table(dataset / "images.parquet")
    assert set(rows["status"].to_pylist()) == {"kept"}
    index = rows.schema.get_field_index("group_id")
    rows = rows.set_column(index, rows.schema.field("group_id"), rows["image_id"])  # everybody for themselves
    pq.write_table(rows, dataset / "images.parquet")
    config = CurationConfig.model_validate({"hamming_radius": 16, "colour_distance": 6, "split": split})
    write_splits(dataset / "splits", rows, Settings.of(config, None), "x")
    with pytest.raises(SplitError, match="are mirrored duplicates" if mirrored else "are near duplicates"):
        verify(dataset)
