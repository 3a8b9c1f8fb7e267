"""How often does screening judge wrongly?  `python -m benchmarks.screen --held-out DIR`

Pictures whose truth is known are curated, labelled by the embedded model and screened, and every verdict is compared
with the truth: people rendered for the purpose (`python -m tools.people.dataset DIR --start 0 --count 300 --first-seed
1000000`), among them still lifes and empty rooms, and the demo shops' pictures with their packshots. The shops' own
word on the view is withheld, so that the part map alone decides.

The truth's verdict is `judge` on the true part map: somebody is there, large and whole enough by the same thresholds.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from PIL import Image

import demo
from curation.config import CurationConfig, ScreenConfig
from curation.run import candidates, curate, screen_and_split
from curation.screen import Person, judge
from densepose_labeler.config import LabelConfig
from densepose_labeler.job import label
from manifests.reasons import Facing, View

DEMO = Path(demo.__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held-out", type=Path, required=True, help="folder of shards that tools.people.dataset made")
    parser.add_argument("--work", type=Path, help="where the dataset goes, to be looked at. [default: thrown away]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        truths = _write_held_out(options.held_out, work / "pictures" / "held-out")
        truths |= _write_demo(work / "pictures" / "demo")
        report(work, truths)


def report(work: Path, truths: dict[str, list[Person]]) -> None:
    """Curate, label and screen the pictures under `work`, and print how the verdicts compare with the truth."""
    screen = ScreenConfig()
    folders = [{"path": path, "source": path.name} for path in sorted((work / "pictures").iterdir())]
    config = CurationConfig.model_validate(
        {"min_size": 200, "hamming_radius": 0, "sources": {"folders": folders}, "split": {"eval": []}}
    )
    dataset = work / "dataset"
    curate(dataset, config)
    label(dataset, ("embedded",), LabelConfig(), image_ids=candidates(dataset))
    screen_and_split(dataset, config)
    rows = pq.read_table(dataset / "images.parquet").to_pylist()
    outcomes: dict[str, Counter[str]] = {}
    wrong, facing = [], Counter[str]()
    for row in rows:
        if row["persons"] is None:
            continue  # dropped before screening
        url = row["sightings"][0]["image_url"]
        truth = judge(View.UNKNOWN, truths[url], screen)
        kind = f"{row['source']}: {_kind(url, truths[url], truth.reason is None)}"
        should, does = truth.reason is None, row["reason"] is None
        outcomes.setdefault(kind, Counter())["right" if should == does else "wrong"] += 1
        if should != does:
            wrong.append(f"  {url}: truth {truth.reason or 'usable'}, verdict {row['reason'] or 'usable'}")
        if should and does and truth.facing is not Facing.UNKNOWN:
            facing["right" if truth.facing == row["facing"] else f"{truth.facing} taken for {row['facing']}"] += 1
    print(f"{'kind':<44}{'images':>8}{'wrong':>8}{'share':>8}")
    for kind, counts in [*sorted(outcomes.items()), ("all", sum(outcomes.values(), Counter[str]()))]:
        print(f"{kind:<44}{counts.total():>8}{counts['wrong']:>8}{counts['wrong'] / counts.total():>8.1%}")
    print("\nwrong:", *wrong, sep="\n")
    print("\nfront, back or side:", ", ".join(f"{name} {count}" for name, count in facing.most_common()))


def _kind(url: str, people: list[Person], usable: bool) -> str:
    if people:
        return "somebody, usable" if usable else "somebody, too small or cropped"
    return "packshots" if "packshot" in url else "nobody: still lifes, empty rooms"


def _write_held_out(shards: Path, folder: Path) -> dict[str, list[Person]]:
    folder.mkdir(parents=True, exist_ok=True)
    truths = {}
    for path in sorted(shards.glob("shard-*.npz")):
        with np.load(path) as shard:
            for number, (image, iuv, instance) in enumerate(
                zip(shard["image"], shard["iuv"], shard["instance"], strict=True)
            ):
                name = f"{path.stem}-{number:03}.png"
                (folder / name).write_bytes(_png(image))
                truths[f"held-out:{name}"] = [
                    _true_person(iuv[..., 0] * (instance == one)) for one in np.unique(instance[instance > 0])
                ]
    return truths


def _write_demo(folder: Path) -> dict[str, list[Person]]:
    folder.mkdir(parents=True, exist_ok=True)
    truths: dict[str, list[Person]] = {}
    entries: list[dict[str, Any]] = json.loads((DEMO / "pictures" / "pictures.json").read_text())
    for entry in entries:
        (folder / entry["file"]).write_bytes((DEMO / "pictures" / entry["file"]).read_bytes())
        with_person = bool(entry.get("truth"))
        parts = np.asarray(Image.open(DEMO / "truth" / entry["truth"])) if with_person else None
        truths[f"demo:{entry['file']}"] = [] if parts is None else [_true_person(parts)]
    return truths


def _true_person(parts: npt.NDArray[np.uint8]) -> Person:
    inside = np.nonzero(parts.any(axis=1))[0]
    height, width = parts.shape
    top, bottom = (inside[0], inside[-1] + 1) if len(inside) else (0, 0)
    counts = np.bincount(parts.ravel(), minlength=25).tolist()
    return Person(1.0, top / height, bottom / height, height * width, tuple(counts))


def _png(image: npt.NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
