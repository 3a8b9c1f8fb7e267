from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation import hamming
from curation.hamming import direct_pairs, indexed_pairs, pairs_between, pairs_within
from tests.curation.conftest import relaxed


@relaxed
@given(
    st.sets(st.integers(0, 2**64 - 1) | st.integers(0, 2**7 - 1).map(lambda low: low << 57 | low), max_size=40),
    st.integers(0, 16),
)
def test_direct_search_is_the_definition(hashes: set[int], radius: int) -> None:
    ordered = sorted(hashes)
    expected = [
        [i, j] for i in range(len(ordered)) for j in range(i + 1, len(ordered))
        if (ordered[i] ^ ordered[j]).bit_count() <= radius
    ]  # fmt: skip
    assert pairs_within(np.array(ordered, np.uint64), radius).tolist() == expected
    cut = len(ordered) // 3
    some, others = np.array(ordered[: 2 * cut], np.uint64), np.array(ordered[cut:], np.uint64)
    between = [
        [i, j] for i, one in enumerate(some.tolist()) for j, other in enumerate(others.tolist())
        if (one ^ other).bit_count() <= radius
    ]  # fmt: skip
    assert direct_pairs(some, others, radius).tolist() == pairs_between(some, others, radius).tolist() == between


def clusters(seed: int, count: int) -> np.ndarray:
    """Hashes with many neighbours: a few centres, each with copies that differ in up to 12 bits."""
    rng = np.random.default_rng(seed)
    centres = rng.integers(0, 2**64, count // 8, dtype=np.uint64)
    flips = np.zeros(count, np.uint64)
    for _ in range(12):
        bits = np.uint64(1) << rng.integers(0, 64, count, dtype=np.uint64)
        flips |= np.where(rng.random(count) < 0.6, bits, np.uint64(0))
    return np.unique(centres[rng.integers(0, len(centres), count)] ^ flips)


@settings(deadline=None, max_examples=4)
@given(seed=st.integers(0, 10_000), radius=st.integers(0, 9))
def test_index_finds_what_comparing_all_pairs_finds(seed: int, radius: int) -> None:
    hashes = clusters(seed, 200)
    some, others = hashes[::2], hashes[50:]
    assert indexed_pairs(hashes, None, radius).tolist() == pairs_within(hashes, radius).tolist()
    assert indexed_pairs(some, others, radius).tolist() == direct_pairs(some, others, radius).tolist()


@pytest.mark.parametrize("radius", [12, 16])
def test_index_at_a_wide_radius(radius: int) -> None:
    hashes = clusters(1, 100)
    found = indexed_pairs(hashes, None, radius)
    assert len(found) > 50
    assert found.tolist() == pairs_within(hashes, radius).tolist()


@pytest.mark.parametrize("bands", hamming._BANDS, ids=["four", "three"])
def test_both_ways_to_cut_find_the_same(bands: tuple[tuple[int, int], ...], monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(width for _, width in bands) == 64
    monkeypatch.setattr(hamming, "_BANDS", (bands,))
    hashes = clusters(3, 400)
    assert indexed_pairs(hashes, None, 8).tolist() == pairs_within(hashes, 8).tolist()
    assert indexed_pairs(hashes[:90], hashes, 8).tolist() == direct_pairs(hashes[:90], hashes, 8).tolist()


def test_index_grows_its_answer() -> None:
    hashes = np.arange(100, dtype=np.uint64)  # everything is near everything
    assert len(indexed_pairs(hashes, None, 7)) == 100 * 99 // 2


def test_large_sets_use_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hamming, "DIRECT_LIMIT", 10)
    monkeypatch.delattr(hamming, "direct_pairs")
    hashes = np.array([0, 1, *(2**k for k in range(20, 40))], np.uint64)
    assert pairs_within(hashes, 1).tolist()[0] == [0, 1]
    assert pairs_between(hashes[1:], hashes[:5], 1).tolist()[:2] == [[0, 0], [0, 1]]


def test_nothing_to_compare() -> None:
    assert pairs_within(np.array([], np.uint64), 8).shape == (0, 2)
    assert indexed_pairs(np.array([], np.uint64), None, 8).shape == (0, 2)
    assert pairs_within(np.array([5], np.uint64), 8).shape == (0, 2)


def test_radius_has_limits() -> None:
    with pytest.raises(ValueError, match="outside"):
        pairs_within(np.array([1], np.uint64), 17)
