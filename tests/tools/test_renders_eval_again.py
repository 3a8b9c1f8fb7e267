"""Ground truth of the evaluation set is made again to the same bytes, where the tools' environment is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("anny", reason="needs the environment of tools/people")

from manifests.palettes import PARULA
from tools.files import indexed
from tools.people.render import surface
from tools.renders_eval import cast, plan, shots
from tools.renders_eval.annotations import annotate

FOLDER = Path(__file__).resolve().parents[2] / "densepose_labeler" / "renders_eval"
ENTRIES = {entry.name: entry for entry in plan.read()}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["raster-007", "raster-021", "raster-044"])
def test_same_seed_same_ground_truth(name: str) -> None:
    entry = ENTRIES[name]
    scene = shots.scene_of(entry, *cast.people(entry))
    part, uv, instance = surface(scene)
    assert indexed(part, PARULA.tobytes()) == (FOLDER / "parts" / f"{name}.png").read_bytes()
    data = json.loads((FOLDER / "annotations.json").read_bytes())
    number = next(image["id"] for image in data["images"] if image["file_name"] == f"{name}.jpg")
    stored = [one for one in data["annotations"] if one["image_id"] == number]
    for one in stored:
        del one["id"], one["image_id"]
    again = annotate(part, uv, instance, cast.generator(entry, 5))
    assert json.dumps(again) == json.dumps(stored)
