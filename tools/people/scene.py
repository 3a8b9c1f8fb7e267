"""A scene as data: people, camera, light and backdrop, independent of the renderer that draws it.

World frame: metres, z up, right-handed; a person's rest pose stands upright with their left at +x and faces -y.
Colours are display-referred sRGB triples in 0..1; a renderer that works in linear light converts them.
The label of a scene is drawn from `Person.body` alone (the bare body, as if undressed); the picture is drawn from
`Person.meshes` and `Person.hair`, which include the skin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
Vector = tuple[float, float, float]
Kind = Literal["skin", "cloth", "hair", "shoe", "leather", "button", "prop"]
BackdropKind = Literal["studio", "gradient", "wall", "panels", "texture", "blurred", "outdoor", "street"]


@dataclass(frozen=True)
class Material:
    """What a surface is made of.

    `pattern` names a function of `tools.people.fabrics` ("plain", "stripes", "checks", "dots", "floral", "denim",
    "knit", "camo", "blocks", "print", "speckle"); `parameters` holds its numbers (metres, radians, ratios; "seed"
    seeds its randomness). `fabrics.albedo(material, rest)` evaluates it at any rest-space point, so that every
    renderer shows the same cloth. A mesh with a `texture` takes its colour from there instead.
    """

    kind: Kind
    colours: tuple[Colour, ...]
    pattern: str = "plain"
    parameters: Mapping[str, float] = field(default_factory=dict)
    roughness: float = 0.8
    sheen: float = 0.0


@dataclass(frozen=True)
class Mesh:
    """A triangle mesh of the picture.

    vertices: float32 [V, 3], metres, world. faces: int32 [F, 3], counter-clockwise seen from outside.
    rest: float32 [V, 3], metres: the same points on the mean body with hanging arms, the space in which fabrics are
    defined (x across, z along the garment and its sleeves). uv: float32 [F, 3, 2] in 0..1, origin at the lower left,
    into `texture`: uint8 [h, w, 3] sRGB, first row on top. Cloth is one layer thick and seen from both sides.
    """

    name: str
    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    rest: NDArray[np.float32]
    material: Material
    uv: NDArray[np.float32] | None = None
    texture: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Strands:
    """Hair as curves. points: float32 [N, K, 3], metres, root first; the radius shrinks from root to tip.

    `shade` float32 [N] multiplies the material's colour, one factor a strand.
    """

    name: str
    points: NDArray[np.float32]
    shade: NDArray[np.float32]
    root_radius: float
    tip_radius: float
    material: Material


@dataclass(frozen=True)
class Body:
    """The bare body that labels are drawn from.

    vertices: float32 [V, 3], metres, world; faces: int32 [F, 3]; part: uint8 [F], 1..24;
    uv: float32 [F, 3, 2], chart coordinates U, V in 0..1 at each face's corners.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    part: NDArray[np.uint8]
    uv: NDArray[np.float32]


@dataclass(frozen=True)
class Person:
    """One dressed adult: the bare body for the label, and everything that the picture shows."""

    body: Body
    meshes: tuple[Mesh, ...]
    hair: tuple[Strands, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: `fov` is the vertical angle in degrees, `width` x `height` pixels, up is +z."""

    eye: Vector
    target: Vector
    fov: float
    width: int
    height: int


@dataclass(frozen=True)
class Light:
    """`sun`: parallel light from the unit vector `direction` (towards the light); `size` is its softness, the angle in
    degrees under which the source is seen. `sky`: light from everywhere, brighter from above. Strengths of 1 together
    light a white surface that faces them to about white.
    """

    kind: Literal["sun", "sky"]
    colour: Colour = (1.0, 1.0, 1.0)
    strength: float = 1.0
    direction: Vector = (0.0, -0.7, 0.7)
    size: float = 20.0


@dataclass(frozen=True)
class Background:
    """What lies behind. `studio` is a seamless backdrop: wall colours[0], floor colours[-1], standing at z = `floor`.

    `gradient`: colours[0] on top to colours[-1] below, no floor seen. The other kinds are pictures behind the people,
    drawn from `seed` in `colours`; a renderer in three dimensions may replace them with a plain wall. `street`: the
    scene's props stand around under the open sky, and the ground is theirs.
    """

    kind: BackdropKind = "studio"
    colours: tuple[Colour, ...] = ((0.93, 0.93, 0.93), (0.9, 0.9, 0.9))
    floor: float | None = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Scene:
    """Everything a renderer needs. `props` are meshes that belong to nobody, such as a garment shown alone."""

    persons: tuple[Person, ...]
    camera: Camera
    lights: tuple[Light, ...]
    background: Background
    seed: int
    props: tuple[Mesh, ...] = ()
