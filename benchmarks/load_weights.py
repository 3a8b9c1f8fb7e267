"""Loading an official network: from its pickle at first use, and from the converted copy afterwards.

python -m benchmarks.load_weights /tmp/load_weights --rounds 5
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import pickle
import statistics
import time
from collections import OrderedDict
from pathlib import Path

import torch

from densepose_labeler import checkpoints, checksums, converted, zoo
from tests.densepose_labeler.engine.reference import seeded_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="becomes the weights cache of this run")
    parser.add_argument("--model", default="R_50_FPN_s1x")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    os.environ[checkpoints.CACHE_VARIABLE] = str(arguments.folder)
    spec = dataclasses.replace(zoo.get(arguments.model), sha256=None, bytes=None)
    path = checkpoints.cached_path(spec)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file():
        state = OrderedDict(seeded_weights.seeded_state_dict(spec.name))
        path.write_bytes(pickle.dumps({"model": state, "__author__": "seeded"}, 3))
    times: dict[str, list[tuple[float, float]]] = {"pickle": [], "pickle, checked and converted": [], "copy": []}
    for _ in range(arguments.rounds):
        for left in (converted.copy_path(path), *path.parent.glob("*.sha256")):
            left.unlink(missing_ok=True)
        times["pickle"].append(_timed(lambda: (checksums.sha256(path), checkpoints.check(spec, path))))
        times["pickle, checked and converted"].append(_timed(lambda: checkpoints.load(spec)))
        _age(path)
        checkpoints.load(spec)  # records that the files have settled
        times["copy"].append(_timed(lambda: checkpoints.load(spec)))
    print(f"{spec.name}, {path.stat().st_size / 1e6:.0f} MB, one thread, {arguments.rounds} rounds, medians:")
    for what, measured in times.items():
        wall, processor = (statistics.median(column) for column in zip(*measured, strict=True))
        print(f"{what:32} {wall:6.2f} s wall {processor:6.2f} s CPU")


def _timed(call: object) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    call()  # type: ignore[operator]
    return time.perf_counter() - wall, time.process_time() - processor


def _age(path: Path) -> None:
    """Files older than a clock's tick, as they are at any second use."""
    for file in (path, converted.copy_path(path)):
        then = time.time_ns() - 10**10
        os.utime(file, ns=(then, then))


if __name__ == "__main__":
    main()
