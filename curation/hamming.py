"""All pairs of 64-bit hashes within a Hamming radius, without comparing all pairs.

A multi-index hash (Norouzi, Punjani, Fleet: Fast Search in Hamming Space with Multi-Index Hashing, CVPR 2012): split
the 64 bits into four bands of 16. Two hashes within radius r agree to within r // 4 bits in at least one band, so only
the hashes in the 1 + 16 + 120 + ... nearest buckets of each band are compared. A few thousand hashes are compared
directly, which is faster than compiling the search.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_RADIUS = 16
DIRECT_LIMIT = 16_384
"""Up to so many hashes, all pairs are compared: under a second."""

_BANDS = 4
_BITS = 16

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
    if not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"a radius of {radius} is outside 0..{MAX_RADIUS}")
    return direct_pairs(hashes, radius) if len(hashes) <= DIRECT_LIMIT else indexed_pairs(hashes, radius)


def direct_pairs(hashes: Hashes, radius: int) -> Pairs:
    """`pairs_within` by comparing all pairs."""
    found = [np.empty((0, 2), np.int64)]
    for i in range(len(hashes) - 1):
        near = np.nonzero(distance(hashes[i], hashes[i + 1 :]) <= radius)[0]
        found.append(np.stack([np.full(len(near), i), near + i + 1], axis=1))
    return np.concatenate(found)


def indexed_pairs(hashes: Hashes, radius: int) -> Pairs:
    """`pairs_within` by a multi-index hash."""
    shifts = np.arange(_BANDS, dtype=np.uint64) * np.uint64(_BITS)
    keys = ((hashes[None, :] >> shifts[:, None]) & np.uint64(0xFFFF)).astype(np.int64)  # [4, N]
    order = np.argsort(keys, axis=1, kind="stable")
    starts = np.stack([np.searchsorted(np.sort(band), np.arange(2**_BITS + 1)) for band in keys])
    flipped = (bits for count in range(radius // _BANDS + 1) for bits in combinations(range(_BITS), count))
    flips = [sum(1 << bit for bit in bits) for bits in flipped]
    # Bucket by bucket, the hashes lie side by side: scanning a bucket reads memory in order.
    pairs: Pairs = _search()(hashes[order], order, starts, np.array(flips, np.int64), radius)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def distance(one: Hashes | np.uint64, other: Hashes | np.uint64) -> npt.NDArray[np.int64]:
    """The number of differing bits, element by element."""
    return np.bitwise_count(np.bitwise_xor(one, other)).astype(np.int64)


@cache
def _search() -> Any:
    """The compiled search. Only large datasets need it, so only they import and compile."""
    import numba

    @numba.njit
    def popcount(value):  # type: ignore[no-untyped-def]
        value = value - ((value >> np.uint64(1)) & np.uint64(0x5555555555555555))
        value = (value & np.uint64(0x3333333333333333)) + ((value >> np.uint64(2)) & np.uint64(0x3333333333333333))
        value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
        return (value * np.uint64(0x0101010101010101)) >> np.uint64(56)

    @numba.njit
    def search(banded, order, starts, flips, radius):  # type: ignore[no-untyped-def]
        found = np.empty((1024, 2), np.int64)
        count = 0
        band_radius = np.uint64(radius // 4)
        for band in range(4):
            for key in range(65536):
                if starts[band, key] == starts[band, key + 1]:
                    continue
                for flip in flips:
                    other = key ^ flip
                    if other < key:
                        continue  # the two buckets were compared from the other side
                    for p in range(starts[band, key], starts[band, key + 1]):
                        for q in range(max(p + 1, starts[band, other]), starts[band, other + 1]):
                            difference = banded[band, p] ^ banded[band, q]
                            if popcount(difference) > radius:
                                continue
                            seen = False  # an earlier band has reported the pair
                            for earlier in range(band):
                                bits = (difference >> np.uint64(16 * earlier)) & np.uint64(0xFFFF)
                                seen = seen or popcount(bits) <= band_radius
                            if seen:
                                continue
                            if count == len(found):
                                larger = np.empty((2 * count, 2), np.int64)
                                larger[:count] = found
                                found = larger
                            found[count, 0] = min(order[band, p], order[band, q])
                            found[count, 1] = max(order[band, p], order[band, q])
                            count += 1
        return found[:count].copy()

    return search
