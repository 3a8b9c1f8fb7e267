"""The shipped pictures are the ones that pictures.json lists, with a part map for every person."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.demo_pictures import catalogue

DEMO = Path(__file__).resolve().parents[2] / "demo"
LISTED = json.loads((DEMO / "pictures" / "pictures.json").read_text("utf-8"))


def test_the_list_follows_the_catalogue() -> None:
    _, pictures = catalogue.read()
    assert [entry["file"] for entry in LISTED] == [f"{p.name}.jpg" for p in pictures]


@pytest.mark.parametrize("entry", LISTED, ids=lambda entry: entry["file"])
def test_file_is_as_listed(entry: dict) -> None:
    data = (DEMO / "pictures" / entry["file"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == entry["sha256"]
    with Image.open(DEMO / "pictures" / entry["file"]) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (entry["width"], entry["height"])


@pytest.mark.parametrize("entry", [e for e in LISTED if e["truth"]], ids=lambda entry: entry["truth"])
def test_part_map_fits_its_picture(entry: dict) -> None:
    with Image.open(DEMO / "truth" / entry["truth"]) as image:
        assert image.mode == "P"
        assert image.size == (entry["width"], entry["height"])
        parts = np.asarray(image)
    present = set(np.unique(parts).tolist())
    assert present <= set(range(25))
    torso = {1} if entry["view"] == "back" else {2}
    assert torso <= present
    share = float((parts > 0).mean())
    assert 0.05 < share < 0.6


def test_all_together_stay_small() -> None:
    assert sum(entry["bytes"] for entry in LISTED) < 13 * 2**20
    assert sum(1 for entry in LISTED if entry["kind"] == "model") >= 60
    assert sum(entry["renderer"] == "cycles" and entry["kind"] == "model" for entry in LISTED) >= 24
