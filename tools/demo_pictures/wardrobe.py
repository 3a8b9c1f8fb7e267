"""What the demo shops' garments are cut like, what they are made of, and what a model wears with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tools.people.drape import Fit, Garment
from tools.people.garments import Cut
from tools.people.scene import Colour, Material

SKIRT = Fit(offset=0.004, loose=0.004, hang=0.6, flare=0.05, folds=9, fold_depth=0.008, wrinkle=0.002)
TROUSERS = Fit(offset=0.004, loose=0.010, hang=0.5, wrinkle=0.003)
TOP = Fit(offset=0.004, loose=0.009, hang=0.45, wrinkle=0.003)
JACKET = Fit(offset=0.008, loose=0.008, hang=0.8, wrinkle=0.003)

# Pieces by name: the cut, the fit and, for surfaces that a pattern cannot say, parameters of the material.
PIECES: Mapping[str, tuple[Cut, Fit, Mapping[str, float]]] = {
    "bodice": (Cut("top", hem=0.035, neck=0.07, sleeve=0.0), replace(TOP, loose=0.003, hang=0.0), {}),
    "bodice short sleeves": (Cut("top", hem=0.035, neck=0.06, sleeve=0.3), replace(TOP, loose=0.004, hang=0.0), {}),
    "bodice v-neck": (
        Cut("top", hem=0.035, neck=0.15, v_neck=True, sleeve=0.0), replace(TOP, loose=0.003, hang=0.0), {},
    ),
    "bodice long sleeves": (Cut("top", hem=0.035, neck=0.05, sleeve=0.97), replace(TOP, loose=0.004, hang=0.0), {}),
    "knee skirt": (Cut("skirt", length=0.5), SKIRT, {}),
    "midi skirt": (Cut("skirt", length=0.72), replace(SKIRT, flare=0.09, folds=11, fold_depth=0.012), {}),
    "long skirt": (Cut("skirt", length=0.95), replace(SKIRT, flare=0.12, folds=11, fold_depth=0.014), {}),
    "a-line skirt": (Cut("skirt", length=0.45), replace(SKIRT, flare=0.09, folds=5, fold_depth=0.005), {}),
    "t-shirt": (Cut("top", hem=-0.02, neck=0.035, sleeve=0.32), TOP, {}),
    "loose t-shirt": (Cut("top", hem=-0.04, neck=0.03, sleeve=0.38), replace(TOP, loose=0.016, hang=0.7), {}),
    "silk top": (Cut("top", hem=-0.01, neck=0.1, v_neck=True, sleeve=0.26), replace(TOP, loose=0.012, hang=0.6), {}),
    "vest top": (Cut("top", hem=0.03, neck=0.06, sleeve=0.0), replace(TOP, loose=0.004), {}),
    "long sleeved top": (Cut("top", hem=-0.02, neck=0.03, neck_width=0.1, sleeve=0.96), replace(TOP, loose=0.006), {}),
    "knit top": (Cut("top", hem=0.02, neck=0.03, sleeve=0.5), replace(TOP, loose=0.005), {}),
    "sweater": (Cut("top", hem=-0.02, neck=0.025, sleeve=0.99), replace(TOP, loose=0.015, hang=0.6), {}),
    "shirt": (
        Cut("top", hem=-0.06, neck=0.05, v_neck=True, neck_width=0.06, sleeve=0.98),
        replace(TOP, loose=0.012, hang=0.6, collar=0.035), {"placket": 0.085},
    ),
    "blouse": (
        Cut("top", hem=-0.03, neck=0.11, v_neck=True, neck_width=0.06, sleeve=0.96),
        replace(TOP, loose=0.016, hang=0.7, collar=0.03), {"placket": 0.085},
    ),
    "straight trousers": (Cut("legs", rise=0.1, length=0.99), TROUSERS, {}),
    "slim trousers": (Cut("legs", rise=0.1, length=0.97), replace(TROUSERS, loose=0.004, hang=0.15), {}),
    "wide trousers": (Cut("legs", rise=0.13, length=1.0), replace(TROUSERS, loose=0.02, hang=1.0, flare=0.03), {}),
    "shorts": (Cut("legs", rise=0.09, length=0.42), replace(TROUSERS, loose=0.014, hang=0.9), {}),
    "jacket": (Cut("top", hem=-0.09, neck=0.04, sleeve=0.99, opening=0.02, collar=0.005), JACKET, {}),
    "collared jacket": (
        Cut("top", hem=-0.05, neck=0.05, sleeve=0.99, opening=0.016, collar=0.005), replace(JACKET, collar=0.04), {},
    ),
    "overshirt": (
        Cut("top", hem=-0.08, neck=0.05, sleeve=0.98, opening=0.012, collar=0.005),
        replace(JACKET, loose=0.01, collar=0.038), {},
    ),
    "shoes": (Cut("shoe", height=0.0), Fit(), {"sole": 0.02}),
    "low shoes": (Cut("shoe", height=-0.035, slope=-0.1), Fit(), {"sole": 0.015}),
    "boots": (Cut("shoe", height=0.07, slope=0.0), Fit(), {"sole": 0.02}),
}  # fmt: skip

# Fabrics by name: roughness, sheen, mottling.
FABRICS: Mapping[str, tuple[float, float, float]] = {
    "linen": (0.9, 0.3, 0.03), "cotton": (0.85, 0.2, 0.01), "jersey": (0.85, 0.3, 0.015), "crepe": (0.75, 0.2, 0.0),
    "satin": (0.38, 0.3, 0.0), "wool": (0.95, 0.7, 0.04), "knit": (0.95, 0.8, 0.03), "twill": (0.85, 0.2, 0.015),
    "denim": (0.9, 0.2, 0.04), "suede": (0.95, 1.0, 0.04), "leather": (0.4, 0.0, 0.0),
}  # fmt: skip

PATTERNS: Mapping[str, Mapping[str, float]] = {
    "plain": {},
    "stripes": {"scale": 0.032, "ratio": 0.55},
    "vstripes": {"scale": 0.016, "ratio": 0.72, "angle": 1.5707963},
    "check": {"scale": 0.055, "ratio": 0.5},
    "dots": {"scale": 0.034, "radius": 0.24},
    "floral": {"scale": 0.055, "seed": 5},
    "melange": {"scale": 0.004, "cover": 0.6},
}
_NAMES = {"vstripes": "stripes", "check": "checks", "melange": "speckle"}


@dataclass(frozen=True)
class Worn:
    """A piece that goes with the product: its name, colour and fabric."""

    piece: str
    colour: str
    fabric: str = "cotton"


@dataclass(frozen=True)
class Outfit:
    """`own`: the pieces of the product itself, `under` and `over` what is worn below and above it, inner to outer."""

    own: tuple[str, ...]
    under: tuple[Worn, ...] = ()
    over: tuple[Worn, ...] = ()
    shoes: Worn = field(default_factory=lambda: Worn("shoes", "white", "leather"))


def material(
    colours: Mapping[str, Colour], colour: str, fabric: str, pattern: str = "plain", second: str = ""
) -> Material:
    """A cloth. `colours` are sRGB triples in 0..1 by name."""
    roughness, sheen, melange = FABRICS[fabric]
    first = colours[colour]
    parameters = dict(PATTERNS[pattern])
    if melange:
        parameters["melange"] = melange
    name = _NAMES.get(pattern, pattern)
    shades: tuple[Colour, ...] = (first, colours[second]) if second else (first,)
    if name == "floral":
        shades = (first, colours[second], (0.93, 0.75, 0.3), (0.33, 0.45, 0.33))
    if name == "plain" and fabric == "denim":
        name, shades = "denim", (first, _lighter(first, 0.4))
        parameters |= {"seed": 3, "fade": 0.35}
    if name == "plain" and fabric == "knit":
        name, shades = "knit", (first, _lighter(first, 0.12))
        parameters["scale"] = 0.008
    return Material("cloth", shades, name, parameters, roughness, sheen)


def _lighter(colour: Colour, by: float) -> Colour:
    r, g, b = (c + (1 - c) * by for c in colour)
    return r, g, b


def garment(name: str, cloth: Material, seed: int) -> Garment:
    """A piece by name, in a cloth (shoes in leather)."""
    cut, fit, extra = PIECES[name]
    if cut.template == "shoe":
        sole = (0.93, 0.92, 0.9) if sum(cloth.colours[0]) > 1.5 else (0.12, 0.11, 0.1)
        cloth = Material("shoe", (cloth.colours[0], sole), "plain", {}, 0.4, 0.0)
    return Garment(name, cut, fit, replace(cloth, parameters={**cloth.parameters, **extra}), seed)


BLACK_TROUSERS, BLUE_JEANS = Worn("straight trousers", "black", "twill"), Worn("straight trousers", "indigo", "denim")
BEIGE_TROUSERS, GREY_TROUSERS = Worn("straight trousers", "beige", "twill"), Worn("slim trousers", "charcoal", "wool")
WHITE_TEE, BLACK_TEE = Worn("t-shirt", "white", "jersey"), Worn("t-shirt", "black", "jersey")
IVORY_TOP, BLACK_TOP = Worn("long sleeved top", "ivory", "jersey"), Worn("long sleeved top", "black", "jersey")
WHITE_VEST, IVORY_VEST = Worn("vest top", "white", "jersey"), Worn("vest top", "ivory", "jersey")
BLACK_SWEATER, NAVY_TEE = Worn("sweater", "black", "knit"), Worn("t-shirt", "navy", "jersey")
BLACK_SHOES, BROWN_SHOES = Worn("low shoes", "black", "leather"), Worn("shoes", "chocolate", "leather")
BOOTS = Worn("boots", "black", "leather")

# By gender and garment, as the catalogue names them.
OUTFITS: Mapping[tuple[str, str], Outfit] = {
    ("women", "midi dress"): Outfit(("midi skirt", "bodice short sleeves"), shoes=BLACK_SHOES),
    ("women", "jersey dress"): Outfit(("knee skirt", "bodice long sleeves"), shoes=BOOTS),
    ("women", "summer dress"): Outfit(("a-line skirt", "bodice v-neck")),
    ("women", "long dress"): Outfit(("long skirt", "bodice v-neck"), shoes=BLACK_SHOES),
    ("women", "shirt"): Outfit(("shirt",), under=(BLACK_TROUSERS,), shoes=BLACK_SHOES),
    ("women", "blouse"): Outfit(("blouse",), under=(BLUE_JEANS,), shoes=BLACK_SHOES),
    ("women", "wide trousers"): Outfit(("wide trousers",), over=(IVORY_VEST,), shoes=BLACK_SHOES),
    ("women", "tailored trousers"): Outfit(("straight trousers",), over=(IVORY_TOP,), shoes=BLACK_SHOES),
    ("women", "jeans"): Outfit(("straight trousers",), over=(WHITE_TEE,)),
    ("women", "midi skirt"): Outfit(("midi skirt",), under=(WHITE_VEST,), shoes=BLACK_SHOES),
    ("women", "check skirt"): Outfit(("a-line skirt",), under=(BLACK_TOP,), shoes=BOOTS),
    ("women", "dotted skirt"): Outfit(("midi skirt",), under=(WHITE_TEE,)),
    ("women", "open jacket"): Outfit(("jacket",), under=(BLACK_TROUSERS, WHITE_TEE), shoes=BLACK_SHOES),
    ("women", "knit top"): Outfit(("knit top",), under=(GREY_TROUSERS,), shoes=BLACK_SHOES),
    ("women", "striped top"): Outfit(("long sleeved top",), under=(BLUE_JEANS,)),
    ("women", "silk top"): Outfit(("silk top",), under=(BLACK_TROUSERS,), shoes=BLACK_SHOES),
    ("men", "t-shirt"): Outfit(("loose t-shirt",), under=(BLUE_JEANS,)),
    ("men", "basic t-shirt"): Outfit(("t-shirt",), under=(BEIGE_TROUSERS,)),
    ("men", "dotted t-shirt"): Outfit(("loose t-shirt",), under=(BLACK_TROUSERS,)),
    ("men", "shirt"): Outfit(("shirt",), under=(BEIGE_TROUSERS,), shoes=BROWN_SHOES),
    ("men", "striped shirt"): Outfit(("shirt",), under=(BEIGE_TROUSERS,), shoes=BROWN_SHOES),
    ("men", "check shirt"): Outfit(("shirt",), under=(BLUE_JEANS,), shoes=BOOTS),
    ("men", "chinos"): Outfit(("straight trousers",), over=(WHITE_TEE,)),
    ("men", "jeans"): Outfit(("straight trousers",), over=(BLACK_TEE,)),
    ("men", "wool trousers"): Outfit(("straight trousers",), over=(BLACK_SWEATER,), shoes=BROWN_SHOES),
    ("men", "shorts"): Outfit(("shorts",), over=(NAVY_TEE,)),
    ("men", "light jacket"): Outfit(("collared jacket",), under=(BLUE_JEANS, WHITE_TEE)),
    ("men", "overshirt"): Outfit(("overshirt",), under=(GREY_TROUSERS, WHITE_TEE), shoes=BROWN_SHOES),
    ("men", "sweater"): Outfit(("sweater",), under=(BLACK_TROUSERS,)),
    ("men", "striped sweater"): Outfit(("sweater",), under=(BLUE_JEANS,)),
    ("men", "crew sweater"): Outfit(("sweater",), under=(BEIGE_TROUSERS,), shoes=BROWN_SHOES),
}
