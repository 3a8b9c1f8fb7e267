"""`python -m tools.demo_pictures`: renders the demo shops' pictures that are not there yet. See README.md."""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.cycles.develop import develop, grain
from tools.cycles.exchange import save
from tools.cycles.run import blender
from tools.demo_pictures import catalogue, listing
from tools.demo_pictures.catalogue import Picture
from tools.demo_pictures.settle import settle
from tools.files import indexed, jpeg, write
from tools.people.scene import Scene

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """bpy: the Python that has bpy. demo: where pictures/ and truth/ lie. work: scratch space, kept between runs."""

    bpy: Path
    demo: Path
    work: Path
    samples: int
    frames: int
    threads: int
    quality: int
    seed: int

    def jpeg(self, picture: Picture) -> Path:
        return self.demo / "pictures" / f"{picture.name}.jpg"

    def light(self, picture: Picture) -> Path:
        """What Cycles rendered, before it is developed: kept, so that developing anew costs nothing."""
        return self.work / f"{picture.name}.light.npy"

    def truth(self, picture: Picture) -> Path:
        return self.demo / "truth" / f"{picture.name}.png"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.demo_pictures", description=__doc__)
    parser.add_argument("--bpy", type=Path, default=os.environ.get("BPY_PYTHON"), help="the Python that has bpy")
    parser.add_argument("--demo", type=Path, default=ROOT / "demo")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "demo_pictures")
    parser.add_argument("--samples", type=int, default=8, help="Cycles: rays a pixel, at most")
    parser.add_argument("--frames", type=int, default=12, help="how long clothes fall, in 24ths of a second")
    parser.add_argument("--threads", type=int, default=1, help="threads of one Blender")
    parser.add_argument("--jobs", type=int, default=2, help="garments worked on at the same time")
    parser.add_argument("--quality", type=int, default=88, help="JPEG quality")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", default="", help="only pictures whose name contains this")
    parser.add_argument("--list", action="store_true", help="only rewrite pictures.json")
    options = parser.parse_args()
    colours, pictures = catalogue.read(seed=options.seed)
    (options.demo / "pictures").mkdir(parents=True, exist_ok=True)
    (options.demo / "truth").mkdir(exist_ok=True)
    if not options.list:
        if options.bpy is None:
            parser.error("--bpy (or BPY_PYTHON) must name the Python of an environment with bpy; see README.md")
        options.work.mkdir(parents=True, exist_ok=True)
        settings = Settings(
            options.bpy, options.demo, options.work, options.samples, options.frames, options.threads,
            options.quality, options.seed,
        )  # fmt: skip
        missing = [p for p in pictures if options.only in p.name and not settings.jpeg(p).exists()]
        # One style's pictures share a body and the fall of its clothes.
        batches: dict[str, list[Picture]] = {}
        for picture in missing:
            batches.setdefault(picture.style.key, []).append(picture)
        with ProcessPoolExecutor(options.jobs) as pool:
            for done in [pool.submit(batch, settings, colours, group) for group in batches.values()]:
                for line in done.result():
                    print(line, flush=True)
    finished = listing.write(pictures, options.demo / "pictures", options.demo / "truth")
    print(f"{finished} of {len(pictures)} pictures are there")


def batch(settings: Settings, hexes: dict[str, str], pictures: list[Picture]) -> list[str]:
    """Renders pictures of one style; returns a line about each."""
    from tools.demo_pictures import figure, scenes
    from tools.people.render import picture as rasterised
    from tools.people.render import truth

    colours = {name: tuple(int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)) for name, text in hexes.items()}
    style = pictures[0].style
    worn: dict[str, figure.Figure] = {}
    lines = []
    for picture in pictures:
        start, alone = time.monotonic(), picture.kind == "packshot"
        if settings.light(picture).exists() and (alone or settings.truth(picture).exists()):
            lines.append(_finish(settings, picture, develop(np.load(settings.light(picture))), start))
            continue
        if picture.colour not in worn:
            worn[picture.colour] = figure.figure(style, picture.colour, colours)  # type: ignore[arg-type]
        dressed = worn[picture.colour]
        fallen = _fall(settings, scenes.falling_scene(style, dressed), style.key)
        if alone:
            scene = scenes.packshot_scene(picture, dressed.alone(fallen))
        else:
            scene = scenes.model_scene(picture, dressed.pictured(fallen))
            write(settings.truth(picture), indexed(truth(scene)[0][..., 0], listing.PALETTE))
        pixels = _cycles(settings, scene, picture) if picture.renderer == "cycles" else rasterised(scene, 2)
        lines.append(_finish(settings, picture, pixels, start))
    return lines


def _finish(settings: Settings, picture: Picture, pixels: NDArray[np.uint8], start: float) -> str:
    noisy = grain(pixels, 0.010 if picture.kind == "model" else 0.006, catalogue.seed_of(picture.name))
    write(settings.jpeg(picture), jpeg(noisy, settings.quality))
    return f"{picture.name}: {picture.renderer}, {time.monotonic() - start:.0f} s"


def _fall(settings: Settings, scene: Scene, name: str) -> dict[str, NDArray[np.float32]]:
    """Vertices by mesh name after the clothes have fallen; computed once a style."""
    result = settings.work / f"{name}.fallen.npz"
    if not result.exists():
        source = settings.work / f"{name}.npz"
        save(scene, source, None, 0.0)
        blender(settings.bpy, "drape", source, result, settings.threads, "--frames", str(settings.frames))
        source.unlink()
    with np.load(result) as file:
        fallen = {key: file[key] for key in file.files}
    return settle(scene.persons[0], fallen)


def _cycles(settings: Settings, scene: Scene, picture: Picture) -> NDArray[np.uint8]:
    from tools.people.fabrics import albedo

    source, light = settings.work / f"{picture.name}.npz", settings.light(picture)
    if not light.exists():
        save(scene, source, albedo, 0.002)
        blender(settings.bpy, "render", source, light, settings.threads, "--samples", str(settings.samples))
        source.unlink()
    return develop(np.load(light))


if __name__ == "__main__":
    main()
