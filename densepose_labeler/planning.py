"""What is left to do in a label set: which part files to write, with which images.

A part is at most 32 images in id order. A new image goes to a new part; an image whose label was made by other options
is redone in the part where it stands. Parts are written in any order: what a killed run left undone is whole parts, so
the next run cuts the same ones again and gives them the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, groupby
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from densepose_labeler.decoding_ahead import MISSING, Wanted
from manifests.labels import PART_SIZE, LabelSet
from manifests.reasons import LabelStatus

_COLUMNS = ["image_id", "fingerprint", "status", "error"]
_T = TypeVar("_T")


class LabelError(Exception):
    """Labelling cannot start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class PartPlan:
    """One part to write.

    Attributes:
        number: of the part file.
        redo: sorted ids of the images to label.
        keep: sorted ids of the rows in the present file that stay as they are.
    """

    number: int
    redo: tuple[str, ...]
    keep: tuple[str, ...] = ()


def plan_parts(
    labels: LabelSet, wanted: Iterable[str], fingerprint: str, is_stored: Callable[[str], bool]
) -> list[PartPlan]:
    """The parts to write so that every wanted image has a row with this fingerprint.

    Args:
        wanted: image ids.
        is_stored: whether the image store has a file; an image that was missing when it was labelled and is there now
            is labelled again.

    Raises:
        LabelError: a part file is damaged.
    """
    asked = set(wanted)
    plans: list[PartPlan] = []
    seen: set[str] = set()
    numbers: set[int] = set()
    for number, path in labels.parts():
        try:
            rows = pq.read_table(path, columns=_COLUMNS).to_pylist()
        except pa.ArrowException as error:
            raise LabelError(f"{path} is damaged ({error}): delete it and run the same command again") from error
        numbers.add(number)
        seen.update(row["image_id"] for row in rows)
        stale = {
            row["image_id"]
            for row in rows
            if row["image_id"] in asked
            and (row["fingerprint"] != fingerprint or (_was_missing(row) and is_stored(row["image_id"])))
        }
        if stale:
            keep = sorted(row["image_id"] for row in rows if row["image_id"] not in stale)
            plans.append(PartPlan(number, tuple(sorted(stale)), tuple(keep)))
    free = (number for number in count() if number not in numbers)
    plans += [PartPlan(next(free), ids) for ids in slices(sorted(asked - seen), PART_SIZE)]
    return plans


def batches(images: Sequence[Wanted], size: int) -> list[tuple[Wanted, ...]]:
    """Cut a part into batches of at most `size` images of one declared shape, in the order of shape and id.

    The cut depends on the images alone, so that a part made again passes through the network in the same batches.
    """
    ordered = sorted(images, key=lambda one: (one.height, one.width, one.image_id))
    same_shape = (list(group) for _, group in groupby(ordered, key=lambda one: (one.height, one.width)))
    return [batch for group in same_shape for batch in slices(group, size)]


def slices(items: Sequence[_T], size: int) -> Iterator[tuple[_T, ...]]:
    """Consecutive runs of at most `size` items."""
    return (tuple(items[start : start + size]) for start in range(0, len(items), size))


def _was_missing(row: dict[str, str | None]) -> bool:
    return row["status"] == LabelStatus.ERROR and (row["error"] or "").startswith(MISSING)
