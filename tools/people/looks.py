"""What the demo shops sell and how it is shot: outfits, views and backdrops by name."""

import numpy as np

from tools.people.scene import Colour

Piece = tuple[Colour, str]
"""Colour and pattern of one garment; patterns are those of `fabrics`, "plain" or "denim" among them."""

WHITE, BLACK, NAVY, GREY = (0.95, 0.95, 0.94), (0.06, 0.06, 0.07), (0.12, 0.15, 0.26), (0.55, 0.55, 0.56)
BLUE_DENIM, SAND, OLIVE, RED = (0.25, 0.34, 0.48), (0.8, 0.73, 0.62), (0.36, 0.37, 0.26), (0.65, 0.12, 0.13)

OUTFITS: dict[str, dict[str, Piece]] = {
    "tee and jeans": {
        "tee": (WHITE, "plain"),
        "jeans": (BLUE_DENIM, "denim"),
        "trainers": (WHITE, "plain"),
    },
    "striped tee": {
        "tee": (NAVY, "stripes"),
        "shorts": (SAND, "plain"),
        "trainers": (NAVY, "plain"),
    },
    "print tee": {
        "tee": (BLACK, "print"),
        "jeans": ((0.36, 0.47, 0.6), "denim"),
        "trainers": (WHITE, "plain"),
    },
    "shirt and trousers": {
        "shirt": ((0.7, 0.8, 0.92), "plain"),
        "trousers": (NAVY, "plain"),
        "shoes": (BLACK, "plain"),
    },
    "checked shirt": {
        "shirt": (RED, "checks"),
        "jeans": (BLUE_DENIM, "denim"),
        "boots": ((0.35, 0.22, 0.14), "plain"),
    },
    "jumper": {
        "jumper": ((0.5, 0.2, 0.22), "knit"),
        "trousers": (GREY, "plain"),
        "shoes": (BLACK, "plain"),
    },
    "blouse and skirt": {
        "blouse": (WHITE, "plain"),
        "skirt": (OLIVE, "plain"),
        "pumps": (BLACK, "plain"),
    },
    "floral dress": {
        "dress": (NAVY, "floral"),
        "pumps": (SAND, "plain"),
    },
    "plain dress": {
        "dress": (RED, "plain"),
        "pumps": (BLACK, "plain"),
    },
    "wide trousers": {
        "wide trousers": (SAND, "plain"),
        "tank": (BLACK, "plain"),
        "trainers": (WHITE, "plain"),
    },
    "trousers": {
        "trousers": (OLIVE, "plain"),
        "long sleeve": (WHITE, "plain"),
        "shoes": ((0.3, 0.2, 0.13), "plain"),
    },
    "shorts": {
        "shorts": (BLUE_DENIM, "denim"),
        "tee": (GREY, "plain"),
        "trainers": (WHITE, "plain"),
    },
    "jacket": {
        "jacket": (NAVY, "plain"),
        "tee": (WHITE, "plain"),
        "jeans": ((0.09, 0.1, 0.14), "denim"),
        "trainers": (WHITE, "plain"),
    },
    "coat": {
        "coat": ((0.62, 0.48, 0.34), "plain"),
        "jumper": (BLACK, "plain"),
        "trousers": (BLACK, "plain"),
        "boots": (BLACK, "plain"),
    },
    "cardigan": {
        "cardigan": (GREY, "knit"),
        "tank": (WHITE, "plain"),
        "trousers": (NAVY, "plain"),
        "shoes": (BLACK, "plain"),
    },
    "skirt": {
        "skirt": (BLACK, "plain"),
        "long sleeve": (SAND, "stripes"),
        "boots": (BLACK, "plain"),
    },
    "activewear": {
        "leggings": (BLACK, "plain"),
        "tank": ((0.2, 0.5, 0.55), "plain"),
        "trainers": (WHITE, "plain"),
    },
}
"""Outfits by name; the first garment of each is the product on sale."""

VIEWS = {
    "front": 0.0,
    "left": 0.65,
    "right": -0.65,
    "side": 1.5,
    "other side": -1.5,
    "back": np.pi,
    "back left": 2.5,
    "back right": -2.5,
}
BACKDROPS: dict[str, tuple[Colour, Colour]] = {
    "white": ((0.97, 0.97, 0.97), (0.95, 0.95, 0.95)),
    "grey": ((0.84, 0.84, 0.85), (0.8, 0.8, 0.81)),
    "warm": ((0.9, 0.87, 0.83), (0.86, 0.82, 0.77)),
    "dark": ((0.42, 0.43, 0.45), (0.36, 0.37, 0.39)),
}
