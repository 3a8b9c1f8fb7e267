"""The evaluation set is what its plan says, and its ground truth holds together."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from densepose_labeler.metrics.masks import decode
from manifests.palettes import PARULA
from manifests.parts import COARSE_OF_FINE
from tools.renders_eval import plan
from tools.renders_eval.annotations import SLIVER, annotate
from tools.renders_eval.rle import encode

FOLDER = Path(__file__).resolve().parents[2] / "densepose_labeler" / "renders_eval"
PLAN = plan.read()
DATA = json.loads((FOLDER / "annotations.json").read_bytes())
PEOPLE: dict[int, list[dict[str, Any]]] = {image["id"]: [] for image in DATA["images"]}
for one in DATA["annotations"]:
    PEOPLE[one["image_id"]].append(one)


def share(**wanted: tuple[str, ...]) -> float:
    (column, words), *_ = wanted.items()
    return sum(entry.strata[column] in words for entry in PLAN) / len(PLAN)


def parts_of(image: dict[str, Any]) -> np.ndarray:
    return np.asarray(Image.open(FOLDER / "parts" / f"{Path(image['file_name']).stem}.png"))


def test_the_plan_has_the_shares_that_were_asked_for() -> None:
    assert len(PLAN) == 300
    assert sum(entry.renderer == "cycles" and entry.people != "0" for entry in PLAN) >= 40
    assert share(view=("side", "back")) >= 0.25
    assert share(framing=plan.CROPPED) >= 0.30
    assert share(background=("busy",)) >= 0.20
    assert 0.06 <= share(people=("several",)) <= 0.10
    assert 0.04 <= share(people=("0",)) <= 0.06


def test_the_plan_has_seeds_and_names_of_its_own() -> None:
    assert len({entry.name for entry in PLAN}) == len({entry.seed for entry in PLAN}) == 300
    assert all(2_000_000 <= entry.seed < 2_100_000 for entry in PLAN)


def test_the_plan_is_as_it_was_drawn() -> None:
    assert plan.draw() == PLAN


def test_the_set_is_the_plan() -> None:
    assert [image["file_name"] for image in DATA["images"]] == [f"{entry.name}.jpg" for entry in PLAN]
    assert [image["strata"] for image in DATA["images"]] == [entry.strata for entry in PLAN]
    names = {entry.name for entry in PLAN}
    assert {path.stem for path in (FOLDER / "images").iterdir()} == names
    assert {path.stem for path in (FOLDER / "parts").iterdir()} == names
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 12_000_000


def test_as_many_people_as_planned() -> None:
    for image in DATA["images"]:
        shown = PEOPLE[image["id"]]
        expected = {"0": (0, 0), "1": (1, 1), "several": (2, 3)}[image["strata"]["people"]]
        assert expected[0] <= len(shown) <= expected[1], image["file_name"]
        assert all(one["area"] > 0.01 * 384 * 512 for one in shown[:1]), image["file_name"]


def test_pictures_and_part_maps_are_of_one_size() -> None:
    for image in DATA["images"]:
        with Image.open(FOLDER / "images" / image["file_name"]) as picture:
            assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (384, 512))
        with Image.open(FOLDER / "parts" / f"{Path(image['file_name']).stem}.png") as parts:
            assert (parts.mode, parts.size) == ("P", (384, 512))
            assert bytes(parts.getpalette() or [])[:75] == PARULA.tobytes()


def test_annotations_are_those_of_the_part_maps() -> None:
    for image in DATA["images"]:
        parts, seen = parts_of(image), np.zeros((512, 384), int)
        for one in PEOPLE[image["id"]]:
            mask = decode(one["segmentation"])
            rows, columns = np.nonzero(mask)
            x, y, width, height = one["bbox"]
            assert (x, y, x + width, y + height) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            assert one["area"] == len(rows)
            seen += mask
            if "dp_x" not in one:
                assert one["area"] < SLIVER
                continue
            at = np.array(one["dp_x"]) * width / 255 + x, np.array(one["dp_y"]) * height / 255 + y
            assert np.abs(np.stack(at) % 1 - 0.5).max() < 0.002  # pixel centres
            column, row = (values.astype(int) for values in at)
            assert mask[row, column].all()
            assert (parts[row, column] == one["dp_I"]).all()
            assert set(one["dp_I"]) == set(np.unique(parts[mask]).tolist())
            assert 0 <= min(*one["dp_U"], *one["dp_V"]) <= max(*one["dp_U"], *one["dp_V"]) <= 1
        assert (seen == (parts > 0)).all(), image["file_name"]


def test_coarse_masks_are_the_parts_in_the_box() -> None:
    for image in DATA["images"][::20]:
        parts = parts_of(image)
        for one in PEOPLE[image["id"]]:
            x, y, width, height = one["bbox"]
            own = np.where(decode(one["segmentation"]), parts, 0)[y : y + height, x : x + width]
            rows, columns = ((np.arange(256) + 0.5) * side / 256 for side in (height, width))
            coarse = np.array(COARSE_OF_FINE)[own][rows.astype(int)][:, columns.astype(int)]
            for number, mask in enumerate(one["dp_masks"], 1):
                assert ((coarse == number) == (decode(mask) if mask else False)).all()


def test_about_a_hundred_points_on_a_whole_person() -> None:
    counts = [len(one["dp_I"]) for one in DATA["annotations"] if one["area"] > 20_000]
    assert min(counts) >= 60 and max(counts) <= 140
    assert 90 <= np.mean(counts) <= 115


def test_every_part_is_asked_for_often() -> None:
    points = Counter(part for one in DATA["annotations"] for part in one.get("dp_I", []))
    assert set(points) == set(range(1, 25))
    assert min(points.values()) >= 200


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (40, 31)])
def test_run_lengths_are_read_back(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    for mask in (np.zeros(shape, bool), np.ones(shape, bool), rng.random(shape) < 0.5, rng.random(shape) < 0.02):
        assert (decode(encode(mask)) == mask).all()  # type: ignore[arg-type]


def test_run_lengths_as_coco_writes_them() -> None:
    mask = np.zeros((40, 6), bool)
    mask[3:39, 1:5] = mask[0, 0] = True
    assert encode(mask) == {"size": [40, 6], "counts": "01Z1S1jN00000U1"}  # as pycocotools writes it


def test_a_person_of_whom_hardly_anything_shows_has_no_points() -> None:
    part = np.zeros((64, 48), np.uint8)
    part[:10, :10], part[30:60, 10:40] = 2, 1
    instance = np.where(part == 2, 2, part)
    uv = np.full((64, 48, 2), 0.25, np.float32)
    whole, sliver = annotate(part, uv, instance, np.random.default_rng(1))
    assert (whole["area"], sliver["area"]) == (900, 100)
    assert set(whole["dp_U"]) == {0.25} and "dp_x" not in sliver


@pytest.fixture(scope="module")
def surface() -> dict[str, np.ndarray]:
    with np.load(FOLDER / "surface.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


@pytest.fixture(scope="module")
def distances(surface: dict[str, np.ndarray]) -> np.ndarray:
    """Metres between places [V, V]."""
    count = int(surface["vertex"].max()) + 1
    out = np.zeros((count, count), np.float32)
    out[np.triu_indices(count, 1)] = surface["distances"] * np.float32(surface["unit"])
    return out + out.T


def test_the_surface_has_every_part(surface: dict[str, np.ndarray]) -> None:
    assert np.bincount(surface["part"], minlength=25)[1:].min() >= 20
    assert surface["part"].dtype == np.uint8 and surface["uv"].dtype == np.float32
    assert surface["uv"].min() >= 0 and surface["uv"].max() <= 1
    assert str(surface["charts"]) == "vestiary"


def test_distances_obey_the_triangle_inequality(surface: dict[str, np.ndarray], distances: np.ndarray) -> None:
    rng = np.random.default_rng(4)
    a, b, c = rng.integers(0, len(distances), (3, 200_000))
    steps = 1.5 * float(surface["unit"])  # each of the three is rounded to a step
    assert (distances[a, c] <= distances[a, b] + distances[b, c] + steps + 1e-6).all()


def test_distances_are_those_of_an_adult(surface: dict[str, np.ndarray], distances: np.ndarray) -> None:
    def places(*parts: int) -> np.ndarray:
        return np.unique(surface["vertex"][np.isin(surface["part"], parts)])

    between = {
        "head to foot": distances[np.ix_(places(23, 24), places(5, 6))].max(),
        "hand to hand": distances[np.ix_(places(3), places(4))].max(),
        "through the head": distances[np.ix_(places(23), places(24))].max(),
    }
    assert 1.7 < between["head to foot"] < 2.0
    assert 1.4 < between["hand to hand"] < 2.1
    assert 0.3 < between["through the head"] < 0.6
    assert np.where(distances > 0, distances, 9).min(1).max() < 0.06
