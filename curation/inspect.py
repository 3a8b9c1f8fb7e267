"""Measure pictures: what each is, how large, how sharp, how exposed, and the signatures that copies are found by."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from curation import phash
from curation.cache import WorkCache
from curation.colours import colour_grid
from curation.measures import border_share, exposure, plain_share, sharpness
from curation.progress import Progress
from curation.records import ImageRecord, Inspection
from curation.workers import map_surviving
from manifests.decoding import ImageError, ImageHeader, decode_reduced, probe
from manifests.reasons import ImageReason
from manifests.settings import fingerprint

VERSION = 5
"""Raised when a measurement changes its meaning, so that remembered ones are not used."""

LEAST_SIDE = 256
"""Pixels that the longer side keeps when a picture is reduced for measuring (`manifests.decoding.decode_reduced`): the
least of the powers of two at which the perceptual hash stays within 2 bits of `imagehash`'s on 99 % of photographs."""

_COARSE = 4  # what looks at colours does with a picture four times smaller
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
    """Measure the picture at `path`; it is decoded once, to no more pixels than the measurements need.

    Bytes that are no picture, or break off, are `undecodable`; more than `max_pixels`, or parts that would keep a
    decoder busy, are `too_large` and never decoded; more than one frame is `animated`.

    Raises:
        OSError: the file cannot be read.
    """
    return measure(path.read_bytes(), max_pixels)


def measure(data: bytes, max_pixels: int) -> Inspection:
    """`inspect` for bytes."""
    header: ImageHeader | None = None
    try:
        header = probe(data)
        if header.frames > 1:
            return _unusable(header, data, ImageReason.ANIMATED, "more than one frame")
        image = decode_reduced(data, LEAST_SIDE, max_pixels)
    except ImageError as error:
        reason = ImageReason.TOO_LARGE if error.reason == ImageReason.TOO_LARGE else ImageReason.UNDECODABLE
        return _unusable(header, data, reason, str(error))
    luminance, coarse = image.convert("L"), image.reduce(_COARSE)
    grey, light = np.asarray(luminance), exposure(luminance.histogram())
    step = round(max(header.width, header.height) / max(image.size))
    coefficients = phash.coefficients(grey, (header.height / step, header.width / step))
    return Inspection(
        format=header.format,
        width=header.width,
        height=header.height,
        size=len(data),
        phash=phash.bits(coefficients),
        mirrored=phash.bits(phash.mirrored(coefficients)),
        colours=colour_grid(image, step, (header.width, header.height)),
        sharpness=sharpness(grey),
        brightness=light.brightness,
        dark=light.dark,
        light=light.light,
        border=border_share(grey),
        plain=plain_share(np.asarray(coarse)),
    )


def _unusable(header: ImageHeader | None, data: bytes, reason: ImageReason, detail: str) -> Inspection:
    if header is None:
        return Inspection(size=len(data), reason=reason, detail=detail)
    return Inspection(header.format, header.width, header.height, len(data), reason=reason, detail=detail)
