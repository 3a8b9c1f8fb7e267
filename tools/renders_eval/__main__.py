"""`python -m tools.renders_eval`: renders those pictures of the evaluation set that are missing. See the README."""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifests.palettes import PARULA
from tools.files import indexed, jpeg, write
from tools.renders_eval import plan
from tools.renders_eval.annotations import annotate
from tools.renders_eval.plan import Entry

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """out: the set's folder. work: scratch space, kept between runs. bpy: the Python that has bpy."""

    out: Path
    work: Path
    bpy: Path | None
    samples: int
    frames: int

    def jpeg(self, entry: Entry) -> Path:
        return self.out / "images" / f"{entry.name}.jpg"

    def parts(self, entry: Entry) -> Path:
        return self.out / "parts" / f"{entry.name}.png"

    def people(self, entry: Entry) -> Path:
        """The annotations of one picture."""
        return self.work / "people" / f"{entry.name}.json"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.renders_eval", description=__doc__)
    parser.add_argument("--bpy", type=Path, default=os.environ.get("BPY_PYTHON"), help="the Python that has bpy")
    parser.add_argument("--out", type=Path, default=ROOT / "densepose_labeler" / "renders_eval")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "renders_eval")
    parser.add_argument("--only", default="", help="only pictures whose name contains this")
    parser.add_argument("--samples", type=int, default=16, help="Cycles: rays a pixel, at most")
    parser.add_argument("--frames", type=int, default=12, help="how long clothes fall, in 24ths of a second")
    parser.add_argument("--share", default="1/1", help="2/3: every third picture from the second on")
    parser.add_argument("--list", action="store_true", help="only rewrite annotations.json")
    options = parser.parse_args()
    settings = Settings(options.out, options.work, options.bpy, options.samples, options.frames)
    for folder in (settings.out / "images", settings.out / "parts", settings.work / "people"):
        folder.mkdir(parents=True, exist_ok=True)
    entries = plan.read()
    first, step = map(int, options.share.split("/"))
    mine = [] if options.list else [entry for entry in entries if options.only in entry.name][first - 1 :: step]
    missing = [entry for entry in mine if not settings.jpeg(entry).exists()]
    if settings.bpy is None and any(entry.renderer == "cycles" for entry in missing):
        parser.error("--bpy (or BPY_PYTHON) must name the Python of an environment with bpy; or say --only raster")
    for entry in missing:
        if not settings.jpeg(entry).exists():  # another run may have made it meanwhile
            print(render(settings, entry), flush=True)
    finished = [entry for entry in entries if settings.jpeg(entry).exists() and settings.people(entry).exists()]
    write(settings.out / "annotations.json", document(settings, finished))
    print(f"{len(finished)} of {len(entries)} pictures are there")


def render(settings: Settings, entry: Entry) -> str:
    """Make one picture with its ground truth; returns a line about it. The JPEG comes last."""
    from tools.people.render import surface
    from tools.renders_eval import cast, shots

    start = time.monotonic()
    if entry.renderer == "cycles":
        from tools.renders_eval import by_cycles

        if settings.bpy is None:
            raise ValueError("no Python with bpy")
        scene = by_cycles.scene(entry, settings.bpy, settings.work, settings.frames)
    else:
        scene = shots.scene_of(entry, *cast.people(entry))
    part, uv, instance = surface(scene)
    write(settings.parts(entry), indexed(part, PARULA.tobytes()))
    people = annotate(part, uv, instance, cast.generator(entry, 5))
    write(settings.people(entry), json.dumps(people).encode())
    if entry.renderer == "cycles":
        assert settings.bpy is not None
        image = by_cycles.picture(entry, scene, settings.bpy, settings.work, settings.samples)
    else:
        image = shots.photographed(entry, shots.rasterised(scene))
    write(settings.jpeg(entry), jpeg(image, int(cast.generator(entry, 6).integers(74, 87))))
    return f"{entry.name}: {len(people)} people, {time.monotonic() - start:.0f} s"


def document(settings: Settings, entries: list[Entry]) -> bytes:
    """annotations.json of the pictures that are there; a picture's id is its place in the plan."""
    from tools.renders_eval.shots import SIZE

    numbers = {entry.name: number for number, entry in enumerate(plan.read(), 1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for entry in entries:
        number = numbers[entry.name]
        size = {"width": SIZE[0], "height": SIZE[1]}
        images.append({"id": number, "file_name": f"{entry.name}.jpg", **size, "strata": entry.strata})
        for place, person in enumerate(json.loads(settings.people(entry).read_bytes()), 1):
            annotations.append({"id": number * 10 + place, "image_id": number, **person})
    about = {
        "description": "renders-eval: rendered people with exact DensePose-style ground truth",
        "charts": "vestiary",
        "license": "Apache-2.0",
    }
    lists = ",\n".join(
        f'"{name}": [\n' + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]"
        for name, rows in (("images", images), ("annotations", annotations))
    )
    return f'{{"info": {json.dumps(about)},\n{lists},\n"categories": [{{"id": 1, "name": "person"}}]}}\n'.encode()


if __name__ == "__main__":
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    main()
