from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from curation.config import EvalQuota, SplitConfig
from curation.split import SPLITS, Draw, Member, draw, keyed_hash
from tests.curation.conftest import relaxed

quotas = st.lists(st.integers(1, 4), min_size=4, max_size=4).map(
    lambda counts: tuple(EvalQuota(source=f"s{index}", count=count) for index, count in enumerate(counts))
)
facts = st.tuples(st.integers(0, 14), st.sampled_from((None, 0, 1, 2, 3)), st.booleans())
populations = st.lists(facts, max_size=40).map(
    lambda rows: [Member(f"i{n}", f"g{group}", *rest) for n, (group, *rest) in enumerate(rows)]
)


def settings(eval_quotas: Sequence[EvalQuota], seed: int = 0, validation: float = 0.3) -> SplitConfig:
    return SplitConfig(seed=seed, eval=tuple(eval_quotas), validation=validation)


def groups_of(drawn: Draw, members: Sequence[Member]) -> dict[str, list[str]]:
    group = {member.image_id: member.group_id for member in members}
    return {name: [group[one] for one in drawn.splits[name]] for name in SPLITS}


@relaxed
@given(populations, quotas, st.integers(0, 5))
def test_nothing_leaks_and_nothing_is_lost(members: list[Member], chosen: tuple[EvalQuota, ...], seed: int) -> None:
    drawn = draw(members, settings(chosen, seed))
    inside = groups_of(drawn, members)
    assert len(set(inside["eval"])) == len(inside["eval"])  # one image a group
    for one, other in (("eval", "train"), ("eval", "validation"), ("train", "validation")):
        assert not set(inside[one]) & set(inside[other])
    kept = {member.image_id for member in members if member.kept}
    expected = {m.image_id for m in members if m.kept and m.group_id not in inside["eval"]} | set(drawn.splits["eval"])
    assert {one for ids in drawn.splits.values() for one in ids} == expected <= kept
    assert all(list(ids) == sorted(ids) for ids in drawn.splits.values())


@relaxed
@given(populations, quotas, st.integers(0, 5))
def test_quotas_are_filled_as_far_as_they_can_be(
    members: list[Member], chosen: tuple[EvalQuota, ...], seed: int
) -> None:
    drawn = draw(members, settings(chosen, seed))
    assert len(drawn.filled) == len(chosen)
    assert all(filled <= quota.count for filled, quota in zip(drawn.filled, chosen, strict=True))
    assert sum(drawn.filled) == len(drawn.splits["eval"])
    taken = [member for member in members if member.image_id in drawn.splits["eval"]]
    for stratum, filled in enumerate(drawn.filled):
        assert filled == sum(member.kept and member.stratum == stratum for member in taken)
    # As many as a maximum matching of groups to the places of the quotas.
    places = [stratum for stratum, quota in enumerate(chosen) for _ in range(quota.count)]
    names = sorted({member.group_id for member in members})
    there = {(member.group_id, member.stratum) for member in members if member.kept}
    table = np.array([[(group, stratum) in there for stratum in places] for group in names], int)
    best = (maximum_bipartite_matching(csr_matrix(table)) >= 0).sum() if table.size else 0
    assert sum(drawn.filled) == best


@relaxed
@given(populations, populations, quotas, st.integers(0, 5))
def test_a_growing_dataset_keeps_its_draw(
    old: list[Member], more: list[Member], chosen: tuple[EvalQuota, ...], seed: int
) -> None:
    new = [Member(f"new-{m.image_id}", f"new-{m.group_id}", m.stratum, m.kept) for m in more]
    before, after = draw(old, settings(chosen, seed)), draw([*new, *old], settings(chosen, seed))
    old_groups = {member.group_id for member in old}
    was, now = groups_of(before, old), groups_of(after, [*old, *new])
    # No old group enters the evaluation; one leaves it only if new groups push it out.
    assert set(now["eval"]) & old_groups <= set(was["eval"])
    assert len(set(was["eval"]) - set(now["eval"])) <= len(set(now["eval"]) - old_groups)
    # Between the other splits no group moves.
    assert set(was["train"]).isdisjoint(now["validation"]) and set(was["validation"]).isdisjoint(now["train"])


@relaxed
@given(populations, populations, quotas, st.integers(0, 5))
def test_a_frozen_split_stays_whatever_comes(
    old: list[Member], more: list[Member], chosen: tuple[EvalQuota, ...], seed: int
) -> None:
    frozen = draw(old, settings(chosen, seed)).splits["eval"]
    # Newcomers join the old groups, too, and some of the old images are gone or dropped.
    new = [Member(f"new-{m.image_id}", m.group_id, m.stratum, m.kept) for m in more]
    left = [m if n % 5 else Member(m.image_id, m.group_id, m.stratum, False) for n, m in enumerate(old) if n % 7]
    drawn = draw([*new, *left], settings(chosen, seed + 1), frozen)
    if not frozen:
        return
    there = {member.image_id for member in left if member.kept}
    assert drawn.splits["eval"] == tuple(sorted(set(frozen) & there))
    inside = groups_of(drawn, [*old, *new])
    barred = {member.group_id for member in left if member.image_id in frozen}
    assert barred.isdisjoint(inside["train"]) and barred.isdisjoint(inside["validation"])


@relaxed
@given(populations, quotas, st.randoms())
def test_order_of_the_rows_does_not_matter(
    members: list[Member], chosen: tuple[EvalQuota, ...], random: Random
) -> None:
    shuffled = list(members)
    random.shuffle(shuffled)
    assert draw(members, settings(chosen)) == draw(shuffled, settings(chosen))


def people(count: int, group_size: int = 1, stratum: int | None = 0) -> list[Member]:
    return [Member(f"i{n}", f"g{n // group_size}", stratum) for n in range(count)]


def test_a_group_that_fits_two_quotas_leaves_the_scarce_one_free() -> None:
    both = [Member("a", "both", 0), Member("b", "both", 1)]
    quotas = [EvalQuota(source="zara", count=1), EvalQuota(source="zalando", count=1)]
    for name in "xyz":  # whatever the ranks, `both` must serve the second
        drawn = draw([*both, Member(name, name, 0)], settings(quotas))
        assert drawn.filled == (1, 1) and set(drawn.splits["eval"]) == {name, "b"}


def test_shares_are_kept_whatever_the_size_of_the_groups() -> None:
    for group_size in (1, 7):
        config = settings([EvalQuota.model_validate({"source": "zara", "count": 300})], validation=0.2)
        members = people(3000 * group_size, group_size)
        inside = groups_of(drawn := draw(members, config), members)
        assert drawn.filled == (300,)
        share = len(set(inside["validation"])) / 2700
        assert abs(share - 0.2) < 0.03  # four standard deviations of a fair draw


def test_seed_and_strata_decide() -> None:
    config = settings([EvalQuota.model_validate({"source": "zara", "count": 5})])
    one, other = draw(people(100), config), draw(people(100), config.model_copy(update={"seed": 1}))
    assert one.splits["eval"] != other.splits["eval"]
    ranked = sorted((f"i{n}" for n in range(100)), key=lambda image_id: keyed_hash(image_id, 0))
    assert one.splits["eval"] == tuple(sorted(ranked[:5]))


def test_edges_of_the_shares() -> None:
    assert Counter(map(len, draw(people(9, stratum=None), settings([], validation=0)).splits.values())) == {0: 2, 9: 1}
    assert len(draw(people(9, stratum=None), settings([], validation=1)).splits["validation"]) == 9
