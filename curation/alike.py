"""Which hashes resemble one another, as they are or mirrored; what was compared once is not compared again.

A signature is a pair of hashes: of the picture, and of its mirror image (`curation.phash`). Two signatures are alike if
the hashes of the pictures are within the radius, or the hash of one and the mirrored hash of the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curation.hamming import Pairs, distance, pairs_between, pairs_within
from manifests.reasons import CopyKind

Signatures = npt.NDArray[np.uint64]
"""uint64 [N, 2]: hash and mirrored hash."""

KINDS = (CopyKind.NEAR, CopyKind.MIRRORED)


@dataclass(frozen=True, slots=True)
class Alike:
    """Distinct signatures, and the pairs among them that are alike.

    Attributes:
        signatures: uint64 [N, 2], ascending.
        pairs: int64 [P, 4], ascending: two indexes i < j into `signatures`, an index into `KINDS`, bits that differ.
    """

    signatures: Signatures
    pairs: Pairs


NOTHING = Alike(np.empty((0, 2), np.uint64), np.empty((0, 4), np.int64))


def find_alike(signatures: Signatures, radius: int, known: Alike = NOTHING) -> Alike:
    """All pairs that are alike.

    Args:
        signatures: uint64 [N, 2], in any order; repeated ones are taken once.
        known: what this returned, with the same radius, for other signatures. Those among them are not compared with
            one another again. The answer is the same with it and without.
    """
    distinct = _distinct(signatures)
    places = _places(known.signatures, distinct)
    kept = known.pairs[(places[known.pairs[:, :2]] >= 0).all(axis=1)]
    kept = np.concatenate([places[kept[:, :2]], kept[:, 2:]], axis=1)
    is_new = np.ones(len(distinct), np.bool_)
    is_new[places[places >= 0]] = False
    new, old = np.flatnonzero(is_new), np.flatnonzero(~is_new)
    plain, mirrored = distinct[:, 0], distinct[:, 1]
    near = [new[pairs_within(plain[new], radius)], _lookup(new, old, pairs_between(plain[new], plain[old], radius))]
    crossed = [_lookup(new, new, pairs_between(plain[new], mirrored[new], radius)),
               _lookup(new, old, pairs_between(plain[new], mirrored[old], radius)),
               _lookup(new, old, pairs_between(mirrored[new], plain[old], radius))]  # fmt: skip
    found = [kept, _described(distinct, np.concatenate(near), 0), _described(distinct, np.concatenate(crossed), 1)]
    pairs = np.concatenate(found)
    return Alike(distinct, pairs[np.lexsort(pairs.T[::-1])])


def _lookup(some: Pairs, others: Pairs, pairs: Pairs) -> Pairs:
    return np.stack([some[pairs[:, 0]], others[pairs[:, 1]]], axis=1)


def _described(signatures: Signatures, pairs: Pairs, kind: int) -> Pairs:
    """Each pair once, i < j, with its kind and distance; a picture is not a copy of itself, though it be symmetric."""
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    some, others = signatures[pairs[:, 0]], signatures[pairs[:, 1]]
    bits = distance(some[:, 0], others[:, kind])
    if kind:
        bits = np.minimum(bits, distance(some[:, 1], others[:, 0]))
    return np.column_stack([pairs, np.full(len(pairs), kind), bits])


def _distinct(signatures: Signatures) -> Signatures:
    ordered = signatures[np.lexsort((signatures[:, 1], signatures[:, 0]))]
    first = np.ones(len(ordered), np.bool_)
    first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return np.ascontiguousarray(ordered[first])


def _places(some: Signatures, among: Signatures) -> Pairs:
    """int64 [N]: where each of `some` stands among others, -1 if nowhere; both are distinct."""
    both = np.concatenate([among, some])
    order = np.lexsort((both[:, 1], both[:, 0]))  # stable: of two that are equal, `among`'s comes first
    repeats = np.flatnonzero((both[order[1:]] == both[order[:-1]]).all(axis=1))
    places = np.full(len(some), -1, np.int64)
    places[order[repeats + 1] - len(among)] = order[repeats]
    return places


def places_of(signatures: Signatures, alike: Alike) -> Pairs:
    """int64 [N]: the index in `alike.signatures` of each of `signatures`, which may repeat."""
    order = np.lexsort((signatures[:, 1], signatures[:, 0]))
    ordered = signatures[order]
    steps = np.zeros(len(ordered), np.int64)
    steps[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    places = np.empty(len(ordered), np.int64)
    places[order] = np.cumsum(steps)
    return places
