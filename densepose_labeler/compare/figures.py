"""One row a model: what it found, how it agrees with the others and with the consensus, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from densepose_labeler import zoo
from densepose_labeler.compare.agreement import Agreement, MapAgreement, Progress, against
from densepose_labeler.compare.consensus import NAME
from densepose_labeler.compare.people import match
from densepose_labeler.compare.stability import Stability
from densepose_labeler.metrics.part_maps import PartMap, part_map
from manifests.labels import LabelRow, LabelSet
from manifests.reasons import LabelStatus


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one model over some images; None where they cannot be had.

    Attributes:
        model: label set.
        stratum: the images' stratum; None for all.
        images, errors, without_person: images labelled; of these, that failed; in which nobody was found.
        persons: people found.
        missed: people of the consensus that it did not see.
        extra: people it saw that the consensus does not have.
        coverage: mean share of the picture that it labels as body.
        agreement: mean share of the foreground (of either) that has the same part in another model, over all others.
        border_distance: mean distance of its part borders from another model's, over all others, in diagonals of the
            box around both maps.
        consensus_agreement: the share of the foreground against the consensus.
        consensus_part_iou: mean over images of the mean IoU of the parts that occur in it or the consensus.
        consensus_border_distance: mean distance of its part borders from the consensus's.
        mirrored_agreement, mirrored_part_iou: of its map of the mirrored picture, mirrored back, with its own map.
        smaller_agreement, smaller_part_iou: of its map at a smaller network input with its own map.
        tried: images that these four were measured on.
        truth_part_iou: the same against ground truth, where there is some.
        seconds: median seconds an image on this machine.
        megabytes: of the weights.
        published_ap: DensePose AP (GPS) as published, on `published_on`.
    """

    model: str
    stratum: str | None
    images: int
    errors: int
    without_person: int
    persons: int
    missed: int
    extra: int
    coverage: float | None
    agreement: float | None
    border_distance: float | None
    consensus_agreement: float | None
    consensus_part_iou: float | None
    consensus_border_distance: float | None
    mirrored_agreement: float | None
    mirrored_part_iou: float | None
    smaller_agreement: float | None
    smaller_part_iou: float | None
    tried: int
    truth_part_iou: float | None
    seconds: float | None
    megabytes: float | None
    published_ap: float | None
    published_on: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What one model and the consensus say of one image."""

    error: bool
    persons: int
    missed: int
    extra: int
    coverage: float
    found: MapAgreement


_FAILED = Seen(True, 0, 0, 0, 0.0, MapAgreement(0.0, 0.0, math.nan))


def observe(
    dataset: Path,
    models: Sequence[str],
    image_ids: Iterable[str],
    progress: Progress = lambda stage, done, total: None,
) -> dict[str, dict[str, Seen]]:
    """Hold every label against the consensus: model -> image id -> what was seen."""
    sets = {name: LabelSet(dataset / "labels" / name) for name in models}
    labelled = {name: labels.ids() for name, labels in sets.items()}
    consensus = LabelSet(dataset / "labels" / NAME)
    agreed = consensus.ids()
    seen: dict[str, dict[str, Seen]] = {name: {} for name in models}
    wanted = sorted(agreed.intersection(image_ids))
    for number, image_id in enumerate(wanted, 1):
        reference = consensus.read(image_id)
        rows = {name: sets[name].read(image_id) for name in models if image_id in labelled[name]}
        maps = {name: part_map(row) for name, row in rows.items() if row.status != LabelStatus.ERROR}
        found = dict(zip(maps, against(part_map(reference), list(maps.values())), strict=True))
        for name, row in rows.items():
            seen[name][image_id] = _compare(row, maps[name], reference, found[name]) if name in maps else _FAILED
        progress("against the consensus", number, len(wanted))
    return seen


def figures(
    model: str,
    stratum: str | None,
    image_ids: Sequence[str],
    seen: Mapping[str, Seen],
    agreement: Agreement,
    truth: Mapping[str, float],
    stability: Mapping[str, Stability],
    seconds: float | None,
    spec: zoo.ModelSpec | None,
) -> Figures:
    """Sum up one model over some images.

    Args:
        seen: by image id, of `observe`.
        truth: mean part IoU with the ground truth by image id.
        stability: by image id, for those on which it was measured.
        spec: the model behind the label set, if the zoo knows it.
    """
    here = [seen[one] for one in image_ids if one in seen]
    whole = [one for one in here if not one.error]
    tried = [stability[one] for one in image_ids if one in stability]
    wanted = set(image_ids)
    rows = [number for number, one in enumerate(agreement.image_ids) if one in wanted]
    others = [number for number, name in enumerate(agreement.models) if name != model]
    pairs = np.ix_(rows, [agreement.models.index(model)], others)
    published = spec.metrics if spec else None
    return Figures(
        model=model,
        stratum=stratum,
        images=len(here),
        errors=sum(one.error for one in here),
        without_person=sum(not one.persons for one in whole),
        persons=sum(one.persons for one in whole),
        missed=sum(one.missed for one in whole),
        extra=sum(one.extra for one in whole),
        coverage=_mean(one.coverage for one in whole),
        agreement=_mean((1 - agreement.difference[pairs]).ravel().tolist()),
        border_distance=_mean(agreement.border_distance[pairs].ravel().tolist()),
        consensus_agreement=_mean(one.found.same for one in whole),
        consensus_part_iou=_mean(one.found.part_iou for one in whole),
        consensus_border_distance=_mean(one.found.border_distance for one in whole),
        mirrored_agreement=_mean(one.mirrored.same for one in tried),
        mirrored_part_iou=_mean(one.mirrored.part_iou for one in tried),
        smaller_agreement=_mean(one.smaller.same for one in tried),
        smaller_part_iou=_mean(one.smaller.part_iou for one in tried),
        tried=len(tried),
        truth_part_iou=_mean(truth[one] for one in image_ids if one in truth),
        seconds=seconds,
        megabytes=round(spec.bytes / 1e6, 1) if spec and spec.bytes else None,
        published_ap=published.densepose_ap_gps if published else None,
        published_on=published.dataset if published else None,
    )


def as_table(rows: Sequence[Figures]) -> pa.Table:
    """The figures as a table, a row a model and stratum."""
    counts = ("images", "errors", "without_person", "persons", "missed", "extra", "tried")
    texts = ("model", "stratum", "published_on")
    schema = pa.schema(
        [
            (name, pa.string() if name in texts else pa.int32() if name in counts else pa.float32())
            for name in Figures.__dataclass_fields__
        ]
    )
    return pa.Table.from_pylist([asdict(one) for one in rows], schema=schema)


def _compare(row: LabelRow, parts: PartMap, reference: LabelRow, found: MapAgreement) -> Seen:
    both = match({"model": row.instances, "consensus": reference.instances})
    return Seen(
        error=False,
        persons=len(row.instances),
        missed=sum(list(one.seen_by) == ["consensus"] for one in both),
        extra=sum(list(one.seen_by) == ["model"] for one in both),
        coverage=float((parts > 0).mean()),
        found=found,
    )


def _mean(values: Iterable[float]) -> float | None:
    known = [one for one in values if not math.isnan(one)]
    return float(np.mean(known)) if known else None
