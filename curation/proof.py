"""The proof that splits hold what was promised and that nothing leaks between them.

It reads the splits as anyone would, as lists of ids, and looks at images.parquet alone: neither the draw nor the groups
are believed. What ties two images together is counted anew, from the sightings and the perceptual hashes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from curation.config import stratum_name
from curation.groups import Tie, ties
from curation.hamming import Hashes, distance, pairs_within
from curation.strata import members
from manifests.reasons import ImageReason, ImageStatus

COLUMNS = ["image_id", "group_id", "status", "reason", "phash", "duplicate_of", "sightings"]
"""What the proof reads besides the columns of the strata."""

_SHOWN = 3  # offenders named in a message


@dataclass(frozen=True, slots=True)
class Quota:
    """One eval quota and what it got: one image a group."""

    stratum: Mapping[str, Any]
    count: int
    filled: int

    @property
    def name(self) -> str:
        return stratum_name(self.stratum)

    @property
    def missing(self) -> int:
        return self.count - self.filled


@dataclass(frozen=True, slots=True)
class Closest:
    """An image of the evaluation split and the image of another split that looks most like it, in bits of 64."""

    distance: int
    image_id: str
    other_id: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What was counted.

    Attributes:
        images: by split, how many.
        quotas: the eval quotas, counted in the split.
        absent: ids of a split that images.parquet does not keep.
        repeated: ids that stand twice, in one split or in two.
        shared_groups: groups with images in several splits.
        crowded_groups: groups with several images in the evaluation split.
        shared_products: products, styles and pictures of a shop with images in several splits.
        parted: images that one product or one look ties together, but that do not have one `group_id`.
        closest: for each image of the evaluation split its closest; ascending.
    """

    images: Mapping[str, int]
    quotas: tuple[Quota, ...]
    absent: tuple[str, ...]
    repeated: tuple[str, ...]
    shared_groups: tuple[str, ...]
    crowded_groups: tuple[str, ...]
    shared_products: tuple[str, ...]
    parted: tuple[tuple[str, str], ...]
    closest: tuple[Closest, ...]

    @property
    def smallest_distance(self) -> int | None:
        """The fewest bits in which an image of the evaluation split and one of another differ; None without a pair."""
        return self.closest[0].distance if self.closest else None

    def failures(self, *, frozen: bool = False, allow_short: bool = False) -> list[str]:
        """What is not as it must be, a line each; none if all is well.

        Args:
            frozen: the evaluation split was frozen: images may have vanished from it, and groups grown together.
            allow_short: the configuration allows quotas that are not filled.
        """
        lines = [
            f"{quota.name}: {quota.filled} of {quota.count} images"
            for quota in self.quotas
            if quota.filled > quota.count or (quota.missing and not (frozen or allow_short))
        ]
        found: list[tuple[str, Sequence[object]]] = [
            ("ids that images.parquet does not keep", self.absent),
            ("ids that stand twice", self.repeated),
            ("groups in several splits", self.shared_groups),
            ("groups with several images in eval", () if frozen else self.crowded_groups),
            ("products, styles or pictures in several splits", self.shared_products),
            ("images that belong together in several groups", self.parted),
        ]
        for what, offenders in found:
            if offenders:
                lines.append(f"{len(offenders)} {what}: {', '.join(map(str, offenders[:_SHOWN]))}")
        return lines


