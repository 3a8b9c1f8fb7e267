"""Finding all neighbours among a million hashes, and what a thousand more cost; faiss as the rival.

    python -m benchmarks.cluster 1000000 --rival <python with faiss-cpu>

Hashes are uniform, with planted neighbours: for one in twenty, a copy with 1 to 8 bits changed, half of them as the
copy's mirror image. Every planted pair has to be found. The rival answers a sample of the queries on the same machine,
and its time for all is extrapolated, as it would take too long; it looks for plain neighbours only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from curation import alike, hamming
from curation.alike import Signatures, find_alike

RADIUS = 8


def planted(count: int, seed: int) -> tuple[Signatures, np.ndarray]:
    """uint64 [count, 2] signatures, and int64 [P, 2]: the rows of planted pairs."""
    rng = np.random.default_rng(seed)
    signatures = rng.integers(0, 2**64, (count, 2), dtype=np.uint64)
    copies = count // 20
    originals = np.arange(copies)
    rows = count - 1 - originals
    changed = np.zeros(copies, np.uint64)
    for _ in range(RADIUS):
        chosen = rng.random(copies) < 0.6
        changed |= np.where(chosen, np.uint64(1) << rng.integers(0, 64, copies, dtype=np.uint64), np.uint64(0))
    signatures[rows] = signatures[originals] ^ changed[:, None]
    signatures[rows[::2]] = signatures[rows[::2]][:, ::-1]  # these are mirrored
    return signatures, np.stack([originals, rows], axis=1)


def found_share(signatures: Signatures, pairs: np.ndarray, found: alike.Alike) -> float:
    """The share of planted pairs among the found ones."""
    places = alike.places_of(signatures, found)
    wanted = np.sort(places[pairs], axis=1)
    wanted = wanted[wanted[:, 0] != wanted[:, 1]]  # unchanged copies are one signature
    count = len(found.signatures)
    known = np.unique(found.pairs[:, 0] * count + found.pairs[:, 1])
    return float(np.isin(wanted[:, 0] * count + wanted[:, 1], known).mean())


def peak_mib() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--more", type=int, default=1_000, help="hashes added to what is known")
    parser.add_argument("--rival", type=Path, help="a Python that has faiss; left out without it")
    parser.add_argument("--queries", type=int, default=2_000, help="that the rival answers")
    settings = parser.parse_args()
    hamming.indexed_pairs(np.arange(9, dtype=np.uint64), None, 1)  # compile
    signatures, pairs = planted(settings.count, 0)
    wall, cpu = time.perf_counter(), time.process_time()
    found = find_alike(signatures, RADIUS)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    share = found_share(signatures, pairs, found)
    print(
        f"{len(found.signatures):,} signatures, plain and mirrored, radius {RADIUS}: {wall:.1f} s wall, {cpu:.1f} s CPU"
    )
    print(f"{len(found.pairs):,} pairs, {share:.4%} of {len(pairs):,} planted, at most {peak_mib():,} MiB")
    assert share == 1

    _, extra = np.split(planted(settings.count + settings.more, 1)[0], [settings.count])
    extra[: settings.more // 2] = signatures[: settings.more // 2] ^ np.uint64(0b101)
    grown = np.concatenate([signatures, extra])
    wall, cpu = time.perf_counter(), time.process_time()
    again = find_alike(grown, RADIUS, found)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{settings.more:,} more: {wall:.1f} s wall, {cpu:.1f} s CPU")
    if settings.count <= 1_000_000:  # it takes as long again
        scratch = find_alike(grown, RADIUS)
        same = np.array_equal(scratch.pairs, again.pairs) and np.array_equal(scratch.signatures, again.signatures)
        print(f"the same as from scratch: {same}")
    if settings.rival:
        with tempfile.TemporaryDirectory() as folder:
            np.save(f"{folder}/hashes.npy", signatures[:, 0])
            script = Path(__file__).parent / "rivals" / "faiss_hashes.py"
            command = [str(settings.rival), str(script), folder, str(settings.queries), str(RADIUS)]
            answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, stderr=sys.stderr).stdout
        for name, (wall, cpu) in json.loads(answer).items():
            whole = settings.count / settings.queries
            print(
                f"faiss {name}: {wall:.2f} s wall, {cpu:.2f} s CPU for {settings.queries:,} queries, "
                f"so {wall * whole:,.0f} s wall, {cpu * whole:,.0f} s CPU for all, plain only"
            )


if __name__ == "__main__":
    main()
