"""Does curation stay flat in memory, and finish after kills?  `python benchmarks/curate_scale.py --work DIR`

So many small pictures are drawn from a seed: products of four shots each, of which some are stored twice at another
quality. They are curated twice: once in peace, with the memory of the process and of its workers watched, and once
killed with SIGKILL, workers and all, at marks in every step, each time to be started again. Both runs must leave the
same bytes. The labels of the screening model are planted: a model would take hours for what is not measured here.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from curation.config import CurationConfig
from curation.run import candidates, curate, screen_and_split
from curation.verification import verify
from manifests.instances import Instance
from manifests.labels import PART_SIZE, LabelRow, LabelSet
from manifests.reasons import LabelStatus

SIZE = (96, 128)
SHOTS = 4
COPIES = 0.1
KILLS = ("ingest shop 30%", "ingest shop 90%", "inspect 20%", "inspect 60%", "deduplicate 0%", "deduplicate 100%",
         "label 50%", "screen 0%", "split 0%")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument(
        "--work", type=Path, required=True, help="a directory for pictures and datasets, made if absent"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--step", choices=["curate"], help=argparse.SUPPRESS)
    parser.add_argument("--dataset", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    config = configuration(options.work, options.images, options.workers)
    if options.step:
        work(options.dataset, config)
        return
    begun = time.monotonic()
    generate(options.work / "photos", options.images, options.workers)
    print(f"{options.images} pictures drawn in {time.monotonic() - begun:.0f} s", flush=True)
    calm, rough = options.work / "calm", options.work / "rough"
    for dataset in (calm, rough):
        shutil.rmtree(dataset, ignore_errors=True)
    watch(calm, options)
    for mark in KILLS:
        kill_at(mark, rough, options)
    run_to_the_end(rough, options)
    same = digests(calm) == digests(rough)
    print(f"after {len(KILLS)} kills the same bytes in {len(digests(calm))} files: {same}")
    print(f"half-written files left: {sum(1 for _ in rough.rglob('*.part'))}")
    begun = time.monotonic()
    found = verify(calm)
    print(f"split verify: {time.monotonic() - begun:.1f} s, smallest distance {found.proof.smallest_distance}, "
          f"{found.lookalikes} pairs looked at, {found.proof.images}")  # fmt: skip
    if not same:
        sys.exit(1)


def configuration(work: Path, images: int, workers: int) -> CurationConfig:
    folder = {"path": work / "photos", "source": "shop", "gender": "women", "csv": work / "photos" / "facts.csv"}
    return CurationConfig.model_validate({
        "workers": workers,
        "min_size": 64,
        "sources": {"ledger": False, "folders": [folder]},
        "split": {"eval": [{"source": "shop", "count": max(1, images // 500)}]},
    })  # fmt: skip


def work(dataset: Path, config: CurationConfig) -> None:
    """One run of all steps; what is done is skipped."""
    curate(dataset, config, say)
    plant_labels(dataset)
    result = screen_and_split(dataset, config, say)
    print("finished 100%", result.images, result.kept, dict(result.dropped), result.groups, flush=True)


def say(stage: str, done: int, total: int) -> None:
    """A line at every hundredth, with what this process holds."""
    if total and (done * 100) // total != ((done - 1) * 100) // total:
        print(f"{stage} {done * 100 // total}%", flush=True)


def plant_labels(dataset: Path) -> None:
    """Somebody stands on every picture; parts that are there stay."""
    labels = LabelSet(dataset / "labels" / "embedded")
    ids = candidates(dataset)
    present = {number for number, _ in labels.parts()}
    iuv = np.zeros((24, 12, 3), np.uint8)
    iuv[..., 0] = np.repeat(np.array([23, 2, 17, 21, 9, 13, 10, 5], np.uint8), 3)[:, None]
    person = Instance((20.0, 8.0, 76.0, 120.0), 0.9, (40, 50, 12, 24), iuv)
    numbers = range(-(-len(ids) // PART_SIZE))
    for number in numbers:
        if number not in present:
            part = ids[number * PART_SIZE : (number + 1) * PART_SIZE]
            facts = ("embedded", "w" * 64, "f" * 64, LabelStatus.OK, None, *SIZE, (person,))
            labels.write_part(number, [LabelRow(one, *facts) for one in part])
        say("label", number + 1, len(numbers))


def generate(folder: Path, images: int, workers: int) -> None:
    """The pictures and their CSV file; those that are there stay."""
    if (folder / "facts.csv").exists():
        return
    originals = round(images / (1 + COPIES))
    copies = images - originals
    with ProcessPoolExecutor(workers) as pool:
        names = [name for made in pool.map(draw, *zip(*jobs(folder, originals, copies), strict=True)) for name in made]
    with (folder / "facts.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "product_id"])
        writer.writerows([name, f"p{int(Path(name).name.split('-')[0]) // SHOTS}"] for name in names)


def jobs(folder: Path, originals: int, copies: int) -> Iterator[tuple[Path, int, int, int]]:
    for start in range(0, originals, 1000):
        yield folder, start, min(start + 1000, originals), copies


def draw(folder: Path, start: int, stop: int, copies: int) -> list[str]:
    """Smooth scenes of random colours with a figure; the first `copies` are stored a second time."""
    place = folder / f"{start // 1000:03}"
    place.mkdir(parents=True, exist_ok=True)
    names = []
    for seed in range(start, stop):
        rng = np.random.default_rng(seed)
        coarse = Image.fromarray(rng.integers(20, 236, (9, 8, 3), dtype=np.uint8))
        image = np.asarray(coarse.resize(SIZE, Image.Resampling.BICUBIC)).copy()
        x, y = int(rng.integers(0, 60)), int(rng.integers(0, 80))
        image[y : y + 40, x : x + 30] = rng.integers(0, 256, 3)
        for quality in (90, 60) if seed < copies else (90,):
            buffer = io.BytesIO()
            Image.fromarray(image).save(buffer, "JPEG", quality=quality)
            path = place / f"{seed:06}-{quality}.jpg"
            path.write_bytes(buffer.getvalue())
            names.append(path.relative_to(folder).as_posix())
    return names


def start(dataset: Path, options: argparse.Namespace) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--step", "curate", "--dataset", str(dataset), "--images", str(options.images),
               "--work", str(options.work), "--workers", str(options.workers)]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


def watch(dataset: Path, options: argparse.Namespace) -> None:
    """Run to the end and print, for every step, its time and the memory at its quarters."""
    begun = last = time.monotonic()
    stage, worst, worst_worker = "", 0, 0
    with start(dataset, options) as process:
        assert process.stdout is not None
        print(f"{'step':<16}{'done':>6}{'seconds':>9}{'process MB':>12}{'workers MB':>12}", flush=True)
        for line in process.stdout:
            name, percent = line.split("%")[0].rsplit(" ", 1)
            now = time.monotonic()
            own, workers = memory(process.pid), max((memory(pid) for pid in children(process.pid)), default=0)
            worst, worst_worker = max(worst, own), max(worst_worker, workers)
            if int(percent) % 25 == 0 or name != stage:
                print(f"{name:<16}{percent:>5}%{now - last:>9.1f}{own:>12}{workers:>12}", flush=True)
                last, stage = now, name
            if name == "finished":
                print(line.strip())
    print(f"all in {time.monotonic() - begun:.0f} s; at most {worst} MB, {worst_worker} MB in a worker", flush=True)
    if process.returncode:
        sys.exit("the run in peace failed")


def kill_at(mark: str, dataset: Path, options: argparse.Namespace) -> None:
    process = start(dataset, options)
    assert process.stdout is not None
    begun = time.monotonic()
    seen = next((line for line in process.stdout if line.split("%")[0] == mark.rstrip("%")), None)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    said = "killed" if seen else "not reached, as it was done"
    print(f"kill at {mark}: {said} after {time.monotonic() - begun:.0f} s", flush=True)


def run_to_the_end(dataset: Path, options: argparse.Namespace) -> None:
    process = start(dataset, options)
    process.communicate()
    if process.returncode:
        sys.exit("the run after the kills failed")


def memory(pid: int) -> int:
    """Resident megabytes, without what is shared with files; 0 if the process is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) // 1000 for line in text.splitlines() if line.startswith("RssAnon")), 0)


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def digests(dataset: Path) -> dict[str, str]:
    """Everything but the stage's own cache and the pictures, which are named by their contents."""
    paths = [path for path in dataset.rglob("*") if path.is_file() and "cache.sqlite" not in path.name]
    return {
        path.relative_to(dataset).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(paths)
        if path.parent.parent.name != "images"
    }


if __name__ == "__main__":
    main()
