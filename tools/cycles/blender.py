"""The tasks that run in the environment that has bpy, on one exchanged scene.

`python -m tools.cycles.blender render scene.npz light.npy` writes float16 [height, width, 3], linear light, first row
on top. `python -m tools.cycles.blender drape scene.npz vertices.npz` lets the clothes fall and writes, under each cloth
mesh's name, its vertices float32 [V, 3].
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from tools.cycles import drape, materials, studio
from tools.cycles.exchange import Exchanged, load

THICKNESS = {"cloth": 0.0022, "leather": 0.0025}  # metres


def build(scene: Exchanged) -> list[Any]:
    """Empties Blender and makes the exchanged scene's meshes; returns their objects in the scene's order."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return [_mesh(scene, f"mesh{i}.", entry) for i, entry in enumerate(scene.meta["meshes"])]


def drape_clothes(scene: Exchanged, frames: int) -> dict[str, NDArray[np.float32]]:
    """Lets the clothes fall for `frames` frames; returns the vertices [V, 3] of every cloth mesh under its name."""
    items = build(scene)
    kinds = [entry["material"]["kind"] for entry in scene.meta["meshes"]]
    solid = [item for item, kind in zip(items, kinds, strict=True) if kind == "shoe"]
    for number in range(scene.meta["bodies"]):
        name = f"body{number}"
        solid.append(_object(name, scene.arrays[f"{name}.vertices"], scene.arrays[f"{name}.faces"]))
    cloth = [item for item, kind in zip(items, kinds, strict=True) if kind == "cloth"]
    drape.fall(solid, cloth, frames)
    return {item.name: drape.vertices(item) for item in cloth}


def furnish(scene: Exchanged, items: list[Any], aperture: float = 0.0) -> None:
    """Gives cloth its thickness and adds hair, backdrop, lights and camera; `aperture` is the camera's f-number."""
    for item, entry in zip(items, scene.meta["meshes"], strict=True):
        if thickness := THICKNESS.get(entry["material"]["kind"]):
            # A hem needs an edge; the sheet grows inwards only a little, so that it does not reach into the skin.
            solid = item.modifiers.new("thickness", "SOLIDIFY")
            solid.thickness, solid.offset = thickness, 0.4
    for i, entry in enumerate(scene.meta["hairs"]):
        _hair(scene, f"hair{i}.", entry)
    background, spec = scene.meta["background"], scene.meta["camera"]
    floor = background["floor"]
    if floor is None:
        floor = min(float(a[:, 2].min()) for name, a in scene.arrays.items() if name.endswith(".vertices"))
    if background["kind"] == "street":
        studio.daylight(scene.meta["lights"])
    else:
        studio.backdrop(background, spec, floor)
        studio.lights(spec, floor, scene.meta["seed"])
    studio.camera(spec, aperture)


def _object(name: str, vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> Any:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices.tolist(), [], faces.tolist())
    mesh.polygons.foreach_set("use_smooth", [True] * len(faces))
    item = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(item)
    return item


def _mesh(scene: Exchanged, prefix: str, entry: dict[str, Any]) -> Any:
    item = _object(entry["name"], scene.arrays[prefix + "vertices"], scene.arrays[prefix + "faces"])
    mesh = item.data
    rest = mesh.attributes.new("rest", "FLOAT_VECTOR", "POINT")
    rest.data.foreach_set("vector", scene.arrays[prefix + "rest"].ravel())
    layer = mesh.uv_layers.new(name="uv")
    layer.data.foreach_set("uv", scene.arrays[prefix + "uv"].ravel())
    mesh.materials.append(materials.surface(entry["name"], entry["material"], scene.arrays[prefix + "texture"]))
    mesh.update()
    item["pattern"] = entry["material"]["pattern"]
    return item


def _hair(scene: Exchanged, prefix: str, entry: dict[str, Any]) -> None:
    points = scene.arrays[prefix + "points"]
    count, length = points.shape[:2]
    curves = bpy.data.hair_curves.new(entry["name"])
    curves.add_curves([length] * count)
    curves.attributes["position"].data.foreach_set("vector", points.ravel())
    taper = np.linspace(entry["root_radius"], entry["tip_radius"], length, dtype=np.float32)
    radius = curves.attributes.get("radius") or curves.attributes.new("radius", "FLOAT", "POINT")
    radius.data.foreach_set("value", np.tile(taper, count))
    shade = curves.attributes.new("shade", "FLOAT", "CURVE")
    shade.data.foreach_set("value", scene.arrays[prefix + "shade"])
    curves.materials.append(materials.hair(entry["name"], entry["material"]))
    bpy.context.scene.collection.objects.link(bpy.data.objects.new(entry["name"], curves))


def render(samples: int, threads: int) -> NDArray[np.float16]:
    """Renders Blender's scene; returns linear light [height, width, 3]."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.render.film_transparent = False
    scene.cycles_curves.shape = "RIBBONS"
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.seed = 0
    cycles.samples = samples
    cycles.use_adaptive_sampling, cycles.adaptive_threshold = True, 0.04
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_prefilter = "FAST"
    cycles.use_light_tree = False
    cycles.adaptive_min_samples = 4
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 4, 3, 2
    cycles.transmission_bounces, cycles.transparent_max_bounces = 3, 4
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 4.0
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "light.exr")
        scene.render.image_settings.file_format = "OPEN_EXR"
        scene.render.image_settings.color_depth = "16"
        bpy.ops.render.render(write_still=True)
        result = bpy.data.images.load(scene.render.filepath)
        pixels = np.empty(result.size[0] * result.size[1] * 4, np.float32)
        result.pixels.foreach_get(pixels)
        width, height = result.size
    return pixels.reshape(height, width, 4)[::-1, :, :3].astype(np.float16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("drape", "render"))
    parser.add_argument("scene", type=Path, help="written by tools.cycles.exchange.save")
    parser.add_argument("result", type=Path)
    parser.add_argument("--samples", type=int, default=24, help="rays a pixel, at most")
    parser.add_argument("--frames", type=int, default=20, help="how long the clothes fall, in 24ths of a second")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--aperture", type=float, default=0.0, help="the camera's f-number; 0 is sharp everywhere")
    options = parser.parse_args()
    scene = load(options.scene)
    with options.result.open("wb") as file:
        if options.task == "drape":
            np.savez(file, **drape_clothes(scene, options.frames))  # type: ignore[arg-type]
        else:
            furnish(scene, build(scene), options.aperture)
            np.save(file, render(options.samples, options.threads))


if __name__ == "__main__":
    main()
