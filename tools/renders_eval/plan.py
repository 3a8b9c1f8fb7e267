"""The evaluation set's plan: which 300 pictures there are, and the strata each of them belongs to.

`plan.csv` is the plan; it was drawn once by `draw` and stays as it is, whatever is measured on it.
`python -m tools.renders_eval.plan` prints its shares; with `--draw` it writes the file where there is none yet.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("plan.csv")
FIRST_SEED = 2_000_000  # training people have seeds below 1,000,000, held-out people from there on
CROPPED = ("knee up", "waist up", "head cropped", "legs")
BUSY = ("street", "clutter")
NONE = "none"


@dataclass(frozen=True)
class Entry:
    """One picture. `people` is "0", "1" or "several"; the other words are of the tables below, or "none" where nobody
    is shown. With several people, view, clothing, pose, shape, skin and gender are those of the first."""

    name: str
    seed: int
    renderer: str
    people: str
    view: str
    framing: str
    clothing: str
    gender: str
    pose: str
    shape: str
    skin: str
    background: str

    @property
    def ground(self) -> str:
        return "busy" if self.background in BUSY else "studio"

    @property
    def strata(self) -> dict[str, str]:
        """What annotations.json says of the picture."""
        return {
            **{key: str(value) for key, value in asdict(self).items() if key not in ("name", "seed", "background")},
            "background": self.ground,
            "backdrop": self.background,
        }


# How many pictures of each kind, by renderer; every column adds up to the renderer's pictures of people.
PEOPLE: Mapping[str, Mapping[str, Mapping[str, int]]] = {
    "cycles": {
        "people": {"1": 42, "several": 3},
        "view": {"front": 20, "turned": 10, "side": 7, "back": 8},
        "framing": {"full": 26, "knee up": 6, "waist up": 8, "head cropped": 5},
        "clothing": {"trousers": 16, "shorts": 5, "skirt": 7, "dress": 9, "layers": 8},
        "pose": {"arms down": 24, "hands on hips": 11, "hand at chest": 5, "arm raised": 5},
        "shape": {"slim": 14, "average": 20, "full": 11},
        "skin": {"light": 18, "medium": 13, "dark": 14},
        "background": {"studio": 33, "street": 12},
    },
    "raster": {
        "people": {"1": 219, "several": 21},
        "view": {"front": 110, "turned": 59, "side": 34, "back": 37},
        "framing": {"full": 140, "knee up": 28, "waist up": 32, "head cropped": 20, "legs": 10, "small": 10},
        "clothing": {"trousers": 88, "shorts": 30, "skirt": 30, "dress": 40, "coat": 24, "layers": 28},
        "pose": {
            "arms down": 86, "hands on hips": 38, "hands in pockets": 40, "arms crossed": 18, "hand at chest": 18,
            "arm raised": 26, "sitting": 14,
        },
        "shape": {"slim": 75, "average": 105, "full": 60},
        "skin": {"light": 95, "medium": 75, "dark": 70},
        "background": {"studio": 186, "street": 38, "clutter": 16},
    },
}  # fmt: skip
NOBODY = {"packshot": 7, "close-up": 3, "empty street": 3, "empty clutter": 1, "empty studio": 1}
_WOMEN_ONLY = ("skirt", "dress")
_CHOOSY = ("sitting", "hands in pockets")


def _fits(entry: Mapping[str, str]) -> bool:
    """Whether a pose can be shown: hands need pockets, and who sits is shown whole and not from behind."""
    if entry["pose"] == "hands in pockets":
        return entry["clothing"] in ("trousers", "shorts", "layers")
    if entry["pose"] == "sitting":
        whole = entry["framing"] == "full" and entry["people"] == "1" and entry["view"] != "back"
        return whole and entry["clothing"] in ("trousers", "shorts", "dress", "layers")
    return True


def _deck(rng: np.random.Generator, counts: Mapping[str, int]) -> list[str]:
    cards = [word for word, count in counts.items() for _ in range(count)]
    return [cards[k] for k in rng.permutation(len(cards))]


def _people(rng: np.random.Generator, renderer: str) -> list[dict[str, str]]:
    decks = {column: _deck(rng, counts) for column, counts in PEOPLE[renderer].items()}
    poses = decks.pop("pose")
    rows = [dict(zip(decks, cards, strict=True)) for cards in zip(*decks.values(), strict=True)]
    free = list(range(len(rows)))
    # Poses that fit few pictures choose first.
    for pose in sorted(poses, key=lambda pose: _CHOOSY.index(pose) if pose in _CHOOSY else len(_CHOOSY)):
        at = next(k for k in free if _fits({**rows[k], "pose": pose}))
        rows[at]["pose"] = pose
        free.remove(at)
    for row in rows:
        women = row["clothing"] in _WOMEN_ONLY or rng.random() < 0.42
        row |= {"renderer": renderer, "gender": "women" if women else "men"}
    return rows


def _nobody() -> list[dict[str, str]]:
    rows = []
    for kind, count in NOBODY.items():
        ground = kind.removeprefix("empty ") if kind.startswith("empty") else "studio"
        shown = NONE if kind.startswith("empty") else kind
        for _ in range(count):
            row = dict.fromkeys(("view", "framing", "gender", "pose", "shape", "skin"), NONE)
            rows.append({**row, "renderer": "raster", "people": "0", "clothing": shown, "background": ground})
    return rows


def draw(seed: int = FIRST_SEED) -> list[Entry]:
    """The plan as it was drawn."""
    rng = np.random.default_rng(seed)
    entries: list[Entry] = []
    for renderer in PEOPLE:
        rows = _people(rng, renderer) + (_nobody() if renderer == "raster" else [])
        for number, row in enumerate(rows):
            entries.append(Entry(name=f"{renderer}-{number:03d}", seed=FIRST_SEED + 10 * len(entries), **row))
    return entries


def read(path: Path = FILE) -> list[Entry]:
    """The plan as it stands."""
    with path.open(newline="", encoding="utf-8") as file:
        return [Entry(**{**row, "seed": int(row["seed"])}) for row in csv.DictReader(file)]


def write(entries: list[Entry], path: Path = FILE) -> None:
    with path.open("x", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [field.name for field in fields(Entry)], lineterminator="\n")
        table.writeheader()
        table.writerows(asdict(entry) for entry in entries)


def counts(entries: list[Entry]) -> dict[str, dict[str, int]]:
    """Pictures per stratum, by column."""
    columns = entries[0].strata
    return {column: dict(sorted(Counter(entry.strata[column] for entry in entries).items())) for column in columns}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.renders_eval.plan", description=__doc__)
    parser.add_argument("--draw", action="store_true", help="draw the plan and write plan.csv; refuses to replace it")
    if parser.parse_args().draw:
        write(draw())
    for column, shares in counts(read()).items():
        print(f"{column:<12}", ", ".join(f"{word} {count}" for word, count in shares.items()))


if __name__ == "__main__":
    main()
