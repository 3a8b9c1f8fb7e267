"""How far a model says the same of the same person when the picture is mirrored, or shown to it smaller.

A model's own labels are held against those of the picture mirrored (brought back, with left and right parts exchanged)
and against those at a network input of `SMALLER` times the size. No truth is needed, and a model cannot look stable by
agreeing with others; but what is always wrong in the same way is stable too.

Kept in `<dataset>/compare/stability.parquet`, one row per image and model; measured again where labels have changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from densepose_labeler.compare.agreement import MapAgreement, against, label_states
from densepose_labeler.config import LabelConfig
from densepose_labeler.label_sets import Labeller, ResolvedSet, choose_device, resolve
from densepose_labeler.metrics.part_maps import PartMap, part_map
from densepose_labeler.planning import LabelError
from manifests import atomic
from manifests.decoding import ImageError, decode
from manifests.image_store import ImageStore
from manifests.instances import flatten
from manifests.labels import LabelSet
from manifests.parts import FLIP

Progress = Callable[[str, int, int], None]
FILE = Path("compare") / "stability.parquet"
SMALLER = 0.75
_SAVED_EVERY = 8
_MIRRORED_PARTS = np.array(FLIP, np.uint8)
_CHANGES = ("mirrored", "smaller")
_MEASURES = tuple(MapAgreement.__dataclass_fields__)
_SCHEMA = pa.schema(
    [
        pa.field("image_id", pa.string()),
        pa.field("model", pa.string()),
        pa.field("labels", pa.string(), metadata={"about": "what decided the label that the others are held against"}),
        *(pa.field(f"{change}_{name}", pa.float32()) for change in _CHANGES for name in _MEASURES),
    ]
)


@dataclass(frozen=True, slots=True)
class Stability:
    """One model on one image: its map of the mirrored picture, and of a smaller one, against its own label."""

    mirrored: MapAgreement
    smaller: MapAgreement


def stability(dataset: Path, models: Iterable[str]) -> dict[str, dict[str, Stability]]:
    """What was measured of the present labels: model -> image id -> stability."""
    found: dict[str, dict[str, Stability]] = {name: {} for name in models}
    states = {name: label_states(LabelSet(dataset / "labels" / name)) for name in found}
    for (name, image_id), row in _read(dataset).items():
        if name in found and states[name].get(image_id) == row["labels"]:
            found[name][image_id] = Stability(*(_agreement(row, change) for change in _CHANGES))
    return found


def sample(strata: Mapping[str, str], count: int) -> list[str]:
    """`count` images, as many of each stratum as there are, the strata in turns; always the same ones."""
    by_stratum: dict[str, list[str]] = {}
    for image_id in sorted(strata):  # ids are hashes: their order is as good as a draw
        by_stratum.setdefault(strata[image_id], []).append(image_id)
    turns = zip_longest(*(by_stratum[name] for name in sorted(by_stratum)))
    return [one for one in chain.from_iterable(turns) if one is not None][:count]


def measure(
    dataset: Path,
    models: Sequence[str],
    image_ids: Sequence[str],
    config: LabelConfig,
    progress: Progress = lambda stage, done, total: None,
) -> None:
    """Measure what has not been measured of the present labels; can be stopped at any moment and goes on there.

    Args:
        models: label sets, made with the options that `config` gives them.
        image_ids: pictures; those that a model has not labelled are left out for it.

    Raises:
        LabelError: a name means no label set, or its labels were made with other options or weights.
        WeightsMissing: weights are not on the disk.
    """
    known, measured = _read(dataset), stability(dataset, models)
    states = {name: label_states(LabelSet(dataset / "labels" / name)) for name in models}
    wanted = {name: [one for one in image_ids if one in states[name]] for name in models}
    done, total = 0, sum(len(ids) for ids in wanted.values())
    for name in models:
        open_ids = [one for one in wanted[name] if one not in measured[name]]
        done += len(wanted[name]) - len(open_ids)
        progress("stability", done, total)
        if not open_ids:
            continue
        (resolved,) = resolve([name], config)
        pair = tuple(one.load(choose_device(config.device)) for one in (resolved, _smaller(resolved)))
        try:
            for number, image_id in enumerate(open_ids, 1):
                found = _measure(dataset, resolved, pair, image_id)
                if found is not None:
                    known[name, image_id] = _row(image_id, name, states[name][image_id], found)
                done += 1
                progress("stability", done, total)
                if number % _SAVED_EVERY == 0:
                    _write(dataset, known)
        finally:
            _write(dataset, known)


def _measure(dataset: Path, resolved: ResolvedSet, labellers: tuple[Labeller, ...], image_id: str) -> Stability | None:
    row = LabelSet(dataset / "labels" / resolved.name).read(image_id)
    if row.fingerprint != resolved.fingerprint:
        raise LabelError(
            f"{resolved.name}: labels were made with other options or weights than the configuration has now; "
            f"`vestiary label --models {resolved.name}` makes them anew"
        )
    try:
        picture = decode(ImageStore(dataset / "images").read(image_id))
    except (ImageError, KeyError, OSError):
        return None
    at_own_size, smaller = labellers
    mirrored = _parts(at_own_size, np.ascontiguousarray(picture[:, ::-1]))
    return Stability(*against(part_map(row), [mirror(mirrored), _parts(smaller, picture)]))


def mirror(parts: PartMap) -> PartMap:
    """The part map of the mirrored picture: mirrored, with left and right parts exchanged. Its own inverse."""
    return np.ascontiguousarray(_MIRRORED_PARTS[parts[:, ::-1]])


def _parts(labeller: Labeller, picture: PartMap) -> PartMap:
    return np.ascontiguousarray(flatten(labeller([picture])[0], *picture.shape[:2])[..., 0])


def _smaller(one: ResolvedSet) -> ResolvedSet:
    return replace(one, spec=one.spec.resized(round(SMALLER * one.spec.network.input.min_size)))


def _row(image_id: str, model: str, labels: str, found: Stability) -> dict[str, object]:
    values = {f"{change}_{name}": getattr(getattr(found, change), name) for change in _CHANGES for name in _MEASURES}
    plain = {key: None if math.isnan(value) else value for key, value in values.items()}
    return {"image_id": image_id, "model": model, "labels": labels, **plain}


def _agreement(row: Mapping[str, float | None], change: str) -> MapAgreement:
    return MapAgreement(*(math.nan if (value := row[f"{change}_{name}"]) is None else value for name in _MEASURES))


def _read(dataset: Path) -> dict[tuple[str, str], dict[str, Any]]:
    if not (dataset / FILE).is_file():
        return {}
    return {(row["model"], row["image_id"]): row for row in pq.read_table(dataset / FILE).to_pylist()}


def _write(dataset: Path, rows: Mapping[tuple[str, str], Mapping[str, object]]) -> None:
    atomic.write_table(dataset / FILE, pa.Table.from_pylist([dict(rows[key]) for key in sorted(rows)], schema=_SCHEMA))
