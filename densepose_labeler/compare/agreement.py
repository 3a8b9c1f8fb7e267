"""How far the part maps of several models agree, image by image and pair by pair.

The tables are kept in `<dataset>/compare/agreement.parquet`, one row per image and pair, and made again for the images
whose labels have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from densepose_labeler.compare.borders import border_distance, borders
from densepose_labeler.metrics.part_maps import Counts, PartMap, joint_counts, part_iou, part_map
from manifests import atomic
from manifests.labels import LabelSet
from manifests.reasons import LabelStatus
from manifests.settings import fingerprint

_VERSION = 2
"""Raised when what is compared changes, so that everything is compared again."""
Progress = Callable[[str, int, int], None]

SCHEMA = pa.schema(
    [
        pa.field("image_id", pa.string()),
        pa.field("model_a", pa.string(), metadata={"about": "label set; before model_b in the alphabet"}),
        pa.field("model_b", pa.string()),
        pa.field("labels", pa.string(), metadata={"about": "fingerprint of the two labels compared"}),
        pa.field("foreground", pa.int32(), metadata={"about": "pixels where either sees a body"}),
        pa.field("same", pa.int32(), metadata={"about": "those of them that have the same part in both"}),
        pa.field("both", pa.int32(), metadata={"about": "those of them where both see a body"}),
        pa.field("part_iou", pa.float32(), metadata={"about": "mean IoU of the parts that occur in either; 1 if none"}),
        pa.field(
            "border_distance",
            pa.float32(),
            metadata={
                "about": "mean distance of part borders, in diagonals of the box around both; null if one is empty"
            },
        ),
    ]
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Pairwise agreement as arrays; NaN where one of the two models has no label of an image.

    Attributes:
        image_ids, models: what the axes stand for.
        difference: float32 [images, models, models], share of the foreground of either in which the parts differ; 0
            where both see nobody.
        foreground_iou: float32 [images, models, models].
        part_iou: float32 [images, models, models], mean over the parts that occur in either map.
        border_distance: float32 [images, models, models], mean distance of the part borders in diagonals of the box
            around both maps (see `borders`); NaN too where only one of them sees somebody.
    """

    image_ids: tuple[str, ...]
    models: tuple[str, ...]
    difference: NDArray[np.float32]
    foreground_iou: NDArray[np.float32]
    part_iou: NDArray[np.float32]
    border_distance: NDArray[np.float32]


def agreement(
    dataset: Path, models: Sequence[str], image_ids: Iterable[str], progress: Progress = lambda stage, done, total: None
) -> Agreement:
    """Compare every pair of label sets on every image; what was compared before is read from the disk.

    Args:
        dataset: the dataset directory.
        models: names of label sets.
        image_ids: any images; those that nobody labelled have NaN everywhere.
    """
    models, image_ids = tuple(dict.fromkeys(models)), tuple(sorted(set(image_ids)))
    path = dataset / "compare" / "agreement.parquet"
    known = {} if not path.is_file() else {_key(row): row for row in pq.read_table(path).to_pylist()}
    sets = {name: LabelSet(dataset / "labels" / name) for name in models}
    states = {name: label_states(one) for name, one in sets.items()}
    rows, made = [], False
    for number, image_id in enumerate(image_ids):
        labelled = sorted(name for name in models if image_id in states[name])
        wanted = {
            (image_id, a, b): fingerprint([_VERSION, states[a][image_id], states[b][image_id]])
            for a, b in combinations(labelled, 2)
        }
        if any(known.get(key, {}).get("labels") != labels for key, labels in wanted.items()):
            maps = [part_map(sets[name].read(image_id)) for name in labelled]
            for (key, labels), counts, (one, other) in zip(
                wanted.items(), joint_counts(maps), combinations(borders(maps), 2), strict=True
            ):
                known[key] = _row(*key, labels, counts, border_distance(one, other))
            made = True
        rows += [known[key] for key in wanted]
        progress("agreement", number + 1, len(image_ids))
    if made:
        everything = [known[key] for key in sorted(known)]
        atomic.write_table(path, pa.Table.from_pylist(everything, schema=SCHEMA))
    return _arrays(image_ids, models, rows)


@dataclass(frozen=True, slots=True)
class MapAgreement:
    """How far two part maps of one image agree.

    Attributes:
        same: share of the foreground of either that has the same part in both; 1 if there is none.
        part_iou: mean IoU of the parts that occur in either; 1 if none occurs.
        border_distance: mean distance of their part borders (see `borders`); not a number if only one is empty.
    """

    same: float
    part_iou: float
    border_distance: float


def against(reference: PartMap, maps: Sequence[PartMap]) -> list[MapAgreement]:
    """Each of some part maps against one of the same image.

    Raises:
        ValueError: the maps are not of one shape.
    """
    counts = [joint_counts([one, reference])[0] for one in maps]
    own, *others = borders([reference, *maps])
    return [
        MapAgreement(
            same=float(np.diag(table)[1:].sum() / foreground) if (foreground := table.sum() - table[0, 0]) else 1.0,
            part_iou=part_iou(table),
            border_distance=border_distance(one, own),
        )
        for table, one in zip(counts, others, strict=True)
    ]


def label_states(labels: LabelSet) -> dict[str, str]:
    """What decides the label of an image, for those that were labelled without an error."""
    columns = labels.summary(["image_id", "fingerprint", "weights_sha256", "status"]).to_pydict()
    rows = zip(columns["image_id"], columns["fingerprint"], columns["weights_sha256"], columns["status"], strict=True)
    return {image_id: fingerprint([made_with, weights]) for image_id, made_with, weights, status in rows
            if status != LabelStatus.ERROR}  # fmt: skip


def _row(image_id: str, a: str, b: str, labels: str, table: Counts, apart: float) -> dict[str, object]:
    return {
        "image_id": image_id,
        "model_a": a,
        "model_b": b,
        "labels": labels,
        "foreground": int(table.sum() - table[0, 0]),
        "same": int(np.diag(table)[1:].sum()),
        "both": int(table[1:, 1:].sum()),
        "part_iou": part_iou(table),
        "border_distance": None if np.isnan(apart) else apart,
    }


def _key(row: dict[str, str]) -> tuple[str, str, str]:
    return row["image_id"], row["model_a"], row["model_b"]


def _arrays(image_ids: tuple[str, ...], models: tuple[str, ...], rows: Iterable[dict[str, object]]) -> Agreement:
    shape = (len(image_ids), len(models), len(models))
    difference, foreground_iou, part_iou, apart = (np.full(shape, np.nan, np.float32) for _ in range(4))
    table = pa.Table.from_pylist(list(rows), schema=SCHEMA)
    image = np.searchsorted(np.array(image_ids), table["image_id"].to_numpy())
    number = {name: index for index, name in enumerate(models)}
    a, b = (np.array([number[name] for name in table[side].to_pylist()], int) for side in ("model_a", "model_b"))
    foreground = np.maximum(table["foreground"].to_numpy(), 1)
    seen = table["foreground"].to_numpy() > 0
    values = (
        (difference, np.where(seen, 1 - table["same"].to_numpy() / foreground, 0)),
        (foreground_iou, np.where(seen, table["both"].to_numpy() / foreground, 1)),
        (part_iou, table["part_iou"].to_numpy()),
        (apart, table["border_distance"].to_numpy()),
    )
    for array, column in values:
        array[image, a, b] = array[image, b, a] = column
    return Agreement(image_ids, models, difference, foreground_iou, part_iou, apart)
