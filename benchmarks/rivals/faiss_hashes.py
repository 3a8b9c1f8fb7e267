"""faiss on binary hashes: run by `cluster.py` in an environment of its own.

python benchmarks/rivals/faiss_hashes.py <folder with hashes.npy> <queries> <radius>
"""

from __future__ import annotations

import json
import sys
import time

import faiss
import numpy as np


def main() -> None:
    folder, queries, radius = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    faiss.omp_set_num_threads(2)
    codes = np.load(f"{folder}/hashes.npy").view(np.uint8).reshape(-1, 8)
    seconds = {}
    flat = faiss.IndexBinaryFlat(64)
    multi = faiss.IndexBinaryMultiHash(64, 4, 16)
    multi.nflip = radius // 4
    for name, index in (("IndexBinaryFlat", flat), ("IndexBinaryMultiHash", multi)):
        index.add(codes)
        wall, cpu = time.perf_counter(), time.process_time()
        limits, _, _ = index.range_search(codes[:queries], radius + 1)
        seconds[name] = time.perf_counter() - wall, time.process_time() - cpu
        assert limits[-1] >= queries  # each finds itself
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
