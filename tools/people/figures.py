"""A dressed adult, built once and posed many times."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tools.people import accessories, hair, skin
from tools.people.bodies import Floats, Shape, rig, sample_phenotype, shape, transforms, vertex_normals
from tools.people.bodies import skin as carry
from tools.people.charts import charts
from tools.people.drape import Draped, Garment, drape, visible_faces, wear
from tools.people.garments import fabric_space
from tools.people.poses import Pose
from tools.people.scene import Body, Colour, Material, Mesh, Person, Strands
from tools.people.wardrobe import outfit


@dataclass(frozen=True)
class Detail:
    """How fine a figure is made: `cloth` subdivisions, `texture` pixels, `strands` of hair, their radius (metres)."""

    cloth: int
    texture: int
    strands: int
    radius: float


TRAINING = Detail(1, 384, 1300, 0.0032)
CATALOGUE = Detail(2, 2048, 14000, 0.0007)


@dataclass(frozen=True)
class Figure:
    """One adult with hair and clothes at rest."""

    shape: Shape
    skin_texture: NDArray[np.uint8]
    hair_style: str
    hair_colour: Colour
    hair: hair.Grown | None
    draped: tuple[Draped, ...]
    seen_skin: NDArray[np.bool_]
    seen_cloth: tuple[NDArray[np.bool_], ...]
    detail: Detail
    hat: accessories.Hat | None = None
    bag: accessories.Bag | None = None


def dress(shape_: Shape, garments: tuple[Garment, ...], detail: Detail) -> tuple[Draped, ...]:
    """Lay garments over a figure one after another, innermost first."""
    worn: tuple[Draped, ...] = ()
    for garment in garments:
        worn += (drape(shape_, garment, worn, detail.cloth),)
    return worn


def figure(
    seed: int,
    female: bool,
    detail: Detail = TRAINING,
    garments: tuple[Garment, ...] | None = None,
    adorned: float = 0.0,
) -> Figure:
    """An adult of this seed; body, skin and hair do not depend on the garments (by default an outfit by chance).

    `adorned` is the chance of a hat, and again of a bag.
    """
    body_rng, skin_rng, hair_rng, cloth_rng, extra_rng = (np.random.default_rng([seed, k]) for k in range(5))
    figure_shape = shape(sample_phenotype(body_rng, female))
    style = str(hair_rng.choice(hair.FEMALE_STYLES if female else hair.MALE_STYLES))
    dark = hair_rng.random() < figure_shape.phenotype["african"] + 0.5 * figure_shape.phenotype["asian"]
    colour = hair.COLOURS[4 if dark else int(hair_rng.choice(len(hair.COLOURS), p=hair.COLOUR_CHANCES))]
    base = skin.tone(skin_rng, figure_shape.phenotype)
    scalp = {"bald": 0.12, "buzz": 0.75}.get(style, 0.95)
    texture = skin.texture(skin_rng, base, female, colour, scalp, detail.texture)
    draped = dress(figure_shape, garments if garments is not None else outfit(cloth_rng, female), detail)
    strands = None
    if style != "bald":
        upper = [piece.points for piece in draped if piece.garment.cut.template == "top"]
        cloth = np.concatenate(upper) if upper else np.zeros((0, 3))
        strands = hair.grow(figure_shape, style, cloth, hair_rng, detail.strands)
    hatted, laden = extra_rng.random(2) < adorned
    hat = accessories.hat(figure_shape, extra_rng) if hatted else None
    if hat is not None and strands is not None:
        strands = accessories.pressed(strands, hat, figure_shape)
    bag = accessories.bag(extra_rng) if laden else None
    return Figure(
        figure_shape, texture, style, colour, strands, draped, _seen_skin(draped), _seen_cloth(draped), detail, hat, bag
    )


def reclothe(base: Figure, materials: dict[str, Material]) -> Figure:
    """The same figure with other cloth for the garments named."""
    draped = tuple(
        replace(
            piece, garment=replace(piece.garment, material=materials.get(piece.garment.name, piece.garment.material))
        )
        for piece in base.draped
    )
    return replace(base, draped=draped)


def _seen_cloth(draped: tuple[Draped, ...]) -> tuple[NDArray[np.bool_], ...]:
    """For each garment, the faces that those over it leave in sight; pieces of one cloth do not hide each other."""
    out = []
    for index, piece in enumerate(draped):
        over = tuple(
            outer.garment for outer in draped[index + 1 :] if outer.garment.material is not piece.garment.material
        )
        if piece.garment.cut.template == "shoe":
            over = ()
        out.append(visible_faces(piece.faces, piece.mean, piece.groups, over, 0.04))
    return tuple(out)


def _seen_skin(draped: tuple[Draped, ...]) -> NDArray[np.bool_]:
    """The faces of the body that clothes leave in sight."""
    model = rig()
    clothes = tuple(piece.garment for piece in draped if piece.garment.cut.template != "shoe")
    shoes = tuple(piece.garment for piece in draped if piece.garment.cut.template == "shoe")
    keep = visible_faces(model.faces, model.rest, model.groups, clothes, 0.035)
    return keep & visible_faces(model.faces, model.rest, model.groups, shoes, 0.012)


def _cloth_meshes(base: Figure, layers: list[Floats], shift: Floats) -> list[Mesh]:
    return [
        Mesh(
            piece.garment.name,
            (points + shift).astype(np.float32),
            np.ascontiguousarray(piece.faces[keep]),
            piece.fabric.astype(np.float32),
            piece.garment.material,
        )
        for piece, points, keep in zip(base.draped, layers, base.seen_cloth, strict=True)
        if keep.any()
    ]


def _skin_mesh(base: Figure, body: Floats, pose: Pose) -> Mesh:
    model = rig()
    keep = base.seen_skin.copy()
    pocketed = any(piece.garment.cut.template == "legs" for piece in base.draped)
    for side in pose.hidden_hands if pocketed else ():
        keep &= (model.group(f"hand.{side}")[model.faces] < 0.6).any(1)
    material = Material("skin", ((0.8, 0.6, 0.5),), roughness=0.55)
    rest = fabric_space().astype(np.float32)
    faces = model.faces[keep]
    used = np.zeros(len(body), bool)
    used[faces] = True
    place = np.cumsum(used, dtype=np.int32) - np.int32(1)
    uv = np.ascontiguousarray(model.corner_uv[keep])
    return Mesh("skin", body[used].astype(np.float32), place[faces], rest[used], material, uv, base.skin_texture)


def posed(base: Figure, pose: Pose, place: tuple[float, float] = (0.0, 0.0), turn: float = 0.0) -> Person:
    """The figure in a pose, standing on z = 0 at `place`, turned by `turn` radians to its left."""
    model = rig()
    bones = transforms(base.shape.heads, pose.rotations)
    body = carry(base.shape.rest, model.weights, bones)
    normals = vertex_normals(body, model.faces)
    layers = wear(base.draped, body, normals, bones)
    used = np.unique(model.faces)
    floor = min(
        [body[used, 2].min()]
        + [
            points[:, 2].min()
            for points, piece in zip(layers, base.draped, strict=True)
            if piece.garment.cut.template == "shoe"
        ]
    )
    pelvis = body[used].mean(0)
    spin = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]])
    shift = np.array([place[0], place[1], -floor]) - spin @ np.array([pelvis[0], pelvis[1], 0])
    body, layers = body @ spin.T, [points @ spin.T for points in layers]
    chart = charts()
    label = Body(np.asarray(chart.mesh.mix @ body + shift, np.float32), chart.mesh.faces, chart.part, chart.uv)
    meshes = [_skin_mesh(base, body + shift, pose), *_cloth_meshes(base, layers, shift)]
    if base.hat is not None:
        head = bones[model.bone("head")]
        points = (base.hat.points @ head[:, :3].T + head[:, 3]) @ spin.T + shift
        rest = base.hat.points.astype(np.float32)
        meshes.append(Mesh("hat", points.astype(np.float32), base.hat.faces, rest, base.hat.material))
    if base.bag is not None and base.bag.side not in pose.hidden_hands and not pose.name.endswith("sitting"):
        hand = (body + shift)[model.group(f"hand.{base.bag.side}") > 0.9].mean(0)
        if hand[2] < accessories.HANGS_BELOW * np.ptp((body + shift)[used, 2]):
            meshes.append(accessories.hanging(base.bag, hand, turn))
    strands: tuple[Strands, ...] = ()
    if base.hair is not None:
        points = carry(base.hair.points.reshape(-1, 3), base.hair.weights, bones) @ spin.T + shift
        material = Material("hair", (base.hair_colour,), roughness=0.4)
        curves = points.reshape(base.hair.points.shape).astype(np.float32)
        radius = base.detail.radius * (1.5 if base.hair_style == "curly" else 1.0)
        strands = (Strands(base.hair_style, curves, base.hair.shade, radius, radius * 0.35, material),)
    attributes = {
        "gender": "women" if base.shape.female else "men",
        "pose": pose.name,
        "hair": base.hair_style,
        "wears": ", ".join(piece.garment.name for piece in base.draped),
    }
    return Person(label, tuple(meshes), strands, attributes)


def still_life(base: Figure, rng: np.random.Generator) -> tuple[Mesh, ...]:
    """Some of the figure's clothes without anybody in them: filled as on an invisible mannequin, or laid flat."""
    if not base.draped:
        return ()
    first = base.draped[int(rng.integers(len(base.draped)))].garment.material
    chosen = [piece for piece in base.draped if piece.garment.material is first]
    if rng.random() < 0.15:
        chosen = list(base.draped)
    flat = 0.12 if rng.random() < 0.5 else 1.0
    meshes = []
    for piece in chosen:
        points = piece.points - piece.points.mean(0) * [1, 1, 0]
        points = points * [1, flat, 1] - [0, 0, min(p.points[:, 2].min() for p in chosen) - 0.02]
        meshes.append(
            Mesh(
                piece.garment.name,
                points.astype(np.float32),
                piece.faces,
                piece.fabric.astype(np.float32),
                piece.garment.material,
            )
        )
    return tuple(meshes)
