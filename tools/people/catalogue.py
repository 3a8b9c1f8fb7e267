"""Pictures of a product as a shop shows them: a model and outfit in several views, other colours, the garment alone.

Everything follows from the arguments: the same call gives the same scene. `seed` is the person (body, skin, hair),
`garment_seed` the cut and creases of what is worn, so that a product looks the same on another model and in
another colour.
"""

import zlib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np

from tools.people.bodies import shape
from tools.people.cloth import cloth
from tools.people.drape import Garment, drape
from tools.people.figures import CATALOGUE, Detail, Figure, figure, posed
from tools.people.looks import BACKDROPS, OUTFITS, VIEWS, Piece
from tools.people.poses import POSES, STANCES
from tools.people.poses import pose as make_pose
from tools.people.scene import Background, Camera, Colour, Light, Material, Mesh, Scene
from tools.people.staging import FRAMINGS, Framing, aim
from tools.people.wardrobe import BOTTOMS, OUTER, make, shoes

__all__ = ["BACKDROPS", "OUTFITS", "VIEWS", "Piece", "demo_scene", "garments", "material_of", "packshot_scene"]
_SHOES = ("trainers", "shoes", "boots", "pumps")
_TIGHT: dict[str, Framing] = {
    "full": Framing(1, (-0.06, -0.06), (1.06, 1.06)),
    "knee up": Framing(1, (0.26, 0.26), (1.05, 1.05)),
    "waist up": Framing(1, (0.48, 0.48), (1.06, 1.06)),
    "head cropped": Framing(1, (0.18, 0.18), (0.92, 0.92)),
    "legs": Framing(1, (-0.05, -0.05), (0.6, 0.6)),
    "torso": Framing(1, (0.44, 0.44), (0.9, 0.9)),
    "small": Framing(1, (-0.3, -0.3), (1.4, 1.4)),
}


def _rng(*words: object) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(repr(word).encode()) for word in words])


def garments(outfit: Mapping[str, Piece], female: bool, garment_seed: int) -> tuple[Garment, ...]:
    """The pieces of an outfit, innermost first: shoes, what is below the waist, tops, outer garments."""
    order = {**dict.fromkeys(_SHOES, 0), **dict.fromkeys(BOTTOMS, 1), **dict.fromkeys(OUTER, 3)}
    out: list[Garment] = []
    for name, (main, pattern) in sorted(outfit.items(), key=lambda item: order.get(item[0], 2)):
        rng = _rng(garment_seed, name)
        if name in _SHOES:
            out.append(shoes(rng, female, name, main))
        else:
            out += make(name, rng, cloth(_rng(garment_seed, name, "cloth"), 1.0, main, pattern))
    return tuple(out)


def _look(outfit: str | Mapping[str, Piece], colour: Colour | None, pattern: str | None) -> dict[str, Piece]:
    if isinstance(outfit, str):
        if outfit not in OUTFITS:
            raise ValueError(f"no outfit {outfit!r}; there are: {', '.join(OUTFITS)}")
        outfit = OUTFITS[outfit]
    look = dict(outfit)
    hero = next(iter(look))
    look[hero] = (colour or look[hero][0], pattern or look[hero][1])
    return look


@lru_cache(maxsize=4)
def _figure(seed: int, female: bool, look: tuple[tuple[str, Piece], ...], garment_seed: int, detail: Detail) -> Figure:
    return figure(seed, female, detail, garments(dict(look), female, garment_seed))


def studio_lights(seed: int) -> tuple[Light, ...]:
    """Soft key light from the side of the camera, a fill and the sky."""
    rng = _rng(seed, "lights")
    side = float(rng.choice([-1, 1])) * rng.uniform(0.4, 0.9)
    key = (float(np.sin(side)), float(-np.cos(side)), float(rng.uniform(0.5, 0.9)))
    fill = (float(np.sin(-side)), float(-np.cos(side)), 0.3)
    return (
        Light("sun", (1.0, 0.985, 0.96), 0.55, key, 35.0),
        Light("sun", (0.97, 0.98, 1.0), 0.15, fill, 50.0),
        Light("sky", (1.0, 1.0, 1.0), 0.5),
    )


