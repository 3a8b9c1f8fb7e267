from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imagehash
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from curation.config import CurationConfig
from curation.errors import CurationError
from curation.run import candidates, curate, screen_and_split
from curation.split_files import ShortageError, freeze_eval
from curation.verification import verify
from manifests.decoding import decode
from manifests.image_store import ImageStore
from manifests.ledger import Sighting
from manifests.reasons import Gender, View
from manifests.schema import IMAGES
from tests.curation.conftest import collect_into, config_for, contents, encode, label_all, person, scene, write_labels

LEDGER_ONLY = CurationConfig.model_validate({"workers": 1, "split": {"eval": [], "validation": 0.5}})


def rows(dataset: Path) -> dict[str, dict[str, object]]:
    return {row["image_id"]: row for row in pq.read_table(dataset / "images.parquet").to_pylist()}


def test_a_crawl_becomes_a_table(tmp_path: Path) -> None:
    image = scene(1)
    navy = np.asarray(image).copy()
    navy[100:260, 60:200] = navy[100:260, 60:200] * (0.5, 0.6, 0.9)
    pictures = {
        "front": encode(image, "JPEG", quality=95),
        "front small": encode(image.resize((256, 320)), "JPEG", quality=80),
        "front navy": encode(Image.fromarray(navy), "JPEG", quality=95),
        "back": encode(scene(2)),
        "thumb": encode(scene(3, (64, 80))),
        "not yet": b"<html>",
        "other": encode(scene(4)),
    }
    seen = {
        "front": ("1", "s", "ecru"), "front small": ("1", "s", "ecru"), "back": ("1", "s", "ecru"),
        "front navy": ("2", "s", "navy"), "thumb": ("3", "", ""), "not yet": ("3", "", ""), "other": ("4", "", ""),
    }  # fmt: skip
    sightings = [
        Sighting(
            "zara",
            "page",
            url,
            url,
            n,
            product,
            style,
            View.MODEL,
            Gender.WOMEN,
            "tops",
            "",
            colour,
            "",
            "allowed",
            True,
        )
        for n, (url, (product, style, colour)) in enumerate(seen.items())
    ]
    ids = collect_into(tmp_path, pictures, sightings)
    result = curate(tmp_path, LEDGER_ONLY)
    assert (result.images, result.kept) == (7, 4)
    assert result.dropped == {"near_duplicate": 1, "too_small": 1, "undecodable": 1}
    table = pq.read_table(tmp_path / "images.parquet")
    assert table.schema.equals(IMAGES, check_metadata=False)
    assert table.schema.field("phash").metadata == IMAGES.field("phash").metadata
    assert table["image_id"].to_pylist() == sorted(ids.values())
    found = {url: rows(tmp_path)[image_id] for url, image_id in ids.items()}
    assert found["front small"]["duplicate_of"] == ids["front"]
    assert found["front navy"]["status"] == "kept"
    style = {found[url]["group_id"] for url in ("front", "front small", "front navy", "back")}
    assert style == {min(ids[url] for url in ("front", "front small", "front navy", "back"))}
    assert found["other"]["group_id"] == ids["other"]
    front = found["front"]
    definition = int(str(imagehash.phash(Image.fromarray(decode(pictures["front"])))), 16)
    assert isinstance(front["phash"], int) and (front["phash"] ^ definition).bit_count() <= 2
    assert 0 < front["brightness"] < 1 and front["sharpness"] > 0
    assert (front["width"], front["height"], front["format"], front["bytes"]) == (
        320,
        400,
        "jpeg",
        len(pictures["front"]),
    )
    assert front["sightings"] == [
        {
            "page_url": "page", "image_url": "front", "source": "zara", "image_key": "front", "product_id": "1",
            "style_id": "s", "position": 0, "robots": "allowed", "signals": [],
        }
    ]  # fmt: skip
    assert front["persons"] is None  # not screened yet
    assert (front["source"], front["synthetic"], front["gender"], front["colour"]) == ("zara", True, "women", "ecru")
    assert ImageStore(tmp_path / "images").path(ids["front"]) == tmp_path / str(front["path"])
    assert (found["not yet"]["width"], found["not yet"]["format"], found["not yet"]["phash"]) == (None, None, None)


