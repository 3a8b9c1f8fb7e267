"""Groups: images that must not be split apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from curation.neighbours import Neighbours
from curation.records import ImageRecord

Tie = tuple[str, str, str]
"""Source, kind and value of something that images may have in common."""


def mark_groups(images: Sequence[ImageRecord], neighbours: Neighbours) -> Iterator[ImageRecord]:
    """Join what belongs together: by what the sightings say (see `ties`), or by looks, within a source or across.

    Dropped images are grouped too: through them, a product may be joined to another.

    Yields:
        The records with `group_id`: the smallest image id of the group.
    """
    sets = DisjointSets(len(images))
    first: dict[Tie, int] = {}
    for index, image in enumerate(images):
        for record in image.sightings:
            seen = record.sighting
            for tie in ties(seen.source, seen.product_id, seen.style_id, seen.image_key, seen.page_url):
                sets.join(index, first.setdefault(tie, index))
    for one, other in neighbours.links():
        sets.join(one, other)
    smallest: dict[int, str] = {}
    for index, image in enumerate(images):
        root = sets.find(index)
        smallest[root] = min(smallest.get(root, image.image_id), image.image_id)
    for index, image in enumerate(images):
        yield replace(image, group_id=smallest[sets.find(index)])


def ties(source: str, product_id: str, style_id: str, image_key: str, page_url: str) -> list[Tie]:
    """What ties an image to others of its source: product, style (all its colours), the shop's own picture key.

    A page that names no product, such as a lookbook, is taken for one shoot; one that does may show other things too.
    """
    named = [("product", product_id), ("style", style_id), ("picture", image_key)]
    if not product_id and not style_id:
        named.append(("page", page_url))
    return [(source, kind, value) for kind, value in named if value]


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