def demo_scene(
    seed: int,
    gender: str,
    outfit: str | Mapping[str, Piece],
    colour: Colour | None = None,
    pose: str = "relaxed",
    framing: str = "full",
    view: str = "front",
    *,
    legs: str = "standing",
    pattern: str | None = None,
    garment_seed: int | None = None,
    backdrop: str = "grey",
    size: tuple[int, int] = (768, 1024),
    detail: Detail = CATALOGUE,
) -> Scene:
    """A model wearing a product.

    gender: "women" or "men". outfit: a name of `OUTFITS` or garments with colour and pattern, the product first.
    colour, pattern: of the product, else the outfit's own. pose: of `poses.POSES`; legs: of `poses.STANCES`;
    framing: of `staging.FRAMINGS`; view: of `VIEWS`; backdrop: of `BACKDROPS`; size: width, height in pixels.
    """
    for word, known in (
        (gender, ("women", "men")),
        (pose, POSES),
        (legs, STANCES),
        (framing, FRAMINGS),
        (view, VIEWS),
        (backdrop, BACKDROPS),
    ):
        if word not in known:
            raise ValueError(f"unknown {word!r}; there are: {', '.join(known)}")
    look = _look(outfit, colour, pattern)
    base = _figure(seed, gender == "women", tuple(look.items()), seed if garment_seed is None else garment_seed, detail)
    person = posed(base, make_pose(base.shape, _rng(seed, pose, legs), pose, legs))
    points = person.body.vertices
    rng = _rng(seed, framing, view)
    camera = aim(points, replace(_TIGHT[framing]), VIEWS[view], size, _Still(rng), level=0.02)
    background = Background("studio", BACKDROPS[backdrop], 0.0, seed)
    lights = tuple(_turned(light, VIEWS[view]) for light in studio_lights(seed))
    return Scene((person,), camera, lights, background, seed)


def packshot_scene(
    garment: str,
    gender: str,
    colour: Colour,
    pattern: str = "plain",
    *,
    garment_seed: int = 0,
    style: str = "ghost",
    view: str = "front",
    backdrop: str = "white",
    size: tuple[int, int] = (768, 1024),
    detail: Detail = CATALOGUE,
) -> Scene:
    """A garment by itself: `style` "ghost" fills it as on an invisible mannequin, "flat" lays it flat.

    garment: a name of `wardrobe.TOPS`, `BOTTOMS`, `OUTER`, "dress", or a kind of shoe.
    """
    if style not in ("ghost", "flat"):
        raise ValueError(f"unknown style {style!r}; there are: ghost, flat")
    female = gender == "women"
    average = shape(
        {"gender": 1.0 if female else 0.0, "height": 0.6, "proportions": 0.8, "muscle": 0.5, "weight": 0.42}
    )
    draped = tuple(
        drape(average, piece, (), detail.cloth)
        for piece in garments({garment: (colour, pattern)}, female, garment_seed)
    )
    lowest = min(float(piece.points[:, 2].min()) for piece in draped)
    depth = 0.14 if style == "flat" else 1.0
    meshes = []
    for piece in draped:
        points = (piece.points - [0, 0, lowest - 0.03]) * [1, depth, 1]
        if piece.garment.cut.template == "shoe":
            points[:, 0] -= np.sign(points[:, 0]) * (np.abs(points[:, 0]).min() - 0.02)
        meshes.append(
            Mesh(
                piece.garment.name,
                points.astype(np.float32),
                piece.faces,
                piece.fabric.astype(np.float32),
                piece.garment.material,
            )
        )
    corners = np.concatenate([mesh.vertices for mesh in meshes])
    rng = _rng(garment_seed, style)
    camera: Camera = aim(corners, Framing(1, (-0.12, -0.12), (1.1, 1.1)), VIEWS[view], size, _Still(rng), level=0.06)
    background = Background("studio", BACKDROPS[backdrop], 0.0, garment_seed)
    lights = tuple(_turned(light, VIEWS[view]) for light in studio_lights(garment_seed))
    return Scene((), camera, lights, background, garment_seed, tuple(meshes))


def _turned(light: Light, yaw: float) -> Light:
    x, y, z = light.direction
    return replace(
        light, direction=(float(x * np.cos(yaw) - y * np.sin(yaw)), float(x * np.sin(yaw) + y * np.cos(yaw)), z)
    )


class _Still(np.random.Generator):
    """A generator whose uniform draws are the middle of their range: a tripod instead of a hand."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng.bit_generator)

    def uniform(self, low=0.0, high=1.0, size=None):  # type: ignore[no-untyped-def, override]
        return (low + high) / 2


def material_of(
    outfit: str, colour: Colour | None = None, pattern: str | None = None, garment_seed: int = 0
) -> Material:
    """The cloth of an outfit's product, for swatches."""
    hero, (main, name) = next(iter(_look(outfit, colour, pattern).items()))
    return cloth(_rng(garment_seed, hero, "cloth"), 1.0, main, name)
