"""Splits as files: sorted ids in `<name>.txt`; how they were drawn, and that nothing leaks, in `<name>.json`.

The files follow from images.parquet and the settings in the JSON alone, so anyone can draw again and compare; see
`curation.verification`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from curation import freeze, proof
from curation.config import CurationConfig, EvalQuota, SplitConfig
from curation.errors import CurationError
from curation.freeze import Frozen
from curation.proof import Proof, Quota
from curation.split import SPLITS, Member, draw
from curation.strata import strata
from manifests import atomic
from manifests.reasons import ImageStatus
from manifests.settings import fingerprint


class ShortageError(CurationError):
    """A stratum has fewer groups than its quota asks for; the message holds the table."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the splits follow from, besides images.parquet; all of it stands in each JSON file.

    Attributes:
        split: the draw; of a frozen evaluation split, `eval` are the quotas it was drawn by.
        hamming_radius, colour_distance: what looked alike when the dataset was curated.
        frozen: the frozen evaluation split, if there is one.
    """

    split: SplitConfig
    hamming_radius: int
    colour_distance: float
    frozen: Frozen | None = None

    @classmethod
    def of(cls, config: CurationConfig, frozen: Frozen | None) -> Settings:
        split = config.split
        if frozen is not None:
            quotas = tuple(EvalQuota.model_validate(one) for one in frozen.quotas)
            split = split.model_copy(update={"eval": quotas})
        return cls(split, config.hamming_radius, config.colour_distance, frozen)

    @property
    def quotas(self) -> list[tuple[Mapping[str, Any], int]]:
        return [(quota.stratum, quota.count) for quota in self.split.eval]


@dataclass(frozen=True, slots=True)
class SplitReport:
    """What the splits hold.

    Attributes:
        images: by split, how many.
        quotas: the eval quotas in the configuration's order.
        shared_groups, shared_products: how many have images in more than one split.
        smallest_distance: the fewest bits in which the perceptual hashes of an eval image and of any image of the other
            splits differ; None if either side is empty.
        frozen: whether the evaluation split is frozen.
        vanished: frozen ids that are no longer kept.
    """

    images: Mapping[str, int]
    quotas: tuple[Quota, ...]
    shared_groups: int
    shared_products: int
    smallest_distance: int | None
    frozen: bool = False
    vanished: tuple[str, ...] = ()


def write_splits(directory: Path, images: pa.Table, settings: Settings, made_from: str) -> SplitReport:
    """Draw and write the splits, in place of any that were there.

    Args:
        directory: `splits` of a dataset.
        images: images.parquet.
        made_from: fingerprint that `are_current` will look for.

    Raises:
        ShortageError: a quota cannot be filled and `allow_short` is false; then no split is written.
    """
    remove_splits(directory)
    splits, proved = draw_splits(images, settings)
    short = [quota for quota in proved.quotas if quota.missing]
    if short and not settings.split.allow_short and settings.frozen is None:
        raise ShortageError(_shortage(proved.quotas))
    for name, text in texts(images, settings, splits, proved, made_from).items():
        atomic.write_text(directory / name, text)
    return read_report(directory)


def draw_splits(images: pa.Table, settings: Settings) -> tuple[Mapping[str, tuple[str, ...]], Proof]:
    """The splits and the proof of them."""
    columns = zip(
        *(images[name].to_pylist() for name in ("image_id", "group_id", "status")),
        strata(images, settings.split.eval),
        strict=True,
    )
    members = (
        Member(image_id, group_id, stratum, status == ImageStatus.KEPT)
        for image_id, group_id, status, stratum in columns
    )
    drawn = draw(members, settings.split, settings.frozen.image_ids if settings.frozen else ())
    return drawn.splits, proof.prove(drawn.splits, images, settings.quotas, settings.hamming_radius)


def texts(
    images: pa.Table, settings: Settings, splits: Mapping[str, Sequence[str]], proved: Proof, made_from: str
) -> dict[str, str]:
    """Every file's name and content; a split's ids come before its JSON."""
    columns = (images[name].to_pylist() for name in ("image_id", "source", "gender", "group_id"))
    facts = {image_id: row for image_id, *row in zip(*columns, strict=True)}
    shared = {
        "seed": settings.split.seed,
        "validation": settings.split.validation,
        "allow_short": settings.split.allow_short,
        "hamming_radius": settings.hamming_radius,
        "colour_distance": settings.colour_distance,
        "quotas": [{**one.stratum, "count": one.count, "filled": one.filled} for one in proved.quotas],
        "frozen": None if settings.frozen is None else _frozen(settings.frozen, splits["eval"]),
        "leakage": {
            "groups_in_several_splits": len(proved.shared_groups),
            "products_in_several_splits": len(proved.shared_products),
            "smallest_phash_distance_of_eval_to_the_rest": proved.smallest_distance,
        },
        "made_from": made_from,
    }
    found: dict[str, str] = {}
    for name in SPLITS:
        rows = [facts[one] for one in splits[name]]
        counts = Counter((source, gender) for source, gender, _ in rows)
        told = {
            "split": name,
            "images": len(rows),
            "groups": len({group for *_, group in rows}),
            "strata": [{"source": s, "gender": g, "images": n} for (s, g), n in sorted(counts.items())],
            **shared,
        }
        found[f"{name}.txt"] = "".join(f"{one}\n" for one in splits[name])
        found[f"{name}.json"] = _json(told)
    return found


def read_settings(directory: Path) -> tuple[Settings, str]:
    """What the splits on the disk say that they follow from, and `made_from`.

    Raises:
        FileNotFoundError, KeyError, ValueError: there are no splits, or they are damaged.
    """
    told = json.loads((directory / "eval.json").read_text())
    quotas = [{key: value for key, value in one.items() if key != "filled"} for one in told["quotas"]]
    split = SplitConfig.model_validate(
        {"eval": quotas, **{name: told[name] for name in ("seed", "validation", "allow_short")}}
    )
    frozen = freeze.read(directory)
    return Settings(split, told["hamming_radius"], told["colour_distance"], frozen), told["made_from"]


def read_report(directory: Path) -> SplitReport:
    """What the JSON files say."""
    told = {name: json.loads((directory / f"{name}.json").read_text()) for name in SPLITS}
    leakage, frozen = told["eval"]["leakage"], told["eval"]["frozen"]
    return SplitReport(
        images={name: told[name]["images"] for name in SPLITS},
        quotas=tuple(_quota(one) for one in told["eval"]["quotas"]),
        shared_groups=leakage["groups_in_several_splits"],
        shared_products=leakage["products_in_several_splits"],
        smallest_distance=leakage["smallest_phash_distance_of_eval_to_the_rest"],
        frozen=frozen is not None,
        vanished=tuple(frozen["vanished"]) if frozen else (),
    )


def freeze_eval(directory: Path) -> Frozen:
    """Freeze the evaluation split that is on the disk; see `curation.freeze`.

    Raises:
        CurationError: there is none, or another is frozen already.
    """
    try:
        settings, _ = read_settings(directory)
        ids = (directory / "eval.txt").read_text().split()
    except (FileNotFoundError, KeyError, ValueError) as error:
        raise CurationError(f"{directory} holds no complete splits ({error}): screen and split first") from error
    quotas = [{**stratum, "count": count} for stratum, count in settings.quotas]
    frozen = freeze.write(directory, ids, quotas, settings.split.seed)
    for name in SPLITS:
        path = directory / f"{name}.json"
        told = json.loads(path.read_text()) | {"frozen": _frozen(frozen, ids)}
        atomic.write_text(path, _json(told))
    return frozen


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
    """Remove what was drawn; what was frozen stays."""
    for name in SPLITS:
        for suffix in (".json", ".txt"):  # the JSON first: without it the split is not there
            (directory / f"{name}{suffix}").unlink(missing_ok=True)


def split_fingerprint(images_made_from: Mapping[str, str], settings: Settings) -> str:
    return fingerprint({
        "images": dict(images_made_from),
        "split": settings.split.model_dump(mode="json"),
        "frozen": settings.frozen.image_ids if settings.frozen else None,
    })  # fmt: skip


def _quota(told: Mapping[str, Any]) -> Quota:
    stratum = {key: value for key, value in told.items() if key not in ("count", "filled")}
    return Quota(stratum, told["count"], told["filled"])


def _json(told: Mapping[str, Any]) -> str:
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _frozen(frozen: Frozen, present: Iterable[str]) -> dict[str, object]:
    return {"images": len(frozen.image_ids), "vanished": sorted(set(frozen.image_ids) - set(present))}


def _shortage(quotas: Sequence[Quota]) -> str:
    width = max(len("stratum"), *(len(quota.name) for quota in quotas)) + 2
    lines = [f"{'stratum':<{width}}{'wanted':>8}{'found':>8}{'missing':>9}"]
    lines += [f"{quota.name:<{width}}{quota.count:>8}{quota.filled:>8}{quota.missing or '':>9}" for quota in quotas]
    return (
        "the evaluation split cannot be filled (one image a group):\n"
        + "\n".join(lines)
        + "\nCollect more of these, lower the quotas in [curation.split], or allow the shortage "
        "(--allow-short, or allow_short = true)"
    )
