"""The draw of the splits: exact quotas for evaluation, shares for the rest, no group in two of them.

Every group has a rank: the smallest keyed hash of its members' ids. Ranks depend on the seed and the ids alone, so a
draw can be repeated anywhere. Groups are taken in order of rank whenever the quotas can still take one more, which
may mean moving an earlier group to another stratum that it also fits (an augmenting path, as in bipartite matching).
So the quotas are filled as far as they can be, and the drawn groups of a larger dataset are among the drawn groups of
the smaller one and the new ones (the greedy basis of a transversal matroid).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from curation.config import EvalQuota, SplitConfig

SPLITS = ("eval", "train", "validation")


@dataclass(frozen=True, slots=True)
class Member:
    """An image as the draw sees it; a dropped image takes part in its group's rank and joins no split."""

    image_id: str
    group_id: str
    source: str
    gender: str
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Draw:
    """A finished draw.

    Attributes:
        splits: by name of `SPLITS`, sorted image ids.
        filled: for each quota, in the configuration's order, how many images it got.
    """

    splits: Mapping[str, tuple[str, ...]]
    filled: tuple[int, ...]


@dataclass(slots=True)
class _Group:
    rank: bytes = b""
    leader: str = ""  # the member whose hash is the rank
    kept: list[Member] = field(default_factory=list)


def draw(members: Iterable[Member], config: SplitConfig) -> Draw:
    """Draw the splits; what the quotas lack is told by `Draw.filled`."""
    groups = _groups(members, config.seed)
    ranked = sorted(groups, key=lambda name: groups[name].rank)
    fits = {name: _strata(groups[name].kept, config.eval) for name in ranked}
    taken = _fill(ranked, fits, [quota.count for quota in config.eval])
    splits: dict[str, list[str]] = {name: [] for name in SPLITS}
    for name in ranked:
        group = groups[name]
        if name in taken:
            quota = config.eval[taken[name]]
            fitting = (one.image_id for one in group.kept if _is_in(one, quota))
            splits["eval"].append(min(fitting, key=lambda image_id: keyed_hash(image_id, config.seed)))
        else:
            chosen = "validation" if _position(group.leader, config.seed) < config.validation else "train"
            splits[chosen] += [one.image_id for one in group.kept]
    filled = [0] * len(config.eval)
    for stratum in taken.values():
        filled[stratum] += 1
    return Draw({name: tuple(sorted(ids)) for name, ids in splits.items()}, tuple(filled))


def keyed_hash(image_id: str, seed: int, purpose: bytes = b"vestiary rank") -> bytes:
    """16 bytes that look random, and are the same for the same image, seed and purpose."""
    return blake2b(image_id.encode(), key=str(seed).encode(), person=purpose, digest_size=16).digest()


def _position(image_id: str, seed: int) -> float:
    """In 0..1. Independent of the rank: groups drawn for evaluation have low ranks, the others higher ones."""
    return int.from_bytes(keyed_hash(image_id, seed, b"vestiary share")[:8], "big") / 2**64


def _groups(members: Iterable[Member], seed: int) -> dict[str, _Group]:
    groups: dict[str, _Group] = {}
    for member in members:
        group = groups.setdefault(member.group_id, _Group())
        value = keyed_hash(member.image_id, seed)
        if not group.leader or value < group.rank:
            group.rank, group.leader = value, member.image_id
        if member.kept:
            group.kept.append(member)
    return groups


def _is_in(member: Member, quota: EvalQuota) -> bool:
    return member.source == quota.source and quota.gender in (None, member.gender)


def _strata(kept: Sequence[Member], quotas: Sequence[EvalQuota]) -> list[int]:
    return [index for index, quota in enumerate(quotas) if any(_is_in(member, quota) for member in kept)]


def _fill(ranked: Sequence[str], fits: Mapping[str, Sequence[int]], counts: Sequence[int]) -> dict[str, int]:
    """Which group fills which quota."""
    inside: list[list[str]] = [[] for _ in counts]
    closed: set[int] = set()  # quotas that are full, and whose groups fit only into full ones

    def place(name: str, tried: set[int]) -> bool:
        for stratum in fits[name]:
            if stratum in tried:
                continue
            tried.add(stratum)
            if len(inside[stratum]) < counts[stratum]:
                inside[stratum].append(name)
                return True
            for other in inside[stratum]:
                if place(other, tried):
                    inside[stratum].remove(other)
                    inside[stratum].append(name)
                    return True
        return False

    for name in ranked:
        if not closed.issuperset(fits[name]):
            tried = set(closed)
            if not place(name, tried):
                closed = tried
    return {name: stratum for stratum, names in enumerate(inside) for name in names}
