"""What people wear: named garments, cloth for them, and outfits drawn by chance."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tools.people.bodies import rig
from tools.people.cloth import NEUTRALS, cloth, colour
from tools.people.drape import Fit, Garment
from tools.people.garments import Cut
from tools.people.scene import Colour, Material

Rng = np.random.Generator


def _named(name: str, cut: Cut, fit: Fit, material: Material, rng: Rng) -> Garment:
    return Garment(name, cut, fit, material, int(rng.integers(1 << 30)))


def _top_fit(rng: Rng, roomy: float) -> Fit:
    return Fit(
        loose=0.003 + 0.012 * roomy,
        hang=float(np.clip(roomy * rng.uniform(0.6, 1.1), 0, 1)),
        wrinkle=0.002 + 0.0025 * rng.random(),
        flare=0.01 * roomy,
    )


def tee(rng: Rng, material: Material) -> Garment:
    cut = Cut(
        "top",
        hem=rng.uniform(-0.06, 0.03),
        neck=rng.uniform(0.01, 0.06),
        v_neck=bool(rng.random() < 0.25),
        sleeve=rng.uniform(0.22, 0.46),
    )
    return _named("tee", cut, _top_fit(rng, rng.random()), material, rng)


def tank(rng: Rng, material: Material) -> Garment:
    cut = Cut(
        "top", hem=rng.uniform(-0.04, 0.1), neck=rng.uniform(0.06, 0.13), neck_width=rng.uniform(0.075, 0.1), sleeve=0
    )
    return _named("tank", cut, _top_fit(rng, 0.5 * rng.random()), material, rng)


def long_sleeve(rng: Rng, material: Material) -> Garment:
    cut = Cut(
        "top",
        hem=rng.uniform(-0.04, 0.03),
        neck=rng.uniform(0.0, 0.08),
        v_neck=bool(rng.random() < 0.2),
        sleeve=rng.uniform(0.8, 1.0),
    )
    return _named("long sleeve", cut, _top_fit(rng, 0.6 * rng.random()), material, rng)


def shirt(rng: Rng, material: Material) -> Garment:
    buttons = replace(material, parameters={**material.parameters, "placket": rng.uniform(0.07, 0.1)})
    cut = Cut(
        "top",
        hem=rng.uniform(-0.1, 0.02),
        neck=rng.uniform(0.02, 0.08),
        v_neck=True,
        sleeve=float(rng.choice([0.42, 0.75, 0.98, 0.98, 0.98])),
    )
    fit = replace(_top_fit(rng, rng.uniform(0.3, 1)), collar=rng.uniform(0.03, 0.045))
    return _named("shirt", cut, fit, buttons, rng)


def blouse(rng: Rng, material: Material) -> Garment:
    cut = Cut(
        "top",
        hem=rng.uniform(-0.02, 0.06),
        neck=rng.uniform(0.02, 0.12),
        v_neck=bool(rng.random() < 0.5),
        sleeve=float(rng.choice([0.25, 0.5, 0.8, 0.98])),
    )
    fit = replace(_top_fit(rng, rng.uniform(0.4, 1)), flare=rng.uniform(0, 0.03), wrinkle=0.005)
    return _named("blouse", cut, fit, material, rng)


def jumper(rng: Rng, material: Material) -> Garment:
    turtle = rng.random() < 0.3
    cut = Cut(
        "top",
        hem=rng.uniform(-0.07, 0.05),
        neck=0.0 if turtle else rng.uniform(0.0, 0.06),
        v_neck=bool(rng.random() < 0.25),
        sleeve=rng.uniform(0.93, 1.02),
    )
    fit = Fit(
        offset=0.008,
        loose=rng.uniform(0.008, 0.022),
        hang=rng.uniform(0.4, 1),
        wrinkle=rng.uniform(0.002, 0.006),
        collar=0.055 if turtle else 0.015,
        fold_collar=turtle,
    )
    return _named("jumper", cut, fit, material, rng)


def _trousers(name: str, length: tuple[float, float], fit: Callable[[Rng], Fit]) -> Callable[[Rng, Material], Garment]:
    def make(rng: Rng, material: Material) -> Garment:
        return _named(
            name, Cut("legs", rise=rng.uniform(0.07, 0.14), length=rng.uniform(*length)), fit(rng), material, rng
        )

    return make


trousers = _trousers(
    "trousers", (0.93, 1.01), lambda r: Fit(loose=r.uniform(0.004, 0.01), hang=r.uniform(0.2, 0.6), wrinkle=0.002)
)
jeans = _trousers(
    "jeans", (0.88, 1.01), lambda r: Fit(loose=r.uniform(0.002, 0.008), hang=r.uniform(0, 0.6), wrinkle=0.003)
)
wide_trousers = _trousers(
    "wide trousers",
    (0.9, 1.02),
    lambda r: Fit(loose=r.uniform(0.006, 0.012), hang=1.0, flare=r.uniform(0.01, 0.06), wrinkle=0.004),
)
leggings = _trousers("leggings", (0.6, 0.99), lambda r: Fit(offset=0.002, loose=0.001, hang=0.0, wrinkle=0.0005))
shorts = _trousers(
    "shorts",
    (0.22, 0.5),
    lambda r: Fit(loose=r.uniform(0.005, 0.014), hang=r.uniform(0.3, 1), flare=r.uniform(0, 0.025), wrinkle=0.003),
)


def skirt(rng: Rng, material: Material, length: float | None = None) -> Garment:
    pencil = rng.random() < 0.3
    fit = Fit(
        offset=0.006,
        hang=0.5 if pencil else 1.0,
        flare=0.0 if pencil else rng.uniform(0.0, 0.14),
        folds=int(rng.integers(5, 14)),
        fold_depth=0.002 if pencil else rng.uniform(0.003, 0.018),
        wrinkle=0.001,
    )
    return _named(
        "skirt", Cut("skirt", length=length or rng.uniform(0.4, 0.95), rise=rng.uniform(0.0, 0.1)), fit, material, rng
    )


def dress(rng: Rng, material: Material) -> tuple[Garment, ...]:
    """One garment to the eye: a bodice and a skirt of the same cloth."""
    cut = Cut(
        "top",
        hem=rng.uniform(0.02, 0.06),
        neck=rng.uniform(0.01, 0.12),
        v_neck=bool(rng.random() < 0.4),
        sleeve=float(rng.choice([0, 0.2, 0.34, 0.6, 0.95])),
    )
    bodice = _named(
        "dress", cut, Fit(loose=rng.uniform(0.001, 0.008), hang=rng.uniform(0, 0.5), wrinkle=0.002), material, rng
    )
    lower = skirt(rng, material)
    return bodice, replace(
        lower, name="dress skirt", cut=replace(lower.cut, rise=0.0), fit=replace(lower.fit, offset=0.007)
    )


def jacket(rng: Rng, material: Material) -> Garment:
    cut = Cut(
        "top",
        hem=rng.uniform(-0.12, 0.04),
        neck=rng.uniform(0.02, 0.1),
        v_neck=True,
        sleeve=rng.uniform(0.95, 1.02),
        opening=float(rng.choice([0.004, 0.02, 0.05, 0.07])),
    )
    fit = Fit(
        offset=0.012,
        loose=float(rng.choice([rng.uniform(0.006, 0.016), rng.uniform(0.016, 0.035)], p=[0.75, 0.25])),
        hang=rng.uniform(0.4, 0.9),
        wrinkle=0.003,
        flare=0.015,
        collar=rng.uniform(0.03, 0.06),
    )
    return _named("jacket", cut, fit, material, rng)


def cardigan(rng: Rng, material: Material) -> Garment:
    cut = Cut(
        "top",
        hem=rng.uniform(-0.2, 0.02),
        neck=0.16,
        v_neck=True,
        sleeve=rng.uniform(0.9, 1.02),
        opening=rng.uniform(0.02, 0.08),
    )
    return _named("cardigan", cut, Fit(offset=0.01, loose=0.01, hang=0.8, wrinkle=0.004), material, rng)


def coat(rng: Rng, material: Material) -> tuple[Garment, ...]:
    """An upper and a lower half of the same cloth."""
    opening = float(rng.choice([0.005, 0.03, 0.06]))
    upper = replace(jacket(rng, material), name="coat")
    upper = replace(upper, cut=replace(upper.cut, hem=0.0, opening=opening), fit=replace(upper.fit, flare=0.0))
    fit = Fit(offset=0.02, hang=1.0, flare=rng.uniform(0.02, 0.09), folds=5, fold_depth=0.004, wrinkle=0.001)
    lower = Cut("skirt", length=rng.uniform(0.4, 0.8), rise=0.02, opening=opening)
    return upper, _named("coat skirt", lower, fit, material, rng)


def shoes(rng: Rng, female: bool, style: str | None = None, first: Colour | None = None) -> Garment:
    style = style or str(
        rng.choice(["trainers", "shoes", "boots", "pumps" if female else "shoes"], p=[0.4, 0.25, 0.15, 0.2])
    )
    main = first or (colour(rng) if style == "trainers" else NEUTRALS[int(rng.choice([0, 4, 6, 10, 11, 1, 8]))])
    sole: Colour = (0.93, 0.93, 0.91) if style == "trainers" and rng.random() < 0.7 else (0.08, 0.07, 0.07)
    floor = float(rig().rest[np.unique(rig().faces), 2].min())
    height, slope = {
        "trainers": (0.02, -0.1),
        "shoes": (-0.005, -0.2),
        "boots": (rng.uniform(0.08, 0.22), 0.0),
        "pumps": (-0.035, -0.05),
    }[style]
    material = Material(
        "shoe",
        (main, sole),
        "plain",
        {"sole": floor + (0.012 if style == "trainers" else 0.002)},
        0.35 if style != "trainers" else 0.6,
    )
    fit = Fit(offset=0.005, loose=0.003 if style == "pumps" else 0.006, wrinkle=0.0)
    return _named(style, Cut("shoe", height=height, slope=slope), fit, material, rng)


TOPS: dict[str, Callable[[Rng, Material], Garment]] = {
    "tee": tee, "tank": tank, "long sleeve": long_sleeve, "shirt": shirt, "blouse": blouse, "jumper": jumper,
}  # fmt: skip
BOTTOMS: dict[str, Callable[[Rng, Material], Garment]] = {
    "trousers": trousers, "jeans": jeans, "wide trousers": wide_trousers, "leggings": leggings,
    "shorts": shorts, "skirt": skirt,
}  # fmt: skip
OUTER: dict[str, Callable[[Rng, Material], Garment | tuple[Garment, ...]]] = {
    "jacket": jacket,
    "cardigan": cardigan,
    "coat": coat,
}


def _as_tuple(piece: Garment | tuple[Garment, ...]) -> tuple[Garment, ...]:
    return piece if isinstance(piece, tuple) else (piece,)


def make(name: str, rng: Rng, material: Material) -> tuple[Garment, ...]:
    """A garment by name (of `TOPS`, `BOTTOMS`, `OUTER`, or "dress"), as the pieces it consists of."""
    if name == "dress":
        return dress(rng, material)
    table = {**TOPS, **BOTTOMS, **OUTER}
    if name not in table:
        raise ValueError(f"no garment {name!r}; there are: {', '.join(sorted([*table, 'dress']))}")
    return _as_tuple(table[name](rng, material))


def outfit(rng: Rng, female: bool) -> tuple[Garment, ...]:
    """A whole outfit by chance, innermost piece first."""
    pieces: list[Garment] = []
    if female and rng.random() < 0.28:
        pieces += dress(rng, cloth(rng, 0.4))
    else:
        if female:
            top = rng.choice(list(TOPS), p=[0.24, 0.14, 0.15, 0.13, 0.17, 0.17])
            bottom = rng.choice(list(BOTTOMS), p=[0.17, 0.2, 0.18, 0.08, 0.14, 0.23])
        else:
            top = rng.choice(list(TOPS), p=[0.34, 0.05, 0.16, 0.25, 0.0, 0.2])
            bottom = rng.choice(list(BOTTOMS), p=[0.37, 0.33, 0.08, 0.02, 0.2, 0.0])
        material = cloth(rng, 0.75, pattern="denim" if bottom == "jeans" else None)
        lower = BOTTOMS[bottom](rng, material)
        upper = TOPS[top](rng, cloth(rng, 0.45))
        tucked = rng.random() < (0.5 if bottom == "skirt" else 0.25)
        if tucked and lower.cut.template == "legs":
            upper = replace(
                upper,
                cut=replace(upper.cut, hem=lower.cut.rise - 0.05),
                fit=replace(upper.fit, hang=0.2, flare=0, loose=0.003),
            )
            pieces += [upper, replace(lower, fit=replace(lower.fit, offset=lower.fit.offset + 0.003))]
        elif lower.cut.template == "skirt":
            pieces += [replace(upper, cut=replace(upper.cut, hem=0.04)), lower] if tucked else [lower, upper]
        else:
            pieces += [lower, upper]
    if rng.random() < 0.27:
        pieces += _as_tuple(OUTER[str(rng.choice(list(OUTER), p=[0.5, 0.2, 0.3]))](rng, cloth(rng, 0.75)))
    if rng.random() > 0.06:
        pieces.insert(0, shoes(rng, female))
    return tuple(pieces)
