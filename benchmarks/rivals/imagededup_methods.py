"""imagededup's hashes without its networks: run by `dedup.py` and `hash.py` in an environment of its own.

    python benchmarks/rivals/imagededup_methods.py <folder> hashes     all hashes of the files, as JSON
    python benchmarks/rivals/imagededup_methods.py <folder> rounds     one timing of PHash for every line read

The package imports torch and torchvision for its CNN, which is not used here; empty modules stand in for them.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import types
from pathlib import Path


class _Absent(types.ModuleType):
    def __getattr__(self, name: str) -> type:
        return type(name, (), {})


for module in ("torch", "torch.utils", "torch.utils.data", "torchvision", "torchvision.models",
               "torchvision.transforms"):  # fmt: skip
    sys.modules[module] = _Absent(module)
sys.modules["torchvision"].models = sys.modules["torchvision.models"]  # type: ignore[attr-defined]

from imagededup.methods import AHash, DHash, PHash, WHash  # noqa: E402

logging.disable(logging.INFO)
METHODS = {"PHash": PHash, "AHash": AHash, "DHash": DHash, "WHash": WHash}


def main() -> None:
    paths, task = sorted(Path(sys.argv[1]).glob("*.jpg")), sys.argv[2]
    if task == "hashes":
        made = {name: kind(verbose=False) for name, kind in METHODS.items()}
        print(json.dumps({name: {path.name: one.encode_image(path) for path in paths} for name, one in made.items()}))
        return
    hasher = PHash(verbose=False)
    for _ in sys.stdin:
        start, cpu = time.perf_counter(), time.process_time()
        for path in paths:
            hasher.encode_image(path)
        print(json.dumps([time.perf_counter() - start, time.process_time() - cpu, len(paths)]), flush=True)


if __name__ == "__main__":
    main()
