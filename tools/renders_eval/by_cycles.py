"""The plan's pictures by Cycles: other cuts and cloths than the rasteriser's, which Blender lets fall."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.cycles.develop import develop, grain
from tools.cycles.exchange import save
from tools.cycles.run import blender
from tools.demo_pictures.figure import Figure, dressed
from tools.demo_pictures.settle import settle
from tools.people import skin
from tools.people.bodies import sample_phenotype, shape
from tools.people.cloth import cloth, colour
from tools.people.fabrics import albedo
from tools.people.poses import pose
from tools.people.scene import Background, Camera, Material, Person, Scene
from tools.renders_eval import cast, shots
from tools.renders_eval.plan import Entry

Rng = np.random.Generator
Piece = tuple[str, Material, bool]
TEXEL = 0.003  # metres
DETAIL = 1  # subdivisions of cloth: folds of three centimetres are three pixels wide
BOTTOMS = ("straight trousers", "slim trousers", "wide trousers")
TOPS = ("t-shirt", "loose t-shirt", "long sleeved top", "knit top", "sweater", "shirt")
WOMENS_TOPS = (*TOPS, "silk top", "vest top", "blouse")
TUCKED = ("vest top", "t-shirt", "long sleeved top", "knit top")
BODICES = ("bodice", "bodice short sleeves", "bodice v-neck", "bodice long sleeves")
SKIRTS = ("knee skirt", "midi skirt", "long skirt", "a-line skirt")
JACKETS = ("jacket", "collared jacket", "overshirt")
KNITTED = ("sweater", "knit top")
ARMS = {"arm raised": ("hand at head",), "hands on hips": ("hand on hip", "hands on hips")}
LEGS = ("standing", "standing", "standing", "walking", "crossing")


def pieces(clothing: str, female: bool, rng: Rng) -> list[Piece]:
    """What somebody wears, shoes first, then inner to outer."""

    def piece(names: tuple[str, ...], plain: float) -> Piece:
        name = str(rng.choice(names))
        denim = name in ("straight trousers", "slim trousers") and rng.random() < 0.4
        pattern = "denim" if denim else "knit" if name in KNITTED and rng.random() < 0.6 else None
        return name, cloth(rng, plain, pattern=pattern), False

    tops = WOMENS_TOPS if female else TOPS
    if clothing == "dress":
        stuff = cloth(rng, 0.4)
        worn: list[Piece] = [(str(rng.choice(names)), stuff, False) for names in (SKIRTS, BODICES)]
    elif clothing == "skirt":
        worn = [piece(TUCKED, 0.6), piece(SKIRTS, 0.5)]
    elif clothing == "shorts":
        worn = [piece(("shorts",), 0.8), piece(tops, 0.4)]
    elif clothing == "layers":
        worn = [piece(BOTTOMS, 0.9), piece(("t-shirt", "vest top"), 0.6), piece(JACKETS, 0.7)]
    else:
        worn = [piece(BOTTOMS, 0.85), piece(tops, 0.45)]
    kinds = (
        ("low shoes", "boots")
        if female and clothing in ("dress", "skirt")
        else ("shoes", "shoes", "low shoes", "boots")
    )
    return [(str(rng.choice(kinds)), Material("shoe", (colour(rng),)), False), *worn]


def _figure(seed: int, female: bool, clothing: str, arms: str, rng: Rng) -> Figure:
    """An adult of `cast`'s seeds in clothes of this kind."""
    phenotype = sample_phenotype(np.random.default_rng([seed, 0]), female)
    tone = skin.tone(np.random.default_rng([seed, 1]), phenotype)
    body = shape(phenotype)
    stance = pose(body, rng, arms, str(rng.choice(LEGS)))
    return dressed(body, stance, pieces(clothing, female, rng), rng, seed, tone, DETAIL)


def _fallen(figure: Figure, name: str, bpy: Path, work: Path, frames: int) -> Person:
    """The person as the picture shows them, their clothes fallen; what fell is kept in `work`."""
    result = work / f"{name}.fallen.npz"
    if not result.exists():
        source = work / f"{name}.npz"
        nowhere = Camera((0.0, -4.0, 1.0), (0.0, 0.0, 1.0), 22.0, 64, 64)
        save(Scene((figure.person,), nowhere, (), Background(), 0), source, None, 0.0)
        blender(bpy, "drape", source, result, 1, "--frames", str(frames))
        source.unlink()
    with np.load(result) as file:
        fallen = {key: file[key] for key in file.files}
    return figure.pictured(settle(figure.person, fallen))


def moved(person: Person, place: tuple[float, float], turn: float) -> Person:
    """The person turned by `turn` radians to their left and put at `place` on the floor."""
    spin = np.array([[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]], np.float32)
    shift = np.array([*place, 0.0], np.float32)

    def at(points: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(points @ spin + shift, np.float32)

    return replace(
        person,
        body=replace(person.body, vertices=at(person.body.vertices)),
        meshes=tuple(replace(mesh, vertices=at(mesh.vertices)) for mesh in person.meshes),
        hair=tuple(replace(strands, points=at(strands.points)) for strands in person.hair),
    )


def scene(entry: Entry, bpy: Path, work: Path, frames: int) -> Scene:
    """The scene with everybody's clothes fallen."""
    rng = cast.generator(entry, 1)
    arms = str(rng.choice(ARMS.get(entry.pose, cast.ARMS[entry.pose])))
    figure = _figure(cast.body_seed(entry), entry.gender == "women", entry.clothing, arms, rng)
    persons = [_fallen(figure, entry.name, bpy, work, frames)]
    rng = cast.generator(entry, 2)
    for number, (seed, place, turn) in enumerate(cast.places(entry, rng)):
        female = bool(rng.random() < 0.5)
        clothing = str(rng.choice(["trousers", "shorts", "layers", *(["skirt", "dress"] if female else [])]))
        figure = _figure(seed, female, clothing, str(rng.choice(["relaxed", "hand on hip"])), rng)
        persons.append(moved(_fallen(figure, f"{entry.name}-{number + 1}", bpy, work, frames), place, turn))
    return shots.scene_of(entry, tuple(persons), ())


def picture(entry: Entry, scene: Scene, bpy: Path, work: Path, samples: int) -> NDArray[np.uint8]:
    """The developed picture, uint8 [H, W, 3]; Cycles' light is kept in `work`."""
    light = work / f"{entry.name}.light.npy"
    rng = cast.generator(entry, 4)
    aperture = float(rng.choice([2.8, 4.0, 5.6, 8.0])) if entry.background == "street" else 0.0
    exposure, noise = float(rng.uniform(0.8, 0.95)), float(rng.uniform(0.006, 0.014))
    if not light.exists():
        source = work / f"{entry.name}.npz"
        save(scene, source, albedo, TEXEL)
        blender(bpy, "render", source, light, 1, "--samples", str(samples), "--aperture", str(aperture))
        source.unlink()
    return grain(develop(np.load(light), exposure), noise, entry.seed)
