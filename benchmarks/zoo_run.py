"""All 27 official networks over a few pictures, twice: undisturbed, and killed again and again and resumed.

The networks have seeded weights (no download), and the surest detection of each picture is labelled, which such
weights always give. Both runs are real processes of the labelling job; the killed one gets SIGKILL once the labels
finished so far reach each of `--kill-at`. Every file of both datasets' labels is then compared byte by byte.

    python -m benchmarks.zoo_run /tmp/zoo_run --threads 1
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import re
import signal
import subprocess
import sys
import time
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from densepose_labeler import zoo
from densepose_labeler.config import LabelConfig
from densepose_labeler.index import build_index
from densepose_labeler.job import label
from tests.densepose_labeler.engine.reference import OFFICIAL, REFERENCE, seeded_weights
from tests.densepose_labeler.small_world import World, add_pictures

RESULTS = Path(__file__).parent / "results" / "zoo_run.md"


def main() -> None:
    arguments = _arguments()
    cache = arguments.folder / "cache"
    os.environ["VESTIARY_CACHE"] = str(cache)
    if arguments.child is not None:
        return _child(arguments)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    _write_zoo(arguments.folder / "zoo.toml")
    names = OFFICIAL[: arguments.models]
    begun = time.perf_counter()
    for name in names:
        _write_weights(cache, name)
    print(f"weights of {len(names)} networks: {time.perf_counter() - begun:.0f} s", flush=True)
    undisturbed, killed = (World(arguments.folder / name, cache, Path()) for name in ("undisturbed", "killed"))
    for world in (undisturbed, killed):
        add_pictures(world, [_picture(n, arguments.side) for n in range(arguments.images)])
    total = len(names) * arguments.images
    seconds = _run(arguments, undisturbed, None)
    moments = [moment for moment in arguments.kill_at if moment < total]
    resumed = [_run(arguments, killed, moment) for moment in (*moments, None)]
    same = _labels(undisturbed) == _labels(killed)
    files = len(_labels(undisturbed))
    _report(arguments, len(names), seconds, moments, resumed, files, same)
    if not same:
        sys.exit("the labels differ")


def _run(arguments: argparse.Namespace, world: World, kill_at: int | None) -> float:
    """Seconds of one process of the job, killed once it has said that `kill_at` labels are done."""
    command = [sys.executable, "-m", "benchmarks.zoo_run", *sys.argv[1:], "--child", str(world.dataset)]
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if kill_at is not None and line.startswith("done ") and int(line.split()[1]) >= kill_at:
                process.send_signal(signal.SIGKILL)
                break
            if not line.startswith("done "):
                print(line, end="", flush=True)
    seconds = time.perf_counter() - begun
    assert process.returncode == (0 if kill_at is None else -signal.SIGKILL), process.returncode
    print(
        f"{world.root.name}: {seconds:.0f} s, " + ("finished" if kill_at is None else f"killed at {kill_at}"),
        flush=True,
    )
    return seconds


def _child(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    sets = {f"side_{name}": {"base": f"seeded_{name}", "min_size": arguments.min_size} for name in OFFICIAL}
    config = LabelConfig.model_validate(
        {
            "zoo": arguments.folder / "zoo.toml", "sets": sets, "score_threshold": 0.0, "max_detections": 1,
            "device": arguments.device, "threads": arguments.threads,
        }
    )  # fmt: skip
    names = list(sets)[: arguments.models]
    total = len(names) * arguments.images
    found = 0

    def progress(stage: str, done: int, of: int) -> None:
        if stage == "label":
            print(f"done {total - of + done}", flush=True)

    summary = label(arguments.child, names, config, progress=progress)
    found = sum(one.persons for one in summary.sets)
    build_index(arguments.child)
    print(f"labelled {summary.labelled}, persons {found}, {summary.seconds}", flush=True)


def _write_zoo(path: Path) -> None:
    """The official models' networks under other names, whose weights no published checksum holds."""
    text = Path(zoo.__file__).with_name("models.toml").read_text()
    text = re.sub(r"(?m)^(url|sha256|bytes|metrics) = .*\n", "", text)
    text = text[: text.index("[models.embedded]")] + text[text.index("[models.R_50_FPN_s1x_legacy]") :]
    path.write_text(re.sub(r"(?m)^\[models\.(\w+)\]$", r'[models.seeded_\1]\nfile = "\1.pkl"', text))


def _write_weights(cache: Path, name: str) -> None:
    path = cache / "models" / f"seeded_{name}" / f"{name}.pkl"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        state = OrderedDict(seeded_weights.seeded_state_dict(name))
        part = path.with_suffix(".part")
        part.write_bytes(pickle.dumps({"model": state, "__author__": "seeded"}, 3))
        part.rename(path)


def _picture(number: int, side: int) -> bytes:
    """A JPEG of the reference's person, shifted and shaded, `side` wide."""
    import io

    whole = np.asarray(Image.open(REFERENCE / "person.png").convert("RGB"))
    shaded = np.roll(whole, 37 * number, axis=1).astype(np.float32) * (1 - 0.03 * number)
    buffer = io.BytesIO()
    picture = Image.fromarray(shaded.astype(np.uint8)).resize((side, side * 4 // 3), Image.Resampling.LANCZOS)
    picture.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def _labels(world: World) -> dict[str, bytes]:
    files = [path for path in sorted(world.dataset.glob("labels/*/*")) if path.is_file()]
    return {
        str(path.relative_to(world.dataset)): path.read_bytes() for path in (*files, world.dataset / "index.parquet")
    }


def _report(
    arguments: argparse.Namespace, models: int, seconds: float, moments: list[int], resumed: list[float], files: int,
    same: bool,
) -> None:  # fmt: skip
    total = models * arguments.images
    figures = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}",
        "load": f"{os.getloadavg()[2]:.1f} (15 minutes, other work on the machine included)",
        "work": f"{arguments.images} pictures {arguments.side}x{arguments.side * 4 // 3} x {models} models, "
        f"network input min_size {arguments.min_size}, one detection a picture, {arguments.device}, "
        f"{arguments.threads} thread(s)",
        "undisturbed": f"{seconds:.0f} s wall, {seconds / total:.2f} s a label, start and loading of networks included",
        "killed at": f"{', '.join(map(str, moments))} of {total} labels",
        "killed and resumed": f"{sum(resumed):.0f} s wall in {len(resumed)} processes: "
        + ", ".join(f"{one:.0f}" for one in resumed),
        "same bytes": f"{'yes' if same else 'NO'}, all {files} files",
    }
    print(json.dumps(figures, indent=2))
    if arguments.record:
        text = RESULTS.read_text() if RESULTS.is_file() else "# All 27 networks, killed and resumed\n\n`zoo_run.py`.\n"
        lines = "\n".join(f"| {key} | {value} |" for key, value in figures.items())
        RESULTS.write_text(f"{text}\n| | |\n| --- | --- |\n{lines}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where weights (16 GB with their copies) and both datasets are made")
    parser.add_argument("--images", type=int, default=10)
    parser.add_argument("--models", type=int, default=27, help="only the first so many")
    parser.add_argument(
        "--side", type=int, default=768, help="width of the pictures, pixels; their height is 4/3 of it"
    )
    parser.add_argument("--min-size", type=int, default=800, help="short side of the network's input, pixels")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--kill-at", type=int, nargs="*", default=[3, 90, 171, 262], help="labels done, ascending")
    parser.add_argument("--record", action="store_true", help=f"append the figures to {RESULTS.name}")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
