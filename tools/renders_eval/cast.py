"""Who a picture of the plan shows: the adult that fits the strata, what they wear and how they stand.

Bodies, skin, hair, clothes and poses follow from seeds that no other set of pictures uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tools.people import skin
from tools.people.bodies import sample_phenotype
from tools.people.cloth import cloth
from tools.people.drape import Garment
from tools.people.figures import Detail, figure, posed
from tools.people.poses import pose
from tools.people.scene import Mesh, Person
from tools.people.staging import seat
from tools.people.wardrobe import TOPS, make, outfit, shoes
from tools.renders_eval.plan import FIRST_SEED, Entry

Rng = np.random.Generator
DETAIL = Detail(1, 768, 5000, 0.0014)
BODIES = FIRST_SEED + 100_000  # seeds of bodies: a thousand for each picture to choose from
CHOICES = 1000
ADORNED = 0.1
VIEWS = {"front": (0, 22), "turned": (26, 60), "side": (68, 112), "back": (140, 180)}  # degrees from the front
WEIGHTS = {"slim": (0.0, 0.36), "average": (0.38, 0.54), "full": (0.6, 1.0)}
LIGHTNESS = {"light": (0.7, 1.0), "medium": (0.47, 0.68), "dark": (0.0, 0.44)}
ARMS = {
    "arms down": ("relaxed", "relaxed", "relaxed", "hands behind"),
    "hands on hips": ("hand on hip", "hand on hip", "hands on hips"),
    "hands in pockets": ("hands in pockets", "hand in pocket"),
    "arms crossed": ("arms crossed",),
    "hand at chest": ("hand at chest",),
    "arm raised": ("hand at head", "hip and head", "free", "both free"),
    "sitting": ("relaxed",),
}
LEGS = ("standing", "standing", "standing", "walking", "walking", "crossing", "ankles crossed")


def generator(entry: Entry, stream: int) -> Rng:
    """Randomness of a picture, one stream for each purpose."""
    return np.random.default_rng([entry.seed, 1000 + stream])


def lightness(colour: tuple[float, float, float]) -> float:
    """Rec. 601 luma of an sRGB colour, 0..1."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def yaw(entry: Entry) -> float:
    """The camera's angle in radians, 0 from the front."""
    rng = generator(entry, 0)
    low, high = VIEWS.get(entry.view, (0, 20))
    return float(np.radians(rng.choice([-1, 1]) * rng.uniform(low, high)))


def body_seed(entry: Entry) -> int:
    """The first of the picture's seeds whose adult has the planned shape and skin; `figures.figure` makes them."""
    first = BODIES + (entry.seed - FIRST_SEED) // 10 * CHOICES
    for seed in range(first, first + CHOICES):
        phenotype = sample_phenotype(np.random.default_rng([seed, 0]), entry.gender == "women")
        low, high = WEIGHTS[entry.shape]
        if not low <= phenotype["weight"] <= high:
            continue
        low, high = LIGHTNESS[entry.skin]
        if low <= lightness(skin.tone(np.random.default_rng([seed, 1]), phenotype)) <= high:
            return seed
    raise ValueError(f"{entry.name}: none of {CHOICES} adults is {entry.shape} with {entry.skin} skin; loosen the plan")


def garments(entry: Entry, rng: Rng) -> tuple[Garment, ...]:
    """An outfit of the planned kind, innermost piece first."""
    female = entry.gender == "women"
    top = str(rng.choice(list(TOPS) if female else ["tee", "long sleeve", "shirt", "jumper"]))
    if entry.clothing == "dress":
        pieces = make("dress", rng, cloth(rng, 0.35))
    elif entry.clothing == "skirt":
        lower, upper = make("skirt", rng, cloth(rng, 0.6)), make(top, rng, cloth(rng, 0.5))
        if rng.random() < 0.5:
            pieces = (*(replace(p, cut=replace(p.cut, hem=0.04)) for p in upper), *lower)
        else:
            pieces = (*lower, *upper)
    elif entry.clothing == "shorts":
        pieces = (*make("shorts", rng, cloth(rng, 0.7)), *make(top, rng, cloth(rng, 0.4)))
    else:
        kinds = ["trousers", "jeans", "wide trousers", *(["leggings"] if female else [])]
        kind = str(rng.choice(kinds))
        lower = make(kind, rng, cloth(rng, 0.8, pattern="denim" if kind == "jeans" else None))
        pieces = (*lower, *make(top, rng, cloth(rng, 0.45)))
        if entry.clothing == "coat":
            pieces += make("coat", rng, cloth(rng, 0.8))
        elif entry.clothing == "layers":
            pieces += make(str(rng.choice(["jacket", "cardigan"])), rng, cloth(rng, 0.7))
    return (shoes(rng, female), *pieces) if rng.random() > 0.05 else pieces


def people(entry: Entry) -> tuple[tuple[Person, ...], tuple[Mesh, ...]]:
    """Everybody in the picture, the planned person first, and what they sit on."""
    if entry.people == "0":
        return (), ()
    rng = generator(entry, 1)
    base = figure(body_seed(entry), entry.gender == "women", DETAIL, garments(entry, rng), adorned=ADORNED)
    legs = "sitting" if entry.pose == "sitting" else str(rng.choice(LEGS))
    first = posed(base, pose(base.shape, rng, str(rng.choice(ARMS[entry.pose])), legs))
    props = (seat(first, rng),) if legs == "sitting" else ()
    return (first, *companions(entry)), props


def places(entry: Entry, rng: Rng) -> Iterator[tuple[int, tuple[float, float], float]]:
    """Where one or two others stand beside, behind or in front of the planned person, so that they overlap in the
    picture: body's seed, place on the floor and turn in radians."""
    if entry.people != "several":
        return
    angle = yaw(entry)
    sides = rng.permutation([-1.0, 1.0])[: 2 if rng.random() < 0.35 else 1]
    last = BODIES + (entry.seed - FIRST_SEED) // 10 * CHOICES + CHOICES - 1
    for number, side in enumerate(sides):
        across, back = side * rng.uniform(0.28, 0.58), float(rng.choice([-1, 1])) * rng.uniform(0.3, 0.6)
        place = (
            float(across * np.cos(angle) - back * np.sin(angle)),
            float(across * np.sin(angle) + back * np.cos(angle)),
        )
        yield last - number, place, float(rng.uniform(-0.8, 0.8))


def companions(entry: Entry) -> tuple[Person, ...]:
    """The others, dressed by chance."""
    rng = generator(entry, 2)
    out: list[Person] = []
    for seed, place, turn in places(entry, rng):
        female = bool(rng.random() < 0.5)
        other = figure(seed, female, DETAIL, outfit(rng, female), adorned=ADORNED)
        arms = ("relaxed", "hand on hip", "hands behind", "arms crossed")
        stance = pose(other.shape, rng, str(rng.choice(arms)), str(rng.choice(LEGS)))
        out.append(posed(other, stance, place, turn))
    return tuple(out)
