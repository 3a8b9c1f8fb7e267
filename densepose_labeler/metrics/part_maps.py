"""Part maps: of labels, of files that hold the truth, and what two of them have in common."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from densepose_labeler.metrics.pixels import mean_part_iou
from manifests.instances import flatten
from manifests.labels import LabelRow
from manifests.palettes import PARULA

PartMap = NDArray[np.uint8]
Counts = NDArray[np.int64]


class TruthError(Exception):
    """Ground truth that cannot be read; the message says which file and why."""


def part_map(row: LabelRow) -> PartMap:
    """All persons of an image on one map, uint8 [height, width], the surest on top."""
    return np.ascontiguousarray(flatten(row.instances, row.height or 0, row.width or 0)[..., 0])


def joint_counts(maps: Sequence[PartMap]) -> list[Counts]:
    """Pixels by the part in the one and in the other map, [25, 25] each, for the pairs in `itertools.combinations`
    order.

    Raises:
        ValueError: the maps are not of one shape.
    """
    if len({one.shape for one in maps}) > 1:
        raise ValueError(f"part maps of one image have several shapes: {sorted({one.shape for one in maps})}")
    pairs = np.array(list(combinations(range(len(maps)), 2)), np.int64).reshape(-1, 2)
    if not len(pairs):
        return []
    stack = np.stack([one.ravel() for one in maps])
    somebody = stack.any(axis=0)
    counts = _joint_counts(np.ascontiguousarray(stack[:, somebody]), pairs)
    counts[:, 0, 0] += np.count_nonzero(~somebody)
    return list(counts)


def part_iou(counts: Counts) -> float:
    """Mean IoU of the parts that occur in either of two maps, from their joint counts [25, 25]; 1 if none occurs."""
    mean = float(mean_part_iou(counts))
    return 1.0 if math.isnan(mean) else mean


def read_truth(folder: Path, image_ids: Iterable[str]) -> dict[str, PartMap]:
    """Part maps from `<image_id>.png` files: grey or palette pictures of part numbers 0-24, or colour pictures whose
    red channel is the part (the IUV layout).

    Raises:
        TruthError: the folder is not there, has a map of none of the images, or a file is no part map.
    """
    if not folder.is_dir():
        raise TruthError(f"there is no folder {folder}")
    found = {one: _read(path) for one in sorted(image_ids) if (path := folder / f"{one}.png").is_file()}
    if not found:
        raise TruthError(f"{folder} has a part map for none of the images: their names are <image_id>.png")
    return found


@numba.njit(cache=True)
def _joint_counts(stack: NDArray[np.uint8], pairs: NDArray[np.int64]) -> Counts:
    counts = np.zeros((len(pairs), 25, 25), np.int64)
    for number in range(len(pairs)):
        one, other, table = stack[pairs[number, 0]], stack[pairs[number, 1]], counts[number]
        for pixel in range(stack.shape[1]):
            table[one[pixel], other[pixel]] += 1
    return counts


def _read(path: Path) -> PartMap:
    try:
        with Image.open(path) as picture:
            pixels = np.asarray(picture if picture.mode in ("P", "L") else picture.convert("RGB"))
    except (OSError, ValueError) as error:
        raise TruthError(f"{path} cannot be read as a part map: {error}") from error
    parts = np.ascontiguousarray(pixels if pixels.ndim == 2 else pixels[..., 0])
    if parts.dtype != np.uint8 or parts.max(initial=0) >= len(PARULA):
        raise TruthError(f"{path} is no part map: it has values above 24")
    return parts
