"""How fast are labels made, beside detectron2's own path, and are they the same?

    python -m benchmarks.label --detectron2-python ~/detectron2/bin/python --models R_50_FPN_s1x,R_50_FPN_DL_s1x

The same work on both sides, end to end: JPEG files in, part index, U and V of every person out. Ours is
`vestiary label` on a dataset directory, and `Predictor` called with one picture after the other; theirs is what
`apply_net.py dump` does (`read_image`, `DefaultPredictor`, `DensePoseResultExtractor`, one pickle), run by the Python
given. Both have the same weights in a file of the published layout, the same number of threads and one detection a
picture. Rounds alternate in one run, so that what else the machine does falls on both; ratios are of medians over the
rounds.

The weights are random (the official ones must be downloaded), with the box regression biased so that the one detection
covers about as much of a picture as a person does: a box of chance size would make our work small, because ours
computes the decoder under the boxes alone. The pictures are the demo shops', 768 x 1024 and, resized, 1024 x 768.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from PIL import Image

from benchmarks.label_workers import MODES
from benchmarks.label_workers.processes import Worker
from benchmarks.random_weights import write_weights, zoo_entry
from densepose_labeler import zoo
from manifests.image_store import ImageStore
from tests.densepose_labeler.engine.reference import OFFICIAL, ROOT

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "label.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detectron2-python", type=Path, required=True, help="the Python that has detectron2")
    parser.add_argument("--models", default="R_50_FPN_s1x,R_50_FPN_DL_s1x,R_101_FPN_DL_s1x", help="timed; '' for none")
    parser.add_argument("--parity", default="", help="models compared on one picture; `all` for the 27")
    parser.add_argument("--modes", default=",".join(MODES), help="of ours")
    parser.add_argument("--images", type=int, default=8, help="pictures a round")
    parser.add_argument("--rounds", type=int, default=3, help="of each side, after one that does not count")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--note", default="", help="a line for the results, such as what else the machine does")
    options = parser.parse_args()
    modes = {name: MODES[name] for name in options.modes.split(",")}
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(Path(temporary), options, modes)
        lines = [bench.time(model) for model in options.models.split(",") if model]
        parity = OFFICIAL if options.parity == "all" else [name for name in options.parity.split(",") if name]
        if parity:
            lines.append(bench.parities(parity))
        lines += [bench.renders(mode) for mode in modes if mode != "float32"]
    text = "\n\n".join([heading(options), *lines]) + "\n"
    print(text)
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a") as file:
        file.write("\n" + text)


def heading(options: argparse.Namespace) -> str:
    processor = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    words = [
        f"{processor.split(':')[1].strip()}, {options.threads} threads a side",
        f"{platform.system()}, Python {platform.python_version()}, torch {torch.__version__}",
        f"load average {os.getloadavg()[0]:.1f} at the end",
    ]
    note = f" {options.note}" if options.note else ""
    return f"## {time.strftime('%Y-%m-%d %H:%M')} UTC\n\n{'; '.join(words)}.{note}"


class Bench:
    """One run: the pictures, the weights and the processes that work on them."""

    def __init__(self, work: Path, options: argparse.Namespace, modes: dict[str, Any]) -> None:
        self.work, self.options, self.modes = work, options, modes
        self.dataset = work / "data"
        self.files, self.ids = self._pictures(options.images)

    def _pictures(self, count: int) -> tuple[list[str], list[str]]:
        """JPEG files, every second one in landscape format, and their ids in a dataset made of them."""
        store, ids, rows = ImageStore(self.dataset / "images"), [], []
        sources = [path for path in sorted((ROOT / "demo" / "pictures").glob("*-front.jpg"))]
        sources = [path for path in sources if Image.open(path).size == (768, 1024)][:count]
        for number, path in enumerate(sources):
            data = path.read_bytes()
            if number % 2:
                buffer = io.BytesIO()
                Image.open(path).convert("RGB").resize((1024, 768)).save(buffer, "JPEG", quality=92)
                data = buffer.getvalue()
            width, height = Image.open(io.BytesIO(data)).size
            ids.append(store.add(data, ".jpg").image_id)
            rows.append({"image_id": ids[-1], "width": width, "height": height, "status": "kept"})
        pq.write_table(pa.Table.from_pylist(rows), self.dataset / "images.parquet")
        return [str(store.path(one)) for one in ids], ids

    def _prepare(self, model: str) -> str:
        """Random weights and a zoo file that names them; returns the name."""
        name = f"random_{model}"
        for other in self.work.glob("cache/models/*/*"):
            other.unlink()
        write_weights(model, self.work / "cache" / "models" / name / f"{name}.pkl")
        (self.work / "zoo.toml").write_text(zoo_entry(name, zoo.get(model).network))
        return name

    def _ours(self, stack: ExitStack) -> Worker:
        environment = {"PYTHONPATH": str(ROOT), "VESTIARY_CACHE": str(self.work / "cache")}
        python = Path(sys.executable)
        return stack.enter_context(Worker(python, "with_vestiary.py", self.options.threads, **environment))

    def _theirs(self, stack: ExitStack) -> Worker:
        python: Path = self.options.detectron2_python
        return stack.enter_context(Worker(python, "with_detectron2.py", self.options.threads))

    def _load_ours(self, worker: Worker, name: str, mode: str) -> float:
        """Seconds it takes; the first time, a pickle is converted."""
        answer = worker(
            "load", model=name, zoo_file=str(self.work / "zoo.toml"), threads=self.options.threads, persons=1,
            options=MODES[mode],
        )  # fmt: skip
        return float(answer["wall"])

    def _load_theirs(self, worker: Worker, name: str, model: str) -> float:
        weights = self.work / "cache" / "models" / name / f"{name}.pkl"
        return float(worker("load", model=model, weights=str(weights), threads=self.options.threads, persons=1)["wall"])

    def time(self, model: str) -> str:
        """The table of one model."""
        name = self._prepare(model)
        with ExitStack() as stack:
            theirs = self._theirs(stack)
            their_loading = self._load_theirs(theirs, name, model)
            sides = {"detectron2": lambda: theirs("run", images=self.files, out=str(self.work / "results.pkl"))}
            alone = {}
            for mode in self.modes:
                alone[mode] = self._ours(stack)
                loading = self._load_ours(alone[mode], name, mode)
                sides[f"`Predictor`, {mode}"] = partial(
                    alone[mode], "run", images=self.files, out=str(self.work / "rows")
                )
                if mode == "float32" or "config" in MODES[mode]:
                    labelling = self._ours(stack)
                    loading = self._load_ours(labelling, name, mode)
                    sides[f"`vestiary label`, {mode}"] = partial(
                        labelling, "job", dataset=str(self.dataset), ids=self.ids
                    )
            answers: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
            for number in range(self.options.rounds + 1):
                for side, work in sides.items():
                    answer = work()
                    assert answer["persons"] == len(self.files), f"{side} found {answer['persons']} people"
                    if number:
                        answers[side].append(answer)
            for file in self.files:
                theirs("dump", image=file, out=f"{file}.npz")
            beside = [self._beside(mode, worker) for mode, worker in alone.items()]
        count = len(self.files)
        base = {what: statistics.median(one[what] for one in answers["detectron2"]) for what in ("wall", "processor")}
        lines = [
            f"### {model}",
            "",
            f"{count} pictures, {self.options.rounds} rounds. Loading weights took detectron2 {their_loading:.1f} s, "
            f"ours (converted before) {loading:.1f} s; no figure below includes that.",
            "",
            "| | s a picture | pictures/s | times faster (wall) | times less processor time | peak memory, MiB |",
            "|---|---|---|---|---|---|",
        ]
        for side, rounds in answers.items():
            wall, processor = (statistics.median(one[what] for one in rounds) for what in ("wall", "processor"))
            lines.append(
                f"| {side} | {wall / count:.2f} | {count / wall:.2f} | {base['wall'] / wall:.2f} | "
                f"{base['processor'] / processor:.2f} | {rounds[-1]['peak'] / 2**20:.0f} |"
            )
        return "\n".join([*lines, "", *_stages(answers, count), "", "\n\n".join(beside)])

    def _beside(self, mode: str, ours: Worker) -> str:
        """How our labels of these pictures compare with detectron2's."""
        rows = [ours("parity", image=file, theirs=f"{file}.npz") for file in self.files]
        share = np.mean([row["foreground"] for row in rows]) / (768 * 1024)
        covered = np.mean([row["covered"] for row in rows])
        return (
            f"{mode} beside detectron2: {_summary(rows)} A box covers {covered:.0%} of its picture on average, its "
            f"foreground {share:.0%}."
        )

    def parities(self, models: list[str]) -> str:
        """One picture through each model on both sides."""
        lines = [
            "### The same labels", "",
            "| model | mode | persons | boxes differ, px | same part | U, V differ, /255 | within tolerances |",
            "|---|---|---|---|---|---|---|",
        ]  # fmt: skip
        with ExitStack() as stack:
            theirs, ours = self._theirs(stack), {mode: self._ours(stack) for mode in self.modes}
            for model in models:
                name = self._prepare(model)
                self._load_theirs(theirs, name, model)
                theirs("dump", image=self.files[0], out=str(self.work / "theirs.npz"))
                for mode, worker in ours.items():
                    self._load_ours(worker, name, mode)
                    one = worker("parity", image=self.files[0], theirs=str(self.work / "theirs.npz"))
                    verdict = "yes" if one["within_tolerances"] else "no"
                    lines.append(
                        f"| {model} | {mode} | {one['matched']} of {one['persons'][1]} | {one['box']:.5f} | "
                        f"{one['agreement']:.4%} | {one['coordinates']} | {verdict} |"
                    )
                    print(lines[-1], file=sys.stderr, flush=True)
        return "\n".join(lines)

    def renders(self, mode: str) -> str:
        """The embedded model's labels of the demo shops' pictures in a mode, beside its float32 ones."""
        files = [str(path) for path in sorted((ROOT / "demo" / "pictures").glob("*.jpg"))]
        with ExitStack() as stack:
            ours = self._ours(stack)
            rows = ours("agreement", model="embedded", images=files, options=MODES["float32"], other=MODES[mode])
        return f"### The embedded model, {mode} beside float32\n\n{len(files)} renders: {_summary(rows['images'])}"