def prove(
    splits: Mapping[str, Sequence[str]], images: pa.Table, quotas: Sequence[tuple[Mapping[str, Any], int]], radius: int
) -> Proof:
    """Count everything.

    Args:
        splits: ids by name; `eval` is the one that the others must not know.
        images: images.parquet, with `COLUMNS` and those of the strata.
        quotas: stratum and count of each eval quota.
        radius: the Hamming radius that the dataset was curated with.
    """
    ids: list[str] = images["image_id"].to_pylist()
    row = {image_id: index for index, image_id in enumerate(ids)}
    statuses = images["status"].to_pylist()
    times: dict[str, int] = defaultdict(int)
    for one in (one for listed in splits.values() for one in listed):
        times[one] += 1
    absent = sorted(one for one in times if one not in row or statuses[row[one]] != ImageStatus.KEPT)
    there = {name: [one for one in listed if one in row] for name, listed in splits.items()}
    split_of = {one: name for name, listed in there.items() for one in listed}
    groups: list[str] = images["group_id"].to_pylist()
    in_eval = np.zeros(len(ids), bool)
    in_eval[[row[one] for one in there.get("eval", [])]] = True
    eval_groups = [groups[row[one]] for one in there.get("eval", [])]
    return Proof(
        images={name: len(listed) for name, listed in splits.items()},
        quotas=tuple(
            Quota(dict(stratum), count, int((members(images, stratum) & in_eval).sum())) for stratum, count in quotas
        ),
        absent=tuple(absent),
        repeated=tuple(sorted(one for one, count in times.items() if count > 1)),
        shared_groups=_shared((groups[row[one]], name) for one, name in split_of.items()),
        crowded_groups=tuple(sorted({group for group in eval_groups if eval_groups.count(group) > 1})),
        shared_products=_shared(
            (" ".join(tie), split_of[ids[index]]) for index, tie in _ties(images) if ids[index] in split_of
        ),
        parted=tuple(_parted(images, ids, groups, radius)),
        closest=_closest(there, row, images["phash"].to_pylist()),
    )


def _ties(images: pa.Table) -> Iterator[tuple[int, Tie]]:
    """(row, tie) for everything by which a sighting ties its image to others."""
    for index, sightings in enumerate(images["sightings"].to_pylist()):
        for one in sightings:
            for tie in ties(one["source"], one["product_id"], one["style_id"], one["image_key"], one["page_url"]):
                yield index, tie


def _shared(pairs: Iterator[tuple[str, str]]) -> tuple[str, ...]:
    """The first members that come with several second ones; sorted."""
    seen: dict[str, set[str]] = defaultdict(set)
    for one, other in pairs:
        seen[one].add(other)
    return tuple(sorted(one for one, others in seen.items() if len(others) > 1))


def _parted(images: pa.Table, ids: Sequence[str], groups: Sequence[str], radius: int) -> Iterator[tuple[str, str]]:
    """Pairs of images that are tied beyond doubt and do not share a group: a bound that grouping cannot go below."""
    first: dict[Tie, int] = {}
    for index, tie in _ties(images):
        other = first.setdefault(tie, index)
        if groups[other] != groups[index]:
            yield ids[other], ids[index]
    row = {image_id: index for index, image_id in enumerate(ids)}
    for index, original in enumerate(images["duplicate_of"].to_pylist()):
        if original is not None and (original not in row or groups[row[original]] != groups[index]):
            yield original, ids[index]
    holders: dict[int, list[int]] = defaultdict(list)  # of one hash: those that took part in grouping
    columns = (images[name].to_pylist() for name in ("phash", "status", "reason"))
    for index, (phash, status, reason) in enumerate(zip(*columns, strict=True)):
        if phash is not None and (status == ImageStatus.KEPT or reason == ImageReason.NEAR_DUPLICATE):
            holders[phash].append(index)
    for same in holders.values():
        yield from ((ids[same[0]], ids[other]) for other in same[1:] if groups[other] != groups[same[0]])
    hashes = sorted(holders)
    for one, other in pairs_within(np.array(hashes, np.uint64), radius // 2).tolist():
        here, there = holders[hashes[one]][0], holders[hashes[other]][0]
        if groups[here] != groups[there]:
            yield ids[here], ids[there]


def _closest(
    splits: Mapping[str, Sequence[str]], row: Mapping[str, int], hashes: Sequence[int | None]
) -> tuple[Closest, ...]:
    rest = [one for name in sorted(splits) if name != "eval" for one in splits[name] if hashes[row[one]] is not None]
    known: Hashes = np.array([hashes[row[one]] for one in rest], np.uint64)
    found = []
    for one in splits.get("eval", []):
        phash = hashes[row[one]]
        if rest and phash is not None:
            bits = distance(np.uint64(phash), known)
            nearest = int(bits.argmin())
            found.append(Closest(int(bits[nearest]), one, rest[nearest]))
    return tuple(sorted(found, key=lambda one: (one.distance, one.image_id)))
