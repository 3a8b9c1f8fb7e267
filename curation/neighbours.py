"""Which pictures look alike: within a Hamming radius of one another's perceptual hash, in the same colours or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise, product

import numpy as np

from curation.colours import colour_distance
from curation.hamming import pairs_within
from curation.records import ImageRecord


class Neighbours:
    """The neighbours among the records that are still kept and have a hash.

    Pictures of one hash are held together, so that a placeholder stored ten thousand times costs no pairs.

    Args:
        images: the records; they are named by their index from here on.
        radius: bits of 64.
        max_colour_distance: up to it, neighbours have the same colours; see `curation.colours`.
    """

    def __init__(self, images: Sequence[ImageRecord], radius: int, max_colour_distance: float) -> None:
        self._radius = radius
        self._max_colour_distance = max_colour_distance
        self._members: dict[int, list[int]] = defaultdict(list)
        self._hash: dict[int, int] = {}
        self._colours: dict[int, bytes] = {}
        for index, image in enumerate(images):
            seen = image.inspection
            if image.reason is None and seen.phash is not None and seen.colours is not None:
                self._members[seen.phash].append(index)
                self._hash[index], self._colours[index] = seen.phash, seen.colours
        hashes = sorted(self._members)
        self._beside: dict[int, list[int]] = {value: [value] for value in hashes}
        for i, j in pairs_within(np.array(hashes, np.uint64), radius).tolist():
            self._beside[hashes[i]].append(hashes[j])
            self._beside[hashes[j]].append(hashes[i])

    def __iter__(self) -> Iterator[int]:
        """The indexes of the records that take part."""
        return iter(self._hash)

    def phash(self, index: int) -> int:
        return self._hash[index]

    def hashes(self, phash: int) -> list[int]:
        """The hashes within the radius of `phash`, itself first."""
        return self._beside[phash]

    def same_colours(self, one: int, other: int) -> bool:
        return colour_distance(self._colours[one], self._colours[other]) <= self._max_colour_distance

    def links(self) -> Iterator[tuple[int, int]]:
        """Index pairs that connect what must not be split apart, directly or in a chain.

        Near duplicates are linked; and pictures in other colours if they lie within half the radius, as the same
        photograph recoloured does. Further out, other colours mean another picture: in a studio, everybody stands on
        the same spot in the same pose, and linking them all would leave one group.
        """
        for value, members in self._members.items():
            yield from pairwise(members)
            for other in self._beside[value]:
                if other > value and (link := self._link(value, other)):
                    yield link

    def _link(self, one: int, other: int) -> tuple[int, int] | None:
        here, there = self._members[one], self._members[other]
        if (one ^ other).bit_count() <= self._radius // 2:
            return here[0], there[0]
        pairs = product(self._distinct(here), self._distinct(there))
        return next((pair for pair in pairs if self.same_colours(*pair)), None)

    def _distinct(self, members: Sequence[int]) -> list[int]:
        """One member for each set of colours."""
        return list({self._colours[index]: index for index in reversed(members)}.values())
