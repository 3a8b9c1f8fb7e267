"""From a picture of the catalogue to the scene that the renderers draw."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tools.demo_pictures.catalogue import Picture, Style, seed_of
from tools.demo_pictures.figure import Figure
from tools.people.scene import Background, Camera, Colour, Light, Mesh, Person, Scene

FOV = 22.0
TURN = {"front": 0.0, "crop": 0.0, "back": 180.0, "side": 72.0}  # degrees from the person's front
# Wall colours that each shop's photographers use; a style keeps one.
WALLS: Mapping[str, tuple[Colour, ...]] = {
    "zara": ((0.86, 0.85, 0.83), (0.80, 0.79, 0.78), (0.84, 0.80, 0.74), (0.76, 0.79, 0.81)),
    "zalando": ((0.93, 0.93, 0.94), (0.90, 0.91, 0.92), (0.93, 0.91, 0.89)),
    "farfetch": ((0.97, 0.97, 0.97), (0.95, 0.95, 0.95)),
}
WHITE: Colour = (0.97, 0.97, 0.97)


def lights(seed: int, turn: float) -> tuple[Light, ...]:
    """For renderers without a studio of their own: a soft key light to one side of the camera, and the sky."""
    rng = np.random.default_rng(seed)
    angle = np.radians(turn + float(rng.choice([-1, 1])) * rng.uniform(25, 45))
    height = rng.uniform(0.55, 0.8)
    direction = np.array([np.sin(angle), -np.cos(angle), height])
    x, y, z = direction / np.linalg.norm(direction)
    return (
        Light("sun", (1.0, 0.98, 0.95), 0.62, (float(x), float(y), float(z)), 25.0),
        Light("sky", (0.97, 0.985, 1.0), 0.5),
    )


def _camera(picture: Picture, low: float, high: float, centre: tuple[float, float], turn: float) -> Camera:
    """A camera that sees the heights from `low` to `high`, `turn` degrees round from the person's front."""
    width, height = picture.size
    middle = (low + high) / 2
    distance = (high - low) / 2 / np.tan(np.radians(FOV / 2))
    angle = np.radians(turn)
    eye = (centre[0] + distance * np.sin(angle), centre[1] - distance * np.cos(angle), middle + 0.12 * (high - low))
    return Camera(tuple(map(float, eye)), (centre[0], centre[1], float(middle)), FOV, width, height)  # type: ignore[arg-type]


def model_scene(picture: Picture, person: Person) -> Scene:
    """The person in the shop's studio, from the picture's side."""
    style = picture.style
    rng = np.random.default_rng(seed_of(style.seed, picture.view))
    body = person.body.vertices
    top = max(float(body[:, 2].max()), *(float(np.quantile(hair.points[..., 2], 0.999)) for hair in person.hair))
    turn = TURN[picture.view] + float(rng.uniform(-14, 14))
    if picture.view == "crop":
        low, high = top * float(rng.uniform(0.44, 0.5)), top * 1.04
    else:
        low, high = -0.045 * top, top * 1.05
    centre = (float(body[:, 0].mean()), float(body[:, 1].mean()))
    walls = WALLS[style.shop]
    wall = walls[style.seed % len(walls)]
    return Scene(
        (person,), _camera(picture, low, high, centre, turn), lights(style.seed, turn),
        Background("studio", (wall, wall), 0.0, style.seed), style.seed,
    )  # fmt: skip


def packshot_scene(picture: Picture, meshes: tuple[Mesh, ...]) -> Scene:
    """The garment alone before white, as if worn by nobody."""
    points = np.concatenate([mesh.vertices for mesh in meshes])
    low, high = points.min(0), points.max(0)
    tall = max(float(high[2] - low[2]), float(high[0] - low[0]) * 4 / 3) * 1.14
    middle = float(low[2] + high[2]) / 2
    centre = (float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2)
    turn = float(np.random.default_rng(picture.style.seed).uniform(-8, 8))
    camera = _camera(picture, middle - tall / 2, middle + tall / 2, centre, turn)
    table = Background("studio", (WHITE, WHITE), float(low[2]) - 0.6)
    return Scene((), camera, lights(picture.style.seed, turn), table, picture.style.seed, meshes)


def falling_scene(style: Style, figure: Figure) -> Scene:
    """What the cloth simulation needs: the dressed person; where the camera stands does not matter."""
    return Scene((figure.person,), Camera((0, -4, 1), (0, 0, 1), FOV, 64, 64), (), Background(), style.seed)
