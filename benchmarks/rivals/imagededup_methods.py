"""imagededup's hashes without its networks: run by `dedup.py` and `hash.py` in an environment of its own.

    python benchmarks/rivals/imagededup_methods.py <folder> hashes     all hashes of the files, as JSON
    python benchmarks/rivals/imagededup_methods.py <folder> rounds     one timing of PHash for every line read

The package imports torch and torchvision for its CNN, which is not used here; empty modules stand in for them.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import logging
import sys
import time
import types
from pathlib import Path


class _Attributes(type):
    def __getattr__(cls, name: str) -> type:
        return cls


class _Anything(metaclass=_Attributes):
    """Stands for any class or function; what is made of it is never used."""

    def __init__(self, *_: object, **__: object) -> None:
        pass


class _Absent(types.ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Makes an empty module of every part of torch and torchvision that is asked for."""

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        wanted = name.split(".")[0] in ("torch", "torchvision")
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if wanted else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Absent(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


sys.meta_path.insert(0, _Finder())

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