def _summary(rows: list[dict[str, Any]]) -> str:
    first, second = (sum(row["persons"][side] for row in rows) for side in (0, 1))
    return (
        f"{sum(row['matched'] for row in rows)} persons matched of {first} and {second}, boxes within "
        f"{max(row['box'] for row in rows):.5f} px, same part on {_pooled(rows):.4%} of the foreground (worst picture "
        f"{min(row['agreement'] for row in rows):.4%}), U and V within {max(row['coordinates'] for row in rows)}/255 "
        f"there."
    )


def _pooled(rows: list[dict[str, Any]]) -> float:
    return float(sum(row["agreeing"] for row in rows) / max(1, sum(row["foreground"] for row in rows)))


def _stages(answers: dict[str, list[dict[str, Any]]], count: int) -> list[str]:
    """Milliseconds a picture by stage, of the round with the median wall time, for the sides that run one by one."""
    chosen = {
        name: sorted(rounds, key=lambda one: one["wall"])[len(rounds) // 2]["stages"]
        for name, rounds in answers.items()
        if "stages" in rounds[0]
    }
    stages = list(dict.fromkeys(stage for one in chosen.values() for stage in one))
    lines = [f"| ms a picture | {' | '.join(chosen)} |", "|---" * (len(chosen) + 1) + "|"]
    for stage in stages:
        figures = [f"{one[stage] / count * 1000:.0f}" if stage in one else "" for one in chosen.values()]
        lines.append(f"| {stage} | {' | '.join(figures)} |")
    return lines


if __name__ == "__main__":
    main()