def test_screening_makes_it_final_and_begins_again_with_other_thresholds(tmp_path: Path) -> None:
    urls = ["whole", "feet", "nobody", "far", "flat"]
    sightings = [
        Sighting("zara", "p", url, url, 0, url, view=View.PACKSHOT if url == "flat" else View.UNKNOWN) for url in urls
    ]
    ids = collect_into(tmp_path, {url: encode(scene(n)) for n, url in enumerate(urls)}, sightings)
    curate(tmp_path, LEDGER_ONLY)
    before = (tmp_path / "images.parquet").read_bytes()
    with pytest.raises(CurationError, match="5 of 5 images have no labels"):
        screen_and_split(tmp_path, LEDGER_ONLY)
    feet, far = person((5, 6), box=(100, 0, 220, 320)), person(box=(10, 10, 40, 60))
    people = {"whole": (person(),), "feet": (feet,), "nobody": (), "far": (far,), "flat": ()}
    write_labels(tmp_path, {ids[url]: found for url, found in people.items()})
    result = screen_and_split(tmp_path, LEDGER_ONLY)
    assert result.dropped == {"cropped": 1, "no_person": 1, "packshot": 1, "too_small": 1}
    final = {url: (rows(tmp_path)[ids[url]]["view"], rows(tmp_path)[ids[url]]["reason"]) for url in urls}
    assert final == {
        "whole": ("model", None), "feet": ("detail", "cropped"), "nobody": ("unknown", "no_person"),
        "far": ("model", "too_small"), "flat": ("packshot", "packshot"),
    }  # fmt: skip
    seen = {url: rows(tmp_path)[ids[url]] for url in urls}
    assert [seen[url]["persons"] for url in urls] == [1, 1, 0, 1, 0]
    assert (seen["whole"]["facing"], seen["whole"]["head_cut"], seen["feet"]["head_cut"]) == ("front", False, True)
    assert seen["feet"]["regions"] == ["feet"] and seen["nobody"]["regions"] is None
    assert seen["far"]["person_height"] == pytest.approx(50 / 400)
    assert len(candidates(tmp_path)) == 5  # what the screening model labels does not shrink
    strict = contents(tmp_path)

    lenient = LEDGER_ONLY.model_validate(
        {**LEDGER_ONLY.model_dump(), "screen": {"min_regions": 1, "min_person_height": 0}}
    )
    assert screen_and_split(tmp_path, lenient).kept == 3
    assert rows(tmp_path)[ids["feet"]]["view"] == "model"
    assert screen_and_split(tmp_path, LEDGER_ONLY).changed
    assert contents(tmp_path) == strict
    assert not curate(tmp_path, LEDGER_ONLY).changed and contents(tmp_path) == strict
    (tmp_path / "images.parquet").unlink()
    assert curate(tmp_path, LEDGER_ONLY).changed
    assert (tmp_path / "images.parquet").read_bytes() == before


def test_running_again_does_nothing_until_something_changes(tmp_path: Path, photos: Callable[[int], Path]) -> None:
    folder, dataset = photos(12), tmp_path / "set"
    config = config_for(folder)
    assert curate(dataset, config).changed
    label_all(dataset)
    first = screen_and_split(dataset, config)
    assert first.changed and first.splits is not None and first.splits.images["eval"] == 3
    made = contents(dataset)
    times = {path: path.stat().st_mtime_ns for path in (dataset / "splits").iterdir()}

    again = screen_and_split(dataset, config)
    assert not curate(dataset, config).changed
    assert not again.changed and again.splits == first.splits and again.dropped == first.dropped
    assert {path: path.stat().st_mtime_ns for path in (dataset / "splits").iterdir()} == times

    other_seed = config.model_copy(update={"split": config.split.model_copy(update={"seed": 5})})
    assert screen_and_split(dataset, other_seed).changed
    assert contents(dataset)["images.parquet"] == made["images.parquet"]
    assert contents(dataset)["splits/eval.txt"] != made["splits/eval.txt"]

    label_all(dataset, "e" * 64)
    assert screen_and_split(dataset, config).changed  # labels by other weights are judged anew

    (folder / "new.jpg").write_bytes(encode(scene(99)))
    grown = curate(dataset, config)
    assert grown.changed and grown.images == 13 and not list((dataset / "splits").iterdir())
    (folder / "new.jpg").unlink()
    curate(dataset, config)
    label_all(dataset)
    screen_and_split(dataset, config)
    assert contents(dataset) == made


