"""Splits as files: sorted ids in `<name>.txt`; how they were drawn, and that nothing leaks, in `<name>.json`.

The files follow from images.parquet and the settings in the JSON alone, so anyone can draw again and compare: `verify`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curation.config import EvalQuota, SplitConfig
from curation.errors import CurationError
from curation.hamming import distance
from curation.split import SPLITS, Draw, Member, draw
from manifests import atomic
from manifests.reasons import ImageStatus
from manifests.settings import fingerprint

_COLUMNS = ["image_id", "group_id", "source", "gender", "status", "phash"]


class SplitError(CurationError):
    """The splits on the disk are not those that images.parquet and their settings give."""


class ShortageError(CurationError):
    """A stratum has fewer groups than its quota asks for; the message holds the table."""


@dataclass(frozen=True, slots=True)
class Quota:
    """One eval quota and what it got: one image a group."""

    source: str
    gender: str | None
    count: int
    filled: int

    @property
    def missing(self) -> int:
        return self.count - self.filled


@dataclass(frozen=True, slots=True)
class SplitReport:
    """What the splits hold.

    Attributes:
        images: by split, how many.
        quotas: the eval quotas in the configuration's order.
        straddling_groups: how many groups have images in more than one split.
        smallest_distance: the fewest bits in which the perceptual hashes of an eval image and of any image of the other
            splits differ; None if either side is empty.
    """

    images: Mapping[str, int]
    quotas: tuple[Quota, ...]
    straddling_groups: int
    smallest_distance: int | None


def write_splits(directory: Path, images: pa.Table, config: SplitConfig, made_from: str) -> SplitReport:
    """Draw and write the splits, in place of any that were there.

    Args:
        directory: `splits` of a dataset.
        images: images.parquet.
        made_from: fingerprint that `are_current` will look for.

    Raises:
        ShortageError: a quota cannot be filled and `config.allow_short` is false; then no split is written.
    """
    remove_splits(directory)
    drawn = draw(_members(images), config)
    report = _report(images, config, drawn)
    short = [quota for quota in report.quotas if quota.missing]
    if short and not config.allow_short:
        raise ShortageError(_shortage(short))
    for name, text in _texts(images, config, drawn, report, made_from).items():
        atomic.write_text(directory / name, text)
    return report


def read_report(directory: Path) -> SplitReport:
    """What the JSON files say."""
    told = {name: json.loads((directory / f"{name}.json").read_text()) for name in SPLITS}
    quotas = tuple(Quota(**quota) for quota in told["eval"]["quotas"])
    leakage = told["eval"]["leakage"]
    return SplitReport(
        {name: told[name]["images"] for name in SPLITS},
        quotas,
        leakage["groups_in_several_splits"],
        leakage["smallest_phash_distance_of_eval_to_the_rest"],
    )


def verify(dataset: Path) -> SplitReport:
    """Draw again from images.parquet and the settings in the JSON files, and compare with what is on the disk.

    Raises:
        SplitError: a file is missing or differs, or a group lies in several splits.
    """
    directory = Path(dataset) / "splits"
    try:
        told = json.loads((directory / "eval.json").read_text())
        config = SplitConfig(
            seed=told["seed"],
            eval=tuple(EvalQuota(source=q["source"], gender=q["gender"], count=q["count"]) for q in told["quotas"]),
            validation=told["validation"],
            allow_short=told["allow_short"],
        )
        images = pq.read_table(Path(dataset) / "images.parquet", columns=_COLUMNS)
    except (FileNotFoundError, KeyError, ValueError) as error:
        raise SplitError(f"{directory} holds no complete splits ({error}): screen and split again") from error
    drawn = draw(_members(images), config)
    report = _report(images, config, drawn)
    expected = _texts(images, config, drawn, report, told["made_from"])
    wrong = [name for name, text in expected.items() if _text(directory / name) != text]
    if wrong:
        raise SplitError(f"not what images.parquet and eval.json give: {', '.join(wrong)}; screen and split again")
    if report.straddling_groups:
        raise SplitError(f"{report.straddling_groups} groups lie in more than one split")
    return report


def are_current(directory: Path, made_from: str) -> bool:
    """True if all files are there and were made from this."""
    try:
        told = [json.loads((directory / f"{name}.json").read_text()) for name in SPLITS]
    except (FileNotFoundError, ValueError):
        return False
    return all(one.get("made_from") == made_from for one in told) and all(
        (directory / f"{name}.txt").exists() for name in SPLITS
    )


def remove_splits(directory: Path) -> None:
    for name in SPLITS:
        for suffix in (".json", ".txt"):  # the JSON first: without it the split is not there
            (directory / f"{name}{suffix}").unlink(missing_ok=True)


def split_fingerprint(images_made_from: Mapping[str, str], config: SplitConfig) -> str:
    return fingerprint({"images": dict(images_made_from), "split": config.model_dump(mode="json")})


def _members(images: pa.Table) -> Iterable[Member]:
    names = ("image_id", "group_id", "source", "gender", "status")
    for image_id, group_id, source, gender, status in zip(*(images[name].to_pylist() for name in names), strict=True):
        yield Member(image_id, group_id, source, gender, kept=status == ImageStatus.KEPT)


def _report(images: pa.Table, config: SplitConfig, drawn: Draw) -> SplitReport:
    groups = dict(zip(images["image_id"].to_pylist(), images["group_id"].to_pylist(), strict=True))
    hashes = dict(zip(images["image_id"].to_pylist(), images["phash"].to_pylist(), strict=True))
    inside = {name: {groups[one] for one in ids} for name, ids in drawn.splits.items()}
    times = Counter(group for names in inside.values() for group in names)
    rest = np.array([hashes[one] for name in ("train", "validation") for one in drawn.splits[name]], np.uint64)
    nearest = [int(distance(np.uint64(hashes[one]), rest).min()) for one in drawn.splits["eval"] if len(rest)]
    return SplitReport(
        images={name: len(ids) for name, ids in drawn.splits.items()},
        quotas=tuple(
            Quota(quota.source, quota.gender, quota.count, filled)
            for quota, filled in zip(config.eval, drawn.filled, strict=True)
        ),
        straddling_groups=sum(count > 1 for count in times.values()),
        smallest_distance=min(nearest, default=None),
    )


def _texts(images: pa.Table, config: SplitConfig, drawn: Draw, report: SplitReport, made_from: str) -> dict[str, str]:
    """Every file's name and content; a split's ids come before its JSON."""
    facts = {row["image_id"]: row for row in images.select(_COLUMNS).to_pylist()}
    texts: dict[str, str] = {}
    for name in SPLITS:
        ids = drawn.splits[name]
        strata = Counter((facts[one]["source"], facts[one]["gender"]) for one in ids)
        told: dict[str, Any] = {
            "split": name,
            "images": len(ids),
            "groups": len({facts[one]["group_id"] for one in ids}),
            "strata": [{"source": s, "gender": g, "images": n} for (s, g), n in sorted(strata.items())],
            "seed": config.seed,
            "validation": config.validation,
            "allow_short": config.allow_short,
            "quotas": [
                {"source": q.source, "gender": q.gender, "count": q.count, "filled": q.filled} for q in report.quotas
            ],
            "leakage": {
                "groups_in_several_splits": report.straddling_groups,
                "smallest_phash_distance_of_eval_to_the_rest": report.smallest_distance,
            },
            "made_from": made_from,
        }
        texts[f"{name}.txt"] = "".join(f"{one}\n" for one in ids)
        texts[f"{name}.json"] = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
    return texts


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _shortage(short: Iterable[Quota]) -> str:
    lines = [f"{'source':<16}{'gender':<10}{'wanted':>8}{'found':>8}{'missing':>9}"]
    lines += [
        f"{quota.source:<16}{quota.gender or 'any':<10}{quota.count:>8}{quota.filled:>8}{quota.missing:>9}"
        for quota in short
    ]
    return (
        "the evaluation split cannot be filled (one image a group):\n"
        + "\n".join(lines)
        + "\nCollect more of these, lower the quotas in [curation.split], or set allow_short = true"
    )
