"""Near duplicates: the best copy stays, the others point to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from curation.neighbours import Neighbours
from curation.records import ImageRecord
from manifests.reasons import CopyKind, ImageReason


def mark_duplicates(
    images: Sequence[ImageRecord], neighbours: Neighbours, published: Collection[str] = frozenset()
) -> Iterator[ImageRecord]:
    """Drop every picture that has a better copy among its neighbours.

    A copy may be mirrored. It is better if it has more pixels, then if it is less compressed (more bytes a pixel), then
    by the smaller id. Neighbours in other colours are not copies. A picture is only ever a duplicate of one that stays,
    to which it is itself close: similarity is not passed on along a chain. The pictures in `published` (ids) are better
    than all others and stay.
    """
    stays: dict[int, list[int]] = defaultdict(list)  # node -> the pictures that stay, best first
    found: dict[int, tuple[int, CopyKind, int]] = {}
    order = sorted(neighbours, key=lambda i: (images[i].image_id not in published, *_worse(images[i])))
    rank = {index: place for place, index in enumerate(order)}
    for index in order:
        node = neighbours.node(index)
        beside = ((other, kind, bits) for near, kind, bits in neighbours.near(node) for other in stays.get(near, ()))
        copies = sorted(beside, key=lambda one: (rank[one[0]], one[2]))
        copy = next((one for one in copies if neighbours.same_colours(index, one[0], one[1])), None)
        if copy is None or images[index].image_id in published:
            stays[node].append(index)
        else:
            found[index] = copy
    for index, image in enumerate(images):
        if index in found:
            other, kind, bits = found[index]
            yield replace(
                image,
                reason=ImageReason.NEAR_DUPLICATE,
                duplicate_of=images[other].image_id,
                duplicate_kind=kind,
                duplicate_distance=bits,
            )
        else:
            yield image


def _worse(image: ImageRecord) -> tuple[int, float, str]:
    """Ascending from the best copy to the worst."""
    return -image.pixels, -image.inspection.size / image.pixels, image.image_id
