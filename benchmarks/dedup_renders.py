"""Render what the pair set of `dedup.py` cannot make from finished pictures: other colours, other garments in the same
pose, the next pose of the same shoot.

    python -m benchmarks.dedup_renders build/dedup-renders

Needs the environment of `tools/` (see tools/README.md). A file is named <person>-<kind>-<what>.jpg; the kinds are
`colour` (one garment, one pose, nine colours), `outfit` (the same person and pose in other garments) and `pose`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from tools.people.catalogue import demo_scene
from tools.people.figures import TRAINING
from tools.people.render import picture

COLOURS = {
    "black": (0.06, 0.06, 0.07), "navy": (0.10, 0.12, 0.24), "charcoal": (0.20, 0.20, 0.22),
    "white": (0.95, 0.95, 0.94), "ecru": (0.90, 0.86, 0.77), "sky": (0.66, 0.77, 0.90), "sage": (0.62, 0.68, 0.58),
    "red": (0.65, 0.12, 0.13), "burgundy": (0.36, 0.09, 0.15),
}  # fmt: skip
"""Some of them hard to tell apart: black, navy and charcoal; white and ecru; red and burgundy."""

WOMEN = ("tee and jeans", "blouse and skirt", "plain dress", "jumper", "wide trousers", "skirt", "cardigan", "coat")
MEN = ("tee and jeans", "shirt and trousers", "jumper", "trousers", "shorts", "jacket", "checked shirt", "coat")
POSES = ("relaxed", "hand on hip", "hands in pockets", "arms crossed", "hands behind", "free")
BACKDROPS = ("white", "grey", "warm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=20)
    settings = parser.parse_args()
    settings.folder.mkdir(parents=True, exist_ok=True)
    for person in range(settings.people):
        gender, outfits = ("women", WOMEN) if person % 2 else ("men", MEN)
        rng = np.random.default_rng(person)
        chosen = [str(name) for name in rng.permutation(outfits)[:4]]
        poses = [str(name) for name in rng.permutation(POSES)[:3]]
        backdrop = BACKDROPS[person % 3]
        wanted = [("colour", name, chosen[0], colour, poses[0]) for name, colour in COLOURS.items()]
        wanted += [("outfit", str(n), outfit, COLOURS["navy"], poses[0]) for n, outfit in enumerate(chosen[1:])]
        wanted += [("pose", str(n), chosen[0], COLOURS["navy"], pose) for n, pose in enumerate(poses[1:])]
        for kind, name, outfit, colour, pose in wanted:
            path = settings.folder / f"{person:02}-{kind}-{name}.jpg"
            if path.exists():
                continue
            scene = demo_scene(
                person, gender, outfit, colour, pose, backdrop=backdrop, size=(768, 1024), detail=TRAINING
            )
            Image.fromarray(picture(scene, 1)).save(path, quality=92)


if __name__ == "__main__":
    main()
