"""Puts a catalogue's style on a person: body, pose, clothes and hair, all from the style's seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tools.demo_pictures.catalogue import Style
from tools.demo_pictures.eyes import eyeballs, eyes, lashes
from tools.demo_pictures.settle import above
from tools.demo_pictures.wardrobe import OUTFITS, PIECES, garment, material
from tools.people import hair, poses, skin
from tools.people.bodies import Floats, Shape, rig, sample_phenotype, shape, transforms, vertex_normals
from tools.people.bodies import skin as carry
from tools.people.charts import charts
from tools.people.drape import Draped, drape, visible_faces, wear
from tools.people.scene import Body, Colour, Material, Mesh, Person, Strands

ARMS = ("relaxed", "relaxed", "relaxed", "hand on hip", "hand at chest")
LEGS = ("standing", "standing", "standing", "walking", "crossing")
DETAIL = 2
TEXTURE = 1024
STRANDS = 10000


@dataclass(frozen=True)
class Figure:
    """A dressed person on the floor z = 0, all meshes whole. `own` names the meshes that are the product; `seen` holds,
    by mesh name, bool [F]: the faces that are not well covered by garments over them."""

    person: Person
    own: frozenset[str]
    seen: Mapping[str, NDArray[np.bool_]]

    def pictured(self, clothes: Mapping[str, NDArray[np.float32]]) -> Person:
        """The person as the picture shows them: clothes with these vertices, and nothing that lies hidden below them,
        where skin or a lining could come through."""
        meshes = []
        for mesh in self.person.meshes:
            vertices = clothes.get(mesh.name, mesh.vertices)
            keep = self.seen.get(mesh.name)
            if keep is None:
                meshes.append(replace(mesh, vertices=vertices))
            elif keep.any():
                uv = None if mesh.uv is None else mesh.uv[keep]
                meshes.append(replace(mesh, vertices=vertices, faces=mesh.faces[keep], uv=uv))
        hair = tuple(replace(h, points=above(h.points, self.person, clothes)) for h in self.person.hair)
        return replace(self.person, meshes=tuple(meshes), hair=hair)

    def alone(self, clothes: Mapping[str, NDArray[np.float32]]) -> tuple[Mesh, ...]:
        """The product's own meshes, whole, with these vertices."""
        own = (mesh for mesh in self.person.meshes if mesh.name in self.own)
        return tuple(replace(mesh, vertices=clothes.get(mesh.name, mesh.vertices)) for mesh in own)


def figure(style: Style, colour: str, colours: Mapping[str, Colour]) -> Figure:
    """The style's person in one of its colours: the same body, pose and cut whatever the colour."""
    rng = np.random.default_rng(style.seed)
    female = style.gender == "women"
    phenotype = sample_phenotype(rng, female) | {"weight": rng.uniform(0.3, 0.5), "muscle": rng.uniform(0.45, 0.65)}
    phenotype |= {"age": rng.uniform(0.5, 0.68), "proportions": rng.uniform(0.7, 1.0), "height": rng.uniform(0.5, 0.75)}
    body = shape(phenotype)
    outfit = OUTFITS[style.gender, style.garment]
    # Long sleeves hang: the picture of the garment alone shows it as it fell on this body.
    cuts = [PIECES[name][0] for name in outfit.own]
    sleeved = any(cut.template == "top" and cut.sleeve > 0.4 for cut in cuts)
    arms = "relaxed" if sleeved else str(rng.choice(ARMS))
    pose = poses.pose(body, rng, arms, str(rng.choice(LEGS)))
    pieces = [(w.piece, material(colours, w.colour, w.fabric), False) for w in outfit.under]
    cloth = material(colours, colour, style.fabric, style.pattern, style.second)
    pieces += [(name, cloth, True) for name in outfit.own]
    pieces += [(w.piece, material(colours, w.colour, w.fabric), False) for w in outfit.over]
    shoes = outfit.shoes
    pieces.insert(0, (shoes.piece, material(colours, shoes.colour, shoes.fabric), False))
    return dressed(body, pose, pieces, rng, style.seed)


