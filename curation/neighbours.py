"""Which pictures look alike: by their perceptual hashes, as they are or mirrored, in the same colours or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt

from curation.alike import KINDS, Alike, Signatures, find_alike, places_of
from curation.cache import WorkCache
from curation.colours import Lab, lab_distance, to_lab
from curation.records import ImageRecord
from manifests.reasons import CopyKind

_LABS = 20_000  # colour grids held in CIELAB: 70 MB


class Neighbours:
    """The neighbours among the records that are still kept and have a hash.

    Pictures of one signature (hash and mirrored hash) are held together, so that a placeholder stored ten thousand
    times costs no pairs.

    Args:
        images: the records; they are named by their index from here on.
        radius: bits of 64.
        max_colour_distance: up to it, neighbours have the same colours; see `curation.colours`.
        cache: where what was compared once is kept.
    """

    def __init__(
        self, images: Sequence[ImageRecord], radius: int, max_colour_distance: float, cache: WorkCache | None = None
    ) -> None:
        self._images = images
        self._radius = radius
        self._max_colour_distance = max_colour_distance
        self._indexes = [i for i, image in enumerate(images) if image.reason is None and image.inspection.colours]
        signatures = _signatures(images, self._indexes)
        known = cache.alike(radius) if cache else None
        alike = find_alike(signatures, radius, known) if known else find_alike(signatures, radius)
        if cache:
            cache.remember_alike(radius, alike)
        self._pairs = alike.pairs
        places = places_of(signatures, alike)
        self._node: dict[int, int] = dict(zip(self._indexes, places.tolist(), strict=True))
        order = np.argsort(places, kind="stable")
        self._members = np.array(self._indexes, np.int64)[order]
        self._member_starts = np.searchsorted(places[order], np.arange(len(alike.signatures) + 1))
        self._beside, self._beside_starts = _both_ways(alike)
        self._lab = lru_cache(maxsize=_LABS)(self._to_lab)

    def __iter__(self) -> Iterator[int]:
        """The indexes of the records that take part."""
        return iter(self._indexes)

    def node(self, index: int) -> int:
        """Pictures of one signature are one node."""
        return self._node[index]

    def near(self, node: int) -> Iterator[tuple[int, CopyKind, int]]:
        """The nodes within the radius, each with the kind of resemblance and the bits that differ; itself first."""
        yield node, CopyKind.NEAR, 0
        begin, end = self._beside_starts[node], self._beside_starts[node + 1]
        for other, kind, bits in self._beside[begin:end].tolist():
            yield other, KINDS[kind], bits

    def same_colours(self, one: int, other: int, kind: CopyKind = CopyKind.NEAR) -> bool:
        """Whether two records that resemble each other in this way do so in the same colours."""
        mirrored = kind is CopyKind.MIRRORED
        return lab_distance(self._lab(one), self._lab(other), mirrored=mirrored) <= self._max_colour_distance

    def links(self) -> Iterator[tuple[int, int]]:
        """Index pairs that connect what must not be split apart, directly or in a chain.

        Near duplicates are linked, mirrored ones too; and pictures in other colours if they lie within half the radius,
        as the same photograph recoloured does. Further out, other colours mean another picture: in a studio, everybody
        stands on the same spot in the same pose, and linking them all would leave one group.
        """
        for node in range(len(self._member_starts) - 1):
            yield from pairwise(self._members_of(node))
        for one, other, kind, bits in self._pairs.tolist():
            if link := self._link(one, other, KINDS[kind], bits):
                yield link

    def _link(self, one: int, other: int, kind: CopyKind, bits: int) -> tuple[int, int] | None:
        here, there = self._members_of(one), self._members_of(other)
        if kind is CopyKind.NEAR and bits <= self._radius // 2:
            return here[0], there[0]
        pairs = product(self._distinct(here), self._distinct(there))
        return next((pair for pair in pairs if self.same_colours(*pair, kind)), None)

    def _members_of(self, node: int) -> list[int]:
        members: list[int] = self._members[self._member_starts[node] : self._member_starts[node + 1]].tolist()
        return members

    def _distinct(self, members: Sequence[int]) -> list[int]:
        """One member for each set of colours."""
        return list({self._images[index].inspection.colours: index for index in reversed(members)}.values())

    def _to_lab(self, index: int) -> Lab:
        colours = self._images[index].inspection.colours
        assert colours is not None  # or it would not take part
        return to_lab(colours)


def _signatures(images: Sequence[ImageRecord], indexes: Sequence[int]) -> Signatures:
    seen = (images[index].inspection for index in indexes)
    return np.array([(one.phash, one.mirrored) for one in seen], np.uint64).reshape(-1, 2)


def _both_ways(alike: Alike) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The pairs seen from either side, node by node (other, kind, bits), and where each node's begin."""
    pairs = alike.pairs
    both = np.concatenate([pairs, pairs[:, [1, 0, 2, 3]]])
    both = both[np.lexsort((both[:, 1], both[:, 3], both[:, 2], both[:, 0]))]
    return both[:, 1:], np.searchsorted(both[:, 0], np.arange(len(alike.signatures) + 1))
