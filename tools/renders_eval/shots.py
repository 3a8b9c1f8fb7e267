"""How a picture of the plan is shot: view, framing, light and what lies behind, as a scene for either renderer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from tools.people.catalogue import packshot_scene
from tools.people.cloth import colour
from tools.people.looks import BACKDROPS
from tools.people.rasterizer import project, rasterise
from tools.people.render import picture
from tools.people.scene import Background, Colour, Light, Mesh, Person, Scene
from tools.people.staging import FRAMINGS, Framing, aim, lights, photograph
from tools.renders_eval.cast import DETAIL, generator
from tools.renders_eval.cast import yaw as yaw_of
from tools.renders_eval.plan import NONE, Entry
from tools.renders_eval.street import street

Rng = np.random.Generator
SIZE = (384, 512)
PACKSHOTS = ("tee", "shirt", "jumper", "jacket", "trousers", "jeans", "dress", "skirt", "coat", "trainers", "cardigan")
SKY: Colour = (0.86, 0.93, 1.0)


def framing_of(entry: Entry) -> Framing:
    return FRAMINGS.get(entry.framing, FRAMINGS["full"])


def background_of(entry: Entry, rng: Rng) -> Background:
    """Studio paper in whites, greys and some colour; a street; or a painted clutter."""
    seed = int(rng.integers(1 << 30))
    if entry.background == "street":
        return Background("street", (SKY, (0.75, 0.8, 0.86)), 0.0, seed)
    if entry.background == "clutter":
        kind = str(rng.choice(["wall", "panels", "blurred", "outdoor"], p=[0.25, 0.15, 0.3, 0.3]))
        sky = (rng.uniform(0.5, 0.9), rng.uniform(0.6, 0.95), rng.uniform(0.7, 1.0))
        colours = (sky if kind == "outdoor" else colour(rng), *(colour(rng) for _ in range(4)))
        return Background(kind, colours, None, seed)  # type: ignore[arg-type]
    grey = float(
        rng.choice([rng.uniform(0.9, 0.99), rng.uniform(0.72, 0.9), rng.uniform(0.3, 0.7)], p=[0.5, 0.35, 0.15])
    )
    warm = float(rng.uniform(-0.02, 0.06))
    wall: Colour = (min(1.0, grey + warm / 2), grey, max(0.0, grey - warm))
    if rng.random() < 0.1:
        wall = colour(rng)
    floor = wall if rng.random() < 0.6 else tuple(c * 0.95 for c in wall)
    return Background("studio", (wall, floor), 0.0, seed)  # type: ignore[arg-type]


def daylight(rng: Rng, yaw: float) -> tuple[Light, ...]:
    """A low or high sun from somewhere on the camera's side, or an overcast sky."""
    turn, rise = yaw + rng.uniform(-1.2, 1.2), rng.uniform(0.5, 1.1)
    direction = (float(np.sin(turn) * np.cos(rise)), float(-np.cos(turn) * np.cos(rise)), float(np.sin(rise)))
    share = rng.uniform(0.2, 0.65)
    return (Light("sun", (1.0, 0.96, 0.88), share * 1.15, direction, 3.0), Light("sky", SKY, 1.15 - share * 0.75))


def person_scene(entry: Entry, persons: tuple[Person, ...], props: tuple[Mesh, ...]) -> Scene:
    """The scene around posed people. A street's meshes come last among the props."""
    rng, yaw = generator(entry, 3), yaw_of(entry)
    points = np.concatenate([person.body.vertices for person in persons]) if persons else _nobody()
    camera = aim(points, framing_of(entry), yaw, SIZE, rng)
    background = background_of(entry, rng)
    if background.kind == "street":
        light = daylight(rng, yaw)
        props += street(np.random.default_rng(background.seed), yaw)
    else:
        light = lights(rng, yaw)
    return Scene(persons, camera, light, background, entry.seed, props)


def _nobody() -> NDArray[np.float32]:
    return np.array([[-0.3, -0.1, 0], [0.3, 0.1, 1.75]], np.float32)


def still_scene(entry: Entry) -> Scene:
    """A garment alone, whole or so near that it fills the frame."""
    rng = generator(entry, 3)
    garment = str(rng.choice(PACKSHOTS))
    gender = "women" if garment in ("dress", "skirt") or rng.random() < 0.5 else "men"
    scene = packshot_scene(
        garment, gender, colour(rng), str(rng.choice(["plain", "plain", "stripes", "checks", "floral", "denim"])),
        garment_seed=entry.seed,
        style=str(rng.choice(["ghost", "flat"])), view=str(rng.choice(["front", "front", "back"])),
        backdrop=str(rng.choice(list(BACKDROPS)[:3])), size=SIZE, detail=DETAIL,
    )  # fmt: skip
    if entry.clothing == "close-up":
        camera = replace(scene.camera, fov=scene.camera.fov * rng.uniform(0.35, 0.5))
        scene = replace(scene, camera=camera)
    return replace(scene, seed=entry.seed)


def scene_of(entry: Entry, persons: tuple[Person, ...], props: tuple[Mesh, ...]) -> Scene:
    if entry.people == "0" and entry.clothing != NONE:
        return still_scene(entry)
    return person_scene(entry, persons, props)


def rasterised(scene: Scene) -> NDArray[np.uint8]:
    """The picture by the rasteriser: uint8 [H, W, 3]. A street is drawn first, out of focus with its distance."""
    if scene.background.kind != "street":
        return picture(scene, 2)
    standing = tuple(prop for prop in scene.props if prop.name == "seat")
    behind = tuple(prop for prop in scene.props if prop.name != "seat")
    backdrop = _street_picture(replace(scene, persons=(), props=behind))
    return picture(replace(scene, props=standing), 2, backdrop)


def _street_picture(scene: Scene) -> NDArray[np.float32]:
    """The street alone, float32 [H, W, 3], sRGB in 0..1."""
    camera, rng = scene.camera, np.random.default_rng([scene.seed, 1009])
    sky = Background("gradient", scene.background.colours, None, scene.background.seed)
    total = sum(light.strength for light in scene.lights)
    even = (Light("sky", (1.0, 0.98, 0.95), total * 1.1),)
    sharp = picture(replace(scene, lights=even, background=sky), 2).astype(np.float32) / 255
    corners = np.concatenate([mesh.vertices for mesh in scene.props])
    offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in scene.props)])
    faces = np.concatenate([mesh.faces + start for mesh, start in zip(scene.props, offsets, strict=False)])
    nearest, _, _ = rasterise(project(corners, camera), faces.astype(np.int32), camera.width, camera.height)
    focus = float(np.linalg.norm(np.subtract(camera.eye, camera.target)))
    blur = np.clip((1 - focus * nearest) * rng.uniform(0.5, 9.0), 0, 5)  # pixels; the sky is farthest
    levels = [0.0, 0.7, 1.5, 3.0, 5.0]
    layers = [sharp, *(gaussian_filter(sharp, (sigma, sigma, 0)) for sigma in levels[1:])]
    blur = gaussian_filter(blur, 1.0)
    out = sharp.copy()
    for k in range(len(levels) - 1):
        share = np.clip((blur - levels[k]) / (levels[k + 1] - levels[k]), 0, 1)[..., None]
        out = out * (1 - share) + layers[k + 1] * share
    return np.asarray(out, np.float32)


def photographed(entry: Entry, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What lens, sensor and processing do to a rasterised picture."""
    return photograph(image, entry.seed)