def dressed(
    body: Shape,
    pose: poses.Pose,
    pieces: Sequence[tuple[str, Material, bool]],
    rng: np.random.Generator,
    seed: int,
    tone: Colour | None = None,
    detail: int = DETAIL,
) -> Figure:
    """A body in a pose that wears `pieces`: names, cloth and whether they are the product, shoes first, then inner to
    outer. `rng` draws hair, skin (but for a given `tone`) and eyes, `seed` the creases of the clothes; `detail`
    is how often their meshes are subdivided."""
    bones = transforms(body.heads, pose.rotations)
    model = rig()
    posed = carry(body.rest, model.weights, bones)
    draped: list[Draped] = []
    for number, (name, stuff, _) in enumerate(pieces):
        draped.append(drape(body, garment(name, stuff, seed + number), tuple(draped), detail if number else 1))
    normals = vertex_normals(posed, model.faces)
    worn = wear(tuple(draped), posed, normals, bones)
    worn = [_bridged(points, piece) for points, piece in zip(worn, draped, strict=True)]

    chart = charts()
    bare = np.asarray(chart.mesh.mix @ posed)
    floor = min(float(points[:, 2].min()) for points in (*worn, bare))
    lift = np.array([0.0, 0.0, -floor])
    names = [f"{number}-{name}" for number, (name, _, _) in enumerate(pieces)]
    cloths = [
        _mesh(name, points + lift, piece.faces, piece.fabric, piece.garment.material)
        for name, points, piece in zip(names, worn, draped, strict=True)
    ]
    hair_colour = hair.COLOURS[int(rng.choice(len(hair.COLOURS), p=hair.COLOUR_CHANCES))]
    styles = ("long", "bob", "pony", "bun", "long") if body.female else ("short", "short", "crop", "buzz")
    hair_style = str(rng.choice(styles))
    tone = tone or skin.tone(rng, body.phenotype)
    texture = skin.texture(rng, tone, body.female, hair_colour, 0.85 if hair_style == "buzz" else 0.95, TEXTURE)
    vertices, keep = (posed + lift).astype(np.float32), ~eyeballs()
    naked = Mesh(
        "skin", vertices, model.faces[keep], model.rest.astype(np.float32),
        Material("skin", (tone,), roughness=0.5), model.corner_uv[keep], lashes(texture),
    )  # fmt: skip
    irises = skin.IRISES[:3] if sum(hair_colour) > 0.6 else skin.IRISES[::3]
    eye = eyes(vertices, irises[int(rng.choice(len(irises)))])
    near = np.concatenate([piece.points for piece in draped[1:]])
    grown = hair.grow(body, hair_style, near, rng, STRANDS, 9)
    count, steps = grown.points.shape[:2]
    strands = carry(grown.points.reshape(-1, 3), grown.weights, bones).reshape(count, steps, 3) + lift
    fibre = Material("hair", (hair_colour,), roughness=0.35)
    tress = Strands(hair_style, strands.astype(np.float32), grown.shade, 0.00045, 0.00015, fibre)
    gender = "women" if body.female else "men"
    person = Person(
        Body((bare + lift).astype(np.float32), chart.mesh.faces, chart.part, chart.uv),
        (naked, eye, *cloths), (tress,), {"gender": gender, "pose": pose.name, "hair": hair_style},
    )  # fmt: skip
    own = frozenset(n for n, (_, _, own) in zip(names, pieces, strict=True) if own)
    seen = {name: _seen(draped, number) for number, name in enumerate(names)}
    seen["skin"] = _seen_skin(draped)[keep]
    return Figure(person, own, seen)


def _bridged(points: Floats, piece: Draped) -> Floats:
    """A top's points with its lower middle pulled straight: cloth spans the cleft that the figure below it has."""
    if piece.garment.cut.template != "top" or piece.garment.cut.hem > 0.03:
        return points
    hip = rig().head("upperleg01.L")[2]
    across, height = np.abs(piece.fabric[:, 0]), piece.fabric[:, 2]
    share = np.clip((0.1 - across) / 0.03, 0, 1) * np.clip((hip + 0.17 - height) / 0.05, 0, 1)
    for _ in range(80):
        points = points + (0.7 * share)[:, None] * (piece.smooth @ points - points)
    return points


def _seen(draped: list[Draped], index: int) -> NDArray[np.bool_]:
    """The faces of a garment that those over it leave in sight; pieces of one cloth do not hide each other."""
    piece = draped[index]
    over = [outer.garment for outer in draped[index + 1 :] if outer.garment.material != piece.garment.material]
    if piece.garment.cut.template == "shoe":
        over = []
    return visible_faces(piece.faces, piece.mean, piece.groups, tuple(over), 0.05)


def _seen_skin(draped: list[Draped]) -> NDArray[np.bool_]:
    """The faces of the body that clothes leave in sight."""
    model = rig()
    clothes = tuple(piece.garment for piece in draped[1:])
    keep = visible_faces(model.faces, model.rest, model.groups, clothes, 0.03)
    return keep & visible_faces(model.faces, model.rest, model.groups, (draped[0].garment,), 0.012)


def _mesh(name: str, points: Floats, faces: NDArray[np.int32], fabric: Floats, stuff: Material) -> Mesh:
    return Mesh(name, points.astype(np.float32), faces, fabric.astype(np.float32), stuff)
