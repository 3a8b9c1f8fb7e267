"""Which pictures look alike: within a Hamming radius of one another's perceptual hash."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from curation.hamming import pairs_within
from curation.records import ImageRecord


class Neighbours:
    """The neighbours among the records that are still kept and have a hash.

    Pictures of one hash are held together, so that a placeholder stored ten thousand times costs no pairs.

    Args:
        images: the records; they are named by their index from here on.
        radius: bits of 64.
    """

    def __init__(self, images: Sequence[ImageRecord], radius: int) -> None:
        self._members: dict[int, list[int]] = defaultdict(list)
        for index, image in enumerate(images):
            if image.reason is None and image.inspection.phash is not None:
                self._members[image.inspection.phash].append(index)
        hashes = sorted(self._members)
        self._beside: dict[int, list[int]] = {value: [value] for value in hashes}
        for i, j in pairs_within(np.array(hashes, np.uint64), radius).tolist():
            self._beside[hashes[i]].append(hashes[j])
            self._beside[hashes[j]].append(hashes[i])

    def hashes(self, phash: int) -> list[int]:
        """The hashes within the radius of `phash`, itself first."""
        return self._beside[phash]

    def links(self) -> Iterator[tuple[int, int]]:
        """Index pairs that connect everything which the radius connects, directly or in a chain."""
        for value, members in self._members.items():
            yield from pairwise(members)
            for other in self._beside[value]:
                if other > value:
                    yield members[0], self._members[other][0]
