from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import alike
from curation.alike import KINDS, Alike, find_alike, places_of
from curation.cache import WorkCache
from manifests.reasons import CopyKind
from tests.curation.conftest import relaxed

Drawn = list[tuple[int, int]]
few_bits = st.integers(0, 2**10 - 1).map(lambda low: low << 54 | low)
drawn = st.lists(st.tuples(few_bits, few_bits), max_size=16)


def table(signatures: Drawn) -> np.ndarray:
    return np.array(signatures, np.uint64).reshape(-1, 2)


def bits(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def definition(signatures: Drawn, radius: int) -> set[tuple[tuple[int, int], tuple[int, int], CopyKind, int]]:
    ordered = sorted(set(signatures))
    found = set()
    for number, one in enumerate(ordered):
        for other in ordered[number + 1 :]:
            near = bits(one[0], other[0])
            mirrored = min(bits(one[0], other[1]), bits(one[1], other[0]))
            found |= {(one, other, CopyKind.NEAR, near)} if near <= radius else set()
            found |= {(one, other, CopyKind.MIRRORED, mirrored)} if mirrored <= radius else set()
    return found


def told(found: Alike) -> set[tuple[tuple[int, int], tuple[int, int], CopyKind, int]]:
    rows = [tuple(row) for row in found.signatures.tolist()]
    assert len(np.unique(found.pairs, axis=0)) == len(found.pairs)
    return {(rows[i], rows[j], KINDS[kind], off) for i, j, kind, off in found.pairs.tolist()}


@relaxed
@given(drawn, st.integers(0, 12))
def test_the_definition(signatures: Drawn, radius: int) -> None:
    found = find_alike(table(signatures), radius)
    assert told(found) == definition(signatures, radius)
    assert found.signatures[places_of(table(signatures), found)].tolist() == table(signatures).tolist()


@relaxed
@given(drawn, drawn, drawn, st.integers(0, 12))
def test_what_is_known_changes_nothing(gone: Drawn, stays: Drawn, new: Drawn, radius: int) -> None:
    known = find_alike(table(gone + stays), radius)
    grown, scratch = find_alike(table(stays + new), radius, known), find_alike(table(stays + new), radius)
    assert np.array_equal(grown.signatures, scratch.signatures)
    assert np.array_equal(grown.pairs, scratch.pairs)


def test_what_was_compared_is_not_compared_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    signatures = rng.integers(0, 2**64, (3000, 2), dtype=np.uint64)
    with WorkCache(tmp_path / "cache.sqlite") as cache:
        cache.remember_alike(8, find_alike(signatures[:2990], 8))
        known = cache.alike(8)
        assert cache.alike(6) is None
    assert known is not None
    compared = []
    within, between = alike.pairs_within, alike.pairs_between
    monkeypatch.setattr(alike, "pairs_within", lambda some, r: compared.append(len(some) ** 2) or within(some, r))
    monkeypatch.setattr(
        alike,
        "pairs_between",
        lambda some, others, r: compared.append(len(some) * len(others)) or between(some, others, r),
    )
    grown = find_alike(signatures, 8, known)
    assert sum(compared) <= 10 * 3000 * 4
    assert len(grown.signatures) == 3000
    compared.clear()
    find_alike(signatures, 8, grown)
    assert sum(compared) == 0
