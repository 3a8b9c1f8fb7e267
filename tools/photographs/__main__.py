"""`python -m tools.photographs --mediapipe PYTHON`: the embedded model on photographs, held against mediapipe.

Nobody has labelled these photographs with a body's surface; mediapipe's pose, trained on real people, is an independent
opinion: does what the model calls body lie inside mediapipe's person, and do limbs and sides agree where mediapipe sees
a limb? mediapipe is asked about each detected person by itself, in a crop around the model's box.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from densepose_labeler import checkpoints, zoo
from densepose_labeler.predictor import Predictor
from manifests.instances import Instance, flatten
from manifests.palettes import CLEAR

ROOT = Path(__file__).resolve().parents[2]
MARGIN, LEAST = 0.25, 400  # of a crop: around the box, and its longer side in pixels
PERSON, SEEN = 0.5, 0.6  # mediapipe's mask and visibility
# mediapipe's landmarks at a limb's two ends, left and right, and the parts of the limb, left and right
LIMBS = {
    "upper arm": ((11, 13), (12, 14), {15, 17}, {16, 18}),
    "lower arm": ((13, 15), (14, 16), {19, 21}, {20, 22}),
    "upper leg": ((23, 25), (24, 26), {8, 10}, {7, 9}),
    "lower leg": ((25, 27), (26, 28), {12, 14}, {11, 13}),
}


@dataclass
class Tally:
    """Of one photograph: people the model finds, and those mediapipe confirms; foreground pixels of these people and
    how many of them lie inside mediapipe's person; limbs mediapipe sees inside the picture, those that the model calls
    the same limb, and of these the ones on the same side; the same for people who face the camera."""

    people: int = 0
    confirmed: int = 0
    foreground: int = 0
    inside: int = 0
    limbs: int = 0
    same_limb: int = 0
    same_side: int = 0
    frontal_limb: int = 0
    frontal_side: int = 0

    def add(self, other: Tally) -> None:
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def row(self, name: str) -> str:
        def share(part: int, whole: int) -> str:
            return f"{part / whole:.2f}" if whole else "-"

        cells = [
            name, str(self.people), str(self.confirmed), share(self.inside, self.foreground), str(self.limbs),
            share(self.same_limb, self.limbs), share(self.same_side, self.same_limb),
            f"{share(self.frontal_side, self.frontal_limb)} of {self.frontal_limb}",
        ]  # fmt: skip
        return "| " + " | ".join(cells) + " |"


HEADING = (
    "| photograph | people found | seen by mediapipe | foreground inside its person | limbs it sees | same limb"
    " | of these same side | same side, facing us |\n|---|---|---|---|---|---|---|---|"
)


def window(person: Instance, height: int, width: int) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the crop around a person."""
    x0, y0, x1, y1 = person.box
    margin = MARGIN * max(x1 - x0, y1 - y0)
    return (
        max(0, int(x0 - margin)), max(0, int(y0 - margin)), min(width, int(x1 + margin)), min(height, int(y1 + margin)),
    )  # fmt: skip


def enlarged(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    scale = max(1.0, LEAST / max(height, width))
    size = (round(width * scale), round(height * scale))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))


def compare(parts: NDArray[np.uint8], mask: NDArray[np.float32], marks: NDArray[np.float32]) -> Tally:
    """One person. parts: uint8 [h, w], the model's, in the crop's own pixels; mask, marks: mediapipe's, in the enlarged
    crop's."""
    scale = mask.shape[0] / parts.shape[0]
    big = np.asarray(Image.fromarray(parts).resize((mask.shape[1], mask.shape[0]), Image.Resampling.NEAREST))
    tally = Tally(people=1, confirmed=1, foreground=int((big > 0).sum()), inside=int((mask[big > 0] > PERSON).sum()))
    frontal = marks[[11, 12], 2].min() > SEEN and marks[11, 0] - marks[12, 0] > 0.1 * scale * parts.shape[1]
    for left_ends, right_ends, left, right in LIMBS.values():
        for ends, own in ((left_ends, left), (right_ends, right)):
            if marks[list(ends), 2].min() < SEEN:
                continue
            x, y = marks[list(ends), :2].mean(0)
            if not (0 <= x < big.shape[1] and 0 <= y < big.shape[0]):
                continue
            part = int(big[int(y), int(x)])
            tally.limbs += 1
            tally.same_limb += part in left | right
            tally.same_side += part in own
            if frontal:
                tally.frontal_limb += part in left | right
                tally.frontal_side += part in own
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.photographs", description=__doc__)
    parser.add_argument("--mediapipe", type=Path, required=True, help="the Python that has mediapipe and scikit-image")
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--score", type=float, default=0.5, help="people surer than this")
    parser.add_argument("--save", type=Path, help="a folder for the photographs with the model's parts drawn over them")
    options = parser.parse_args()
    spec = zoo.get(options.model)
    predictor = Predictor(checkpoints.load(spec), spec)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = _mediapipe(options.mediapipe, "photos", folder / "photos.npz")
        found = {
            key: [person for person in predictor([photo])[0] if person.score >= options.score]
            for key, photo in photos.items()
        }
        crops = {}
        for key, people in found.items():
            for number, person in enumerate(people):
                x0, y0, x1, y1 = window(person, *photos[key].shape[:2])
                crops[f"{key}.{number}"] = enlarged(photos[key][y0:y1, x0:x1])
        np.savez(folder / "crops.npz", **crops)  # type: ignore[arg-type]
        opinions = _mediapipe(options.mediapipe, "people", folder / "crops.npz", folder / "people.npz")
    print(HEADING)
    total = Tally()
    for key, people in found.items():
        height, width = photos[key].shape[:2]
        tally = Tally()
        for number, person in enumerate(people):
            marks = opinions.get(f"{key}.{number}.landmarks")
            if marks is None:
                tally.add(Tally(people=1))
                continue
            x0, y0, x1, y1 = window(person, height, width)
            tally.add(compare(parts_of(person, height, width)[y0:y1, x0:x1], opinions[f"{key}.{number}.mask"], marks))
        print(tally.row(key))
        total.add(tally)
        if options.save:
            draw(photos[key], people, options.save / f"{key}.png")
    print(total.row("all"))


def parts_of(person: Instance, height: int, width: int) -> NDArray[np.uint8]:
    """One person's parts on the whole photograph: uint8 [height, width]."""
    return np.asarray(flatten([person], height, width)[..., 0])


def draw(photo: NDArray[np.uint8], people: list[Instance], path: Path) -> None:
    parts = flatten(people, *photo.shape[:2])[..., 0]
    mixed = np.where((parts > 0)[..., None], photo * 0.4 + CLEAR[parts] * 0.6, photo).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mixed).save(path)


def _mediapipe(python: Path, task: str, *files: Path) -> dict[str, NDArray[np.generic]]:
    """Runs a task of `by_mediapipe`; returns the arrays of the last file."""
    environment = {**os.environ, "GLOG_minloglevel": "2", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [str(python), "-m", "tools.photographs.by_mediapipe", task, *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    with np.load(files[-1]) as stored:
        return {key: stored[key] for key in stored.files}


if __name__ == "__main__":
    main()
