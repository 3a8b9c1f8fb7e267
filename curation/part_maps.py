"""The part maps that a source publishes as coloured pictures, read back into a label set.

HR-VITON's `image-densepose` paints each of the 24 parts in one colour of the PARULA palette and stores that as a JPEG,
whose edges bleed. A pixel is read exactly where its colour is nearer to one part's than half the way to the next, and
most of the 3 x 3 pixels around it say the same: between two parts the colours run through those of a third. The other
pixels get the nearest part, and are marked. On 11 rendered people painted so and stored with quality 95 (4:2:0), 91.8 %
of the body is exact and 0.07 % of that wrong, at quality 75 82.5 % and 0.5 %; without the neighbours it would be 0.6 %
and 1.4 %. The label set has one person a picture, as the colours run everybody together:

- `iuv` holds the parts; U and V are 0, as no colour tells them, and the set's charts are "none";
- `fine_segm_confidence` is 1 where the part was read exactly, else 0;
- `score` is the share of the body's pixels that were, and thereby stands in index.parquet;
- `weights_sha256` is that of the published picture: whatever model painted it is not in this dataset.

A picture whose map is missing, broken or of another size has status `error`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from curation.cache import WorkCache
from curation.errors import CurationError
from curation.progress import Progress
from curation.workers import map_surviving
from manifests.decoding import ImageError, decode
from manifests.instances import Instance
from manifests.labels import PART_SIZE, LabelRow, LabelSet
from manifests.palettes import PARULA, indices
from manifests.reasons import LabelStatus
from manifests.settings import fingerprint

VERSION = 1
"""Raised when the same map would be read otherwise."""

_GAPS = np.sort(np.linalg.norm(PARULA[:, None].astype(float) - PARULA[None].astype(float), axis=2), axis=1)[:, 1]
_EXACT: npt.NDArray[np.float32] = (_GAPS / 2).astype(np.float32)
"""float32 [25]: nearer than this to a part's colour, no other part's colour is as near."""

_MOST = 5  # of 3 x 3


@dataclass(frozen=True, slots=True)
class Published:
    """A picture and the part map that came with it.

    Attributes:
        part_map: the file; None if none was published.
        size: width and height of the picture in pixels, None if it cannot be decoded.
    """

    image_id: str
    part_map: Path | None
    size: tuple[int, int] | None


def read_back(
    labels: LabelSet, published: Sequence[Published], cache: WorkCache, workers: int, progress: Progress
) -> int:
    """Make the label set say what the published maps say; parts that already do are left alone.

    Args:
        labels: for instance `labels/hr-viton-densepose`.
        published: sorted by id.
        workers: processes; 0 takes every core.

    Returns:
        How many pictures were read.

    Raises:
        CurationError: a map kills the process that decodes it.
    """
    parts = [published[start : start + PART_SIZE] for start in range(0, len(published), PART_SIZE)]
    present = {
        number: list(zip(*(table[name].to_pylist() for name in ("image_id", "fingerprint")), strict=True))
        for number, table in labels.summaries(["image_id", "fingerprint"])
    }
    due: list[tuple[int, tuple[tuple[Published, str], ...]]] = []
    for number, part in enumerate(parts):
        digests = [_digest(one.part_map, cache) for one in part]
        wanted = [(one.image_id, _fingerprint(one, digest)) for one, digest in zip(part, digests, strict=True)]
        if present.pop(number, None) != wanted:
            due.append((number, tuple(zip(part, digests, strict=True))))
    for number in present:
        labels.remove_part(number)
    left = sum(len(pairs) for _, pairs in due)
    done = len(published) - left
    for (_, pairs), made in map_surviving(partial(_make_part, labels.root), due, workers or _cores()) if due else ():
        if made is None:
            ids = ", ".join(one.image_id for one, _ in pairs)
            raise CurationError(f"reading one of these part maps killed the process; take it out of its folder: {ids}")
        done += len(pairs)
        progress("read part maps", done, len(published))
    return left


def read_part_map(picture: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Read a map in PARULA's colours back.

    Args:
        picture: uint8 [H, W, 3] RGB.

    Returns:
        parts: uint8 [H, W], 0-24, the part with the nearest colour.
        exact: bool [H, W], False where the colour lies half the way to another part's or further, or most of the
            neighbours say something else.
    """
    parts, off = indices(picture, PARULA)
    near = off < _EXACT[parts]
    if not off.any():
        return parts, near  # stored without loss
    height, width = parts.shape
    around = np.pad(np.where(near, parts, np.uint8(255)), 1, constant_values=255)
    agreeing = sum(
        (around[y : y + height, x : x + width] == parts).astype(np.uint8) for y in range(3) for x in range(3)
    )
    return parts, near & (agreeing >= _MOST)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _make_part(root: Path, item: tuple[int, Sequence[tuple[Published, str]]]) -> bool:
    number, part = item
    LabelSet(root).write_part(number, [_row(root.name, one, digest) for one, digest in part], "none")
    return True


def _row(model: str, one: Published, digest: str) -> LabelRow:
    width, height = one.size or (None, None)
    facts = (one.image_id, model, digest, _fingerprint(one, digest))
    if one.part_map is None:
        return LabelRow(*facts, LabelStatus.ERROR, "no part map was published with it", width, height)
    try:
        picture = decode(one.part_map)
    except ImageError as error:
        return LabelRow(*facts, LabelStatus.ERROR, f"the part map cannot be read: {error}", width, height)
    if one.size != (picture.shape[1], picture.shape[0]):
        size = f"{picture.shape[1]}x{picture.shape[0]}"
        return LabelRow(*facts, LabelStatus.ERROR, f"the part map is {size}, unlike the picture", width, height)
    parts, exact = read_part_map(picture)
    instance = _instance(parts, exact)
    status = LabelStatus.OK if instance else LabelStatus.NO_PERSON
    return LabelRow(*facts, status, None, width, height, (instance,) if instance else ())


def _instance(parts: npt.NDArray[np.uint8], exact: npt.NDArray[np.bool_]) -> Instance | None:
    if not (exact & (parts > 0)).any():
        return None  # what is left are bleeding edges of nothing
    body = (parts > 0) | ~exact
    rows, columns = np.nonzero(body.any(axis=1))[0], np.nonzero(body.any(axis=0))[0]
    y0, y1, x0, x1 = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    iuv = np.zeros((y1 - y0, x1 - x0, 3), np.uint8)
    iuv[..., 0] = parts[y0:y1, x0:x1]
    sure = exact[y0:y1, x0:x1].astype(np.float16)
    score = float((exact & body).sum() / body.sum())
    box = (float(x0), float(y0), float(x1), float(y1))
    return Instance(box, score, (x0, y0, x1 - x0, y1 - y0), iuv, {"fine_segm_confidence": sure})


def _digest(path: Path | None, cache: WorkCache) -> str:
    """sha256 of a file, read only when it changed; empty for none."""
    if path is None:
        return ""
    state, place = path.stat(), path.resolve()
    digest = cache.file(place, state.st_size, state.st_mtime_ns)
    if digest is None:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        cache.remember_file(place, state.st_size, state.st_mtime_ns, digest)
    return digest


def _fingerprint(one: Published, digest: str) -> str:
    return fingerprint([VERSION, digest, one.size])
