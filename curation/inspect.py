"""Measure pictures: what each is, how large, how sharp, and the two signatures that near duplicates are found by."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

from curation.cache import WorkCache
from curation.colours import colour_grid
from curation.progress import Progress
from curation.records import ImageRecord, Inspection
from curation.workers import map_surviving
from manifests.decoding import ImageError, ImageHeader, decode, probe
from manifests.reasons import ImageReason
from manifests.settings import fingerprint

VERSION = 1
"""Raised when a measurement changes its meaning, so that remembered ones are not used."""

_SHARPNESS_SIDE = 512
_BATCH = 64  # measurements remembered together: the most that a killed run does again


def inspect_images(
    images: Iterable[ImageRecord], dataset: Path, cache: WorkCache, max_pixels: int, workers: int, progress: Progress
) -> Iterator[ImageRecord]:
    """Measure every picture that the cache does not know, in `workers` processes (0: one a core).

    A picture that kills its process is `undecodable`, and is tried again by the next run.

    Yields:
        The records in the order they came, with `inspection` and, if it is unusable, `reason`.
    """
    images = list(images)
    key = fingerprint({"version": VERSION, "max_pixels": max_pixels})
    known = cache.inspections(key)
    unknown = [(image.image_id, dataset / image.path) for image in images if image.image_id not in known]
    batch: dict[str, Inspection] = {}
    done = len(images) - len(unknown)
    progress("inspect", done, len(images))
    try:
        for (image_id, path), measured in map_surviving(partial(_inspect_item, max_pixels), unknown, _count(workers)):
            if measured is None:
                died = "decoding it killed the process"
                known[image_id] = Inspection(size=path.stat().st_size, reason=ImageReason.UNDECODABLE, detail=died)
            else:
                known[image_id] = batch[image_id] = measured
            done += 1
            progress("inspect", done, len(images))
            if len(batch) >= _BATCH:
                cache.remember_inspections(key, batch.items())
                batch = {}
    finally:
        cache.remember_inspections(key, batch.items())
    for image in images:
        inspection = known[image.image_id]
        yield replace(image, inspection=inspection, reason=inspection.reason)


def _inspect_item(max_pixels: int, item: tuple[str, Path]) -> Inspection:
    return inspect(item[1], max_pixels)


def _count(workers: int) -> int:
    return workers or len(os.sched_getaffinity(0))


def inspect(path: Path, max_pixels: int) -> Inspection:
    """Measure the picture at `path`; it is decoded once.

    Bytes that are no picture, or break off, are `undecodable`; more than `max_pixels` are `too_large` and never
    decoded; more than one frame is `animated`.

    Raises:
        OSError: the file cannot be read.
    """
    data = path.read_bytes()
    header: ImageHeader | None = None
    try:
        header = probe(data)
        if header.frames > 1:
            return _unusable(header, data, ImageReason.ANIMATED, f"{header.frames} frames")
        rgb = decode(data, max_pixels)
    except ImageError as error:
        reason = ImageReason.TOO_LARGE if error.reason == ImageReason.TOO_LARGE else ImageReason.UNDECODABLE
        return _unusable(header, data, reason, str(error))
    image = Image.fromarray(rgb)
    grey = image.convert("L")  # what both of its readers would do first
    return Inspection(
        format=header.format,
        width=image.width,
        height=image.height,
        size=len(data),
        phash=perceptual_hash(grey),
        colours=colour_grid(image),
        sharpness=sharpness(grey),
    )


def perceptual_hash(image: Image.Image) -> int:
    """`imagehash.phash` with its defaults, as a number: 8 x 8 bits, row-major, first bit highest."""
    return int.from_bytes(np.packbits(imagehash.phash(image).hash).tobytes(), "big")


def sharpness(image: Image.Image) -> float:
    """Variance of the Laplacian of luminance 0..255, the longer side reduced by a whole factor to at most 512 pixels.

    Reducing first makes pictures of different sizes comparable. Below about 20, a photograph looks blurred.
    """
    grey = image.convert("L")
    grey = grey.reduce(max(1, -(-max(grey.size) // _SHARPNESS_SIDE)))
    light: npt.NDArray[np.int16] = np.asarray(grey).astype(np.int16)
    if min(light.shape) < 3:
        return 0.0
    laplacian = light[:-2, 1:-1] + light[2:, 1:-1] + light[1:-1, :-2] + light[1:-1, 2:] - 4 * light[1:-1, 1:-1]
    return round(float(laplacian.var()), 3)


def _unusable(header: ImageHeader | None, data: bytes, reason: ImageReason, detail: str) -> Inspection:
    if header is None:
        return Inspection(size=len(data), reason=reason, detail=detail)
    return Inspection(header.format, header.width, header.height, len(data), reason=reason, detail=detail)
