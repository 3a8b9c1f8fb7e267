"""Training pictures from `shard-*.npz` files, which may still be arriving while training runs."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

FIELDS = ("image", "iuv", "instance")


@dataclass(frozen=True)
class Sample:
    """One picture with its labels, all in one frame.

    image: uint8 [H, W, 3] RGB.
    iuv: uint8 [H, W, 3], part 0-24, U * 255, V * 255 (truncated).
    instance: uint8 [H, W], 0 where there is nobody, else the person's number.
    """

    image: NDArray[np.uint8]
    iuv: NDArray[np.uint8]
    instance: NDArray[np.uint8]


class ShardPool:
    """The pictures of every complete shard in `folder`, memory-mapped from an unpacked copy in `cache`."""

    def __init__(self, folder: Path, cache: Path | None = None, pattern: str = "shard-*.npz") -> None:
        self._folder = Path(folder)
        self._pattern = pattern
        self._scratch = tempfile.TemporaryDirectory(prefix="shards-") if cache is None else None
        self._cache = Path(self._scratch.name) if self._scratch is not None else Path(cache or "")
        self._shards: dict[str, dict[str, NDArray[np.uint8]]] = {}
        self._notes: dict[str, list[dict[str, Any]]] = {}
        self._ends: NDArray[np.int64] = np.zeros(0, np.int64)
        self.refresh()

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, index: int) -> Sample:
        name, row = self._place(index)
        return Sample(*(np.asarray(self._shards[name][field][row]) for field in FIELDS))

    def notes(self, index: int) -> dict[str, Any]:
        """What the renderer wrote down about a picture (its framing, its people); empty where it wrote nothing."""
        name, row = self._place(index)
        return self._notes[name][row] if self._notes[name] else {}

    def _place(self, index: int) -> tuple[str, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"picture {index} of {len(self)}")
        number = int(np.searchsorted(self._ends, index, side="right"))
        return list(self._shards)[number], index - (int(self._ends[number - 1]) if number else 0)

    def refresh(self) -> int:
        """Take in shards that have appeared since; returns how many. A shard still being written is left for later."""
        added = 0
        for path in sorted(self._folder.glob(self._pattern)):
            if path.name in self._shards:
                continue
            try:
                self._shards[path.name] = self._unpack(path)
                added += 1
            except (zipfile.BadZipFile, EOFError, ValueError, KeyError, OSError):
                continue
        self._ends = np.cumsum([len(arrays["image"]) for arrays in self._shards.values()], dtype=np.int64)
        return added

    def _unpack(self, path: Path) -> dict[str, NDArray[np.uint8]]:
        target = self._cache / path.stem
        target.mkdir(parents=True, exist_ok=True)
        arrays = {}
        with np.load(path, allow_pickle=False) as archive:
            for field in FIELDS:
                place = target / f"{field}.npy"
                if not place.exists():
                    part = place.with_suffix(f".{os.getpid()}.part")
                    with part.open("wb") as handle:
                        npy.write_array(handle, archive[field], allow_pickle=False)
                    part.rename(place)
                arrays[field] = np.load(place, mmap_mode="r", allow_pickle=False)
            self._notes[path.name] = json.loads(str(archive["meta"])) if "meta" in archive.files else []
        lengths = {len(array) for array in arrays.values()}
        if len(lengths) != 1:
            raise ValueError(f"{path}: image, iuv and instance differ in length")
        return arrays