def test_a_shortage_leaves_the_table_and_no_split(tmp_path: Path, photos: Callable[[int], Path]) -> None:
    config = config_for(photos(2))
    curate(tmp_path / "set", config)
    label_all(tmp_path / "set")
    with pytest.raises(ShortageError, match="studio"):
        screen_and_split(tmp_path / "set", config)
    assert {row["view"] for row in rows(tmp_path / "set").values()} == {"model"}
    with pytest.raises(ShortageError):  # and again, though the table is current
        screen_and_split(tmp_path / "set", config)
    allowed = config.model_copy(update={"split": config.split.model_copy(update={"allow_short": True})})
    result = screen_and_split(tmp_path / "set", allowed)
    assert result.splits is not None and result.splits.quotas[0].missing == 1
    assert [one.missing for one in verify(tmp_path / "set").proof.quotas] == [1]


def test_screening_needs_curation(tmp_path: Path) -> None:
    with pytest.raises(CurationError, match="curate the dataset first"):
        screen_and_split(tmp_path, LEDGER_ONLY)
    with pytest.raises(CurationError, match="curate the dataset first"):
        candidates(tmp_path)


def test_an_empty_dataset(tmp_path: Path) -> None:
    assert curate(tmp_path, LEDGER_ONLY).images == 0
    assert screen_and_split(tmp_path, LEDGER_ONLY).kept == 0


def test_demo_pictures(tmp_path: Path, root: Path) -> None:
    folder = root / "demo" / "pictures"
    files = sorted(folder.glob("**/*.jpg"))
    if not files:
        pytest.skip("the demo shops' pictures are not there")
    config = CurationConfig.model_validate({"sources": {"folders": [{"path": folder, "source": "demo"}]}, "workers": 2})
    result = curate(tmp_path, config)
    assert result.kept >= 0.5 * len(files)
    assert all(row["width"] for row in rows(tmp_path).values() if row["reason"] != "undecodable")


def test_a_frozen_split_survives_better_copies_and_other_thresholds(
    tmp_path: Path, photos: Callable[[int], Path]
) -> None:
    folder, dataset = photos(12), tmp_path / "set"
    config = config_for(folder)
    curate(dataset, config)
    label_all(dataset)
    screen_and_split(dataset, config)
    frozen = freeze_eval(dataset / "splits").image_ids
    published = (dataset / "splits" / "eval.txt").read_text()
    names = {row["sightings"][0]["image_url"]: image_id for image_id, row in rows(dataset).items()}  # type: ignore[index]

    # A larger copy of one image comes, all are too small now, and on one of them the model sees nobody.
    seeds = [int(url.removeprefix("studio:")[:3]) for url, image_id in sorted(names.items()) if image_id in frozen]
    (folder / "better.jpg").write_bytes(encode(scene(seeds[0]).resize((640, 800)), "JPEG", quality=95))
    strict = config.model_copy(update={"min_size": 350, "split": config.split.model_copy(update={"seed": 9})})
    curate(dataset, strict)
    write_labels(dataset, {one: () if one == frozen[1] else (person(),) for one in candidates(dataset)})
    report = screen_and_split(dataset, strict).splits
    assert report is not None and report.frozen and not report.vanished
    assert (dataset / "splits" / "eval.txt").read_text() == published  # though 320 x 400, and one shows nobody now
    table = rows(dataset)
    (better,) = set(table) - set(names.values())
    first = names[f"studio:{seeds[0]:03}.jpg"]
    assert (table[better]["reason"], table[better]["duplicate_of"]) == ("near_duplicate", first)
    assert table[first]["status"] == table[frozen[1]]["status"] == "kept" and table[frozen[1]]["persons"] == 0
    assert verify(dataset).proof.images["eval"] == 3

    (folder / f"{seeds[2]:03}.jpg").unlink()
    curate(dataset, config)
    label_all(dataset)
    report = screen_and_split(dataset, config).splits
    assert report is not None and report.vanished == (names[f"studio:{seeds[2]:03}.jpg"],)
    assert verify(dataset).proof.images["eval"] == 2
