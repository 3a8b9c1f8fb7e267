"""The draw of the splits: exact quotas for evaluation, shares for the rest, no group in two of them.

Every group has a rank: the smallest keyed hash of its members' ids. Ranks depend on the seed and the ids alone, so a
draw can be repeated anywhere. Groups are taken in order of rank whenever the quotas can still take one more, which
may mean moving an earlier group to another stratum that it also fits (an augmenting path, as in bipartite matching).
So the quotas are filled as far as they can be, and the drawn groups of a larger dataset are among the drawn groups of
the smaller one and the new ones (the greedy basis of a transversal matroid).

A frozen evaluation split is not drawn at all: its images are what they were, and their groups join no other split.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from curation.config import SplitConfig

SPLITS = ("eval", "train", "validation")


@dataclass(frozen=True, slots=True)
class Member:
    """An image as the draw sees it; a dropped image takes part in its group's rank and joins no split.

    Attributes:
        stratum: index of the eval quota that it fits, of which there is one at most; None if it fits none.
    """

    image_id: str
    group_id: str
    stratum: int | None
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
    members: list[str] = field(default_factory=list)
    kept: list[Member] = field(default_factory=list)


def draw(members: Iterable[Member], config: SplitConfig, frozen: Collection[str] = ()) -> Draw:
    """Draw the splits; what the quotas lack is told by `Draw.filled`.

    Args:
        frozen: the images of a frozen evaluation split; those that are kept are the evaluation split, and no other.
    """
    groups = _groups(members, config.seed)
    ranked = sorted(groups, key=lambda name: groups[name].rank)
    chosen = _published(groups, frozen) if frozen else _drawn(groups, ranked, config)
    splits: dict[str, list[str]] = {name: [] for name in SPLITS}
    filled = [0] * len(config.eval)
    for name in ranked:
        group = groups[name]
        if name in chosen:
            splits["eval"] += [one.image_id for one in chosen[name]]
            for one in chosen[name]:
                if one.stratum is not None:
                    filled[one.stratum] += 1
        else:
            other = "validation" if _position(group.leader, config.seed) < config.validation else "train"
            splits[other] += [one.image_id for one in group.kept]
    return Draw({name: tuple(sorted(ids)) for name, ids in splits.items()}, tuple(filled))


def _published(groups: Mapping[str, _Group], frozen: Collection[str]) -> dict[str, list[Member]]:
    """The groups of the frozen images, with those that are still kept."""
    ids = frozenset(frozen)
    return {
        name: [one for one in group.kept if one.image_id in ids]
        for name, group in groups.items()
        if not ids.isdisjoint(group.members)
    }


def _drawn(groups: Mapping[str, _Group], ranked: Sequence[str], config: SplitConfig) -> dict[str, list[Member]]:
    """The drawn groups, each with the one image that it gives."""
    fits = {name: sorted({one.stratum for one in groups[name].kept if one.stratum is not None}) for name in ranked}
    taken = _fill(ranked, fits, [quota.count for quota in config.eval])
    return {
        name: [
            min(
                (one for one in groups[name].kept if one.stratum == stratum),
                key=lambda one: keyed_hash(one.image_id, config.seed),
            )
        ]
        for name, stratum in taken.items()
    }


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
        group.members.append(member.image_id)
        value = keyed_hash(member.image_id, seed)
        if not group.leader or value < group.rank:
            group.rank, group.leader = value, member.image_id
        if member.kept:
            group.kept.append(member)
    return groups


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
