"""Groups: images that must not be split apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from curation.neighbours import Neighbours
from curation.records import ImageRecord


def mark_groups(images: Sequence[ImageRecord], neighbours: Neighbours) -> Iterator[ImageRecord]:
    """Join what belongs together: one product, one style (its colours), or looking alike; within a source or across.

    Dropped images are grouped too: through them, a product may be joined to another.

    Yields:
        The records with `group_id`: the smallest image id of the group.
    """
    sets = DisjointSets(len(images))
    first: dict[tuple[str, str, str], int] = {}
    for index, image in enumerate(images):
        for record in image.sightings:
            sighting = record.sighting
            for kind, value in (("product", sighting.product_id), ("style", sighting.style_id)):
                if value:
                    sets.join(index, first.setdefault((sighting.source, kind, value), index))
    for one, other in neighbours.links():
        sets.join(one, other)
    smallest: dict[int, str] = {}
    for index, image in enumerate(images):
        root = sets.find(index)
        smallest[root] = min(smallest.get(root, image.image_id), image.image_id)
    for index, image in enumerate(images):
        yield replace(image, group_id=smallest[sets.find(index)])


class DisjointSets:
    """Union-find over 0..count-1, with path halving and union by size."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))
        self._size = [1] * count

    def find(self, member: int) -> int:
        parent = self._parent
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    def join(self, one: int, other: int) -> None:
        large, small = self.find(one), self.find(other)
        if large == small:
            return
        if self._size[large] < self._size[small]:
            large, small = small, large
        self._parent[small] = large
        self._size[large] += self._size[small]
