"""All pairs of 64-bit hashes within a Hamming radius, without comparing all pairs.

A multi-index hash (Norouzi, Punjani, Fleet: Fast Search in Hamming Space with Multi-Index Hashing, CVPR 2012): cut the
64 bits into bands. Two hashes within radius r agree to within r // (number of bands) bits in at least one band, so only
the hashes in the nearest buckets of each band are compared: four bands of 16 bits for up to some hundred thousand
hashes, three of 21 and 22 for more. A few thousand hashes are compared directly, which is faster than compiling the
search.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_RADIUS = 16
DIRECT_LIMIT = 16_384**2
"""Up to so many comparisons are made one by one: about a second."""

_BANDS = (((0, 16), (16, 16), (32, 16), (48, 16)), ((0, 21), (21, 21), (42, 22)))
"""Two ways to cut 64 bits: by first bit and width."""

Hashes = npt.NDArray[np.uint64]
Pairs = npt.NDArray[np.int64]


def pairs_within(hashes: Hashes, radius: int) -> Pairs:
    """All pairs of hashes that differ in at most `radius` bits.

    Args:
        hashes: uint64 [N], distinct.
        radius: 0..16.

    Returns:
        int64 [P, 2]: indexes into `hashes`, i < j, in ascending order.
    """
    _check(radius)
    if len(hashes) ** 2 <= DIRECT_LIMIT:
        pairs = direct_pairs(hashes, hashes, radius)
        return pairs[pairs[:, 0] < pairs[:, 1]]
    return indexed_pairs(hashes, None, radius)


def pairs_between(some: Hashes, others: Hashes, radius: int) -> Pairs:
    """All pairs of one of `some` and one of `others` that differ in at most `radius` bits.

    Args:
        some, others: uint64 [N], uint64 [M]. The time grows with N and hardly with M, if N is the smaller.
        radius: 0..16.

    Returns:
        int64 [P, 2]: an index into `some` and one into `others`, in ascending order.
    """
    _check(radius)
    if len(others) < len(some):
        return _ordered(pairs_between(others, some, radius)[:, ::-1])
    if len(some) * len(others) <= DIRECT_LIMIT:
        return direct_pairs(some, others, radius)
    return indexed_pairs(some, others, radius)


def direct_pairs(some: Hashes, others: Hashes, radius: int) -> Pairs:
    """`pairs_between` by comparing all pairs."""
    found = [np.empty((0, 2), np.int64)]
    for i, one in enumerate(some):
        near = np.nonzero(distance(one, others) <= radius)[0]
        found.append(np.stack([np.full(len(near), i), near], axis=1))
    return np.concatenate(found)


def indexed_pairs(some: Hashes, others: Hashes | None, radius: int) -> Pairs:
    """`pairs_between` by a multi-index hash, two bands at a time; without `others`, `pairs_within`."""
    same, others = others is None, some if others is None else others
    bands = min(_BANDS, key=lambda bands: _cost(bands, radius, len(some), len(others)))
    search = _search()
    starts_and_widths = np.array(bands, np.int64)

    def one_band(number: int) -> Pairs:
        first, width = bands[number]
        left = _Buckets.of(some, first, width)
        right = left if same else _Buckets.of(others, first, width)
        flips = np.array(list(_flips(width, radius // len(bands))), np.int64)
        found: Pairs = search(left.hashes, left.order, left.starts, right.hashes, right.order, right.starts, flips,
                              radius, starts_and_widths, number, same)  # fmt: skip
        return found

    with ThreadPoolExecutor(2) as pool:
        found = np.concatenate(list(pool.map(one_band, range(len(bands)))))
    return _ordered(np.sort(found, axis=1) if same else found)


def distance(one: Hashes | np.uint64, other: Hashes | np.uint64) -> npt.NDArray[np.int64]:
    """The number of differing bits, element by element."""
    return np.bitwise_count(np.bitwise_xor(one, other)).astype(np.int64)


def _check(radius: int) -> None:
    if not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"a radius of {radius} is outside 0..{MAX_RADIUS}")


def _ordered(pairs: Pairs) -> Pairs:
    return np.ascontiguousarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])


def _flips(width: int, most: int) -> Iterator[int]:
    """Every number of `width` bits of which at most `most` are set."""
    for count in range(most + 1):
        for bits in combinations(range(width), count):
            yield sum(1 << bit for bit in bits)


def _cost(bands: tuple[tuple[int, int], ...], radius: int, some: int, others: int) -> float:
    """Buckets made and looked up, and hashes compared, roughly."""
    flips = [sum(comb(width, count) for count in range(radius // len(bands) + 1)) for _, width in bands]
    return sum(
        (1 << width) + near * (4 * min(some, 1 << width) + some * others / (1 << width))
        for near, (_, width) in zip(flips, bands, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Buckets:
    """Hashes sorted by the bits of one band: bucket by bucket they lie side by side, so memory is read in order."""

    hashes: Hashes
    order: npt.NDArray[np.uint32]
    starts: npt.NDArray[np.uint32]

    @staticmethod
    def of(hashes: Hashes, first: int, width: int) -> _Buckets:
        keys = ((hashes >> np.uint64(first)) & np.uint64(2**width - 1)).astype(np.uint32)
        order = np.argsort(keys, kind="stable").astype(np.uint32)
        counts = np.bincount(keys, minlength=2**width)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.uint32)
        return _Buckets(hashes[order], order, starts)


@cache
def _search() -> Any:
    """The compiled search. Only large datasets need it, so only they import and compile."""
    import numba

    @numba.njit(nogil=True)
    def popcount(value):  # type: ignore[no-untyped-def]
        value = value - ((value >> np.uint64(1)) & np.uint64(0x5555555555555555))
        value = (value & np.uint64(0x3333333333333333)) + ((value >> np.uint64(2)) & np.uint64(0x3333333333333333))
        value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
        return (value * np.uint64(0x0101010101010101)) >> np.uint64(56)

    @numba.njit(nogil=True)
    def search(left, left_order, left_starts, right, right_order, right_starts, flips, radius, bands, number, same):  # type: ignore[no-untyped-def]
        found = np.empty((1024, 2), np.int64)
        count = 0
        within_band = np.uint64(radius // len(bands))
        for key in range(len(left_starts) - 1):
            begin, end = left_starts[key], left_starts[key + 1]
            if begin == end:
                continue
            for flip in flips:
                other = key ^ flip
                if same and other < key:
                    continue  # the two buckets were compared from the other side
                for p in range(begin, end):
                    for q in range(right_starts[other], right_starts[other + 1]):
                        if same and q <= p:
                            continue
                        difference = left[p] ^ right[q]
                        if popcount(difference) > radius:
                            continue
                        seen = False  # an earlier band has reported the pair
                        for earlier in range(number):
                            mask = (np.uint64(1) << np.uint64(bands[earlier, 1])) - np.uint64(1)
                            bits = (difference >> np.uint64(bands[earlier, 0])) & mask
                            seen = seen or popcount(bits) <= within_band
                        if seen:
                            continue
                        if count == len(found):
                            larger = np.empty((2 * count, 2), np.int64)
                            larger[:count] = found
                            found = larger
                        found[count, 0] = left_order[p]
                        found[count, 1] = right_order[q]
                        count += 1
        return found[:count].copy()

    return search
