"""Near duplicates: the best copy stays, the others point to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from curation.neighbours import Neighbours
from curation.records import ImageRecord
from manifests.reasons import ImageReason


def mark_duplicates(
    images: Sequence[ImageRecord], neighbours: Neighbours, published: Collection[str] = frozenset()
) -> Iterator[ImageRecord]:
    """Drop every picture that has a better copy among its neighbours.

    A copy is better if it has more pixels, then if it is less compressed (more bytes a pixel), then by the smaller id.
    Neighbours in other colours are not copies. A picture is only ever a duplicate of one that stays, to which it is
    itself close: similarity is not passed on along a chain. The pictures in `published` (ids) are better than all
    others and stay.
    """
    stays: dict[int, list[int]] = defaultdict(list)  # hash -> the pictures that stay, best first
    better: dict[int, str] = {}
    order = sorted(neighbours, key=lambda i: (images[i].image_id not in published, *_worse(images[i])))
    rank = {index: place for place, index in enumerate(order)}
    for index in rank:
        phash = neighbours.phash(index)
        near = sorted((other for value in neighbours.hashes(phash) for other in stays[value]), key=rank.__getitem__)
        copy = next((other for other in near if neighbours.same_colours(index, other)), None)
        if copy is None or images[index].image_id in published:
            stays[phash].append(index)
        else:
            better[index] = images[copy].image_id
    for index, image in enumerate(images):
        if index in better:
            yield replace(image, reason=ImageReason.NEAR_DUPLICATE, duplicate_of=better[index])
        else:
            yield image


def _worse(image: ImageRecord) -> tuple[int, float, str]:
    """Ascending from the best copy to the worst."""
    return -image.pixels, -image.inspection.size / image.pixels, image.image_id
