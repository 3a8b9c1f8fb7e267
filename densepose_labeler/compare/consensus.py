"""The label set `consensus`: what most models say, pixel by pixel, and how many of them say it.

A person is kept if at least half of the models see one there. Each model votes at each pixel with the weight of its
score; a model that does not see the person votes for background. The part with most votes wins, the lower number where
two are equal, and the plane `weight` is its share of all votes. U and V are the mean over the models that say the
winning part, weighted likewise; they are left out (0, and charts "none") where the models' charts differ in kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from densepose_labeler.compare.people import Person, match
from manifests.charts import Charts
from manifests.instances import WEIGHT, Instance
from manifests.labels import PART_SIZE, LabelRow, LabelSet
from manifests.reasons import LabelStatus
from manifests.settings import fingerprint

NAME = "consensus"
_VERSION = 1
Progress = Callable[[str, int, int], None]


def write_consensus(
    dataset: Path,
    models: Sequence[str],
    image_ids: Iterable[str],
    progress: Progress = lambda stage, done, total: None,
) -> LabelSet:
    """Make the label set, or what is missing of it; parts whose labels have not changed are left alone.

    An image that some of the models have no label for is decided by the others; one that nobody labelled is left out.

    Args:
        models: label sets that vote, at least two.

    Raises:
        ValueError: fewer than two models.
    """
    if len(models) < 2:
        raise ValueError("a consensus needs two label sets at least")
    sets = {name: LabelSet(dataset / "labels" / name) for name in sorted(models)}
    made_from = _made_from(sets)
    charts = _charts(sets.values())
    target = LabelSet(dataset / "labels" / NAME)
    ids = [one for one in sorted(set(image_ids)) if one in made_from]
    parts = [ids[start : start + PART_SIZE] for start in range(0, len(ids), PART_SIZE)]
    present = dict(target.parts())
    for number, part in enumerate(parts):
        wanted = {one: made_from[one] for one in part}
        if number not in present or _fingerprints(present[number]) != wanted:
            rows = [_row(one, [sets[name] for name in sets], made_from[one], charts) for one in part]
            target.write_part(number, rows, charts)
        progress("consensus", min((number + 1) * PART_SIZE, len(ids)), len(ids))
    for number in present:
        if number >= len(parts):
            target.remove_part(number)
    return target


def agree(person: Person, scores: Mapping[str, float], with_uv: bool) -> Instance:
    """What the models say of one person.

    Args:
        scores: for every model that voted on this image, the weight of its vote for background if it does not see the
            person.
        with_uv: average U and V; else they are 0.
    """
    boxes = [one.iuv_box for one in person.seen_by.values()]
    x0, y0 = min(box[0] for box in boxes), min(box[1] for box in boxes)
    x1, y1 = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    votes = np.zeros((25, y1 - y0, x1 - x0), np.float32)
    for name, absent in scores.items():
        seen = person.seen_by.get(name)
        votes[0] += absent if seen is None else seen.score
        if seen is not None:
            rows, columns = _place(seen, x0, y0)
            parts = seen.iuv[..., 0]
            votes[0, rows, columns] -= seen.score
            np.put_along_axis(
                votes[:, rows, columns],
                parts[None].astype(np.int64),
                np.take_along_axis(votes[:, rows, columns], parts[None].astype(np.int64), axis=0) + seen.score,
                axis=0,
            )
    winner = votes.argmax(axis=0).astype(np.uint8)
    weight = votes.max(axis=0) / votes.sum(axis=0)
    iuv = np.zeros((*winner.shape, 3), np.uint8)
    iuv[..., 0] = winner
    if with_uv:
        iuv[..., 1:] = _mean_uv(person, winner, x0, y0)
    weights = {name: person.seen_by[name].score for name in person.seen_by}
    box = np.average([one.box for one in person.seen_by.values()], axis=0, weights=list(weights.values()))
    return Instance(
        box=(float(box[0]), float(box[1]), float(box[2]), float(box[3])),
        score=sum(weights.values()) / len(scores),
        iuv_box=(x0, y0, x1 - x0, y1 - y0),
        iuv=iuv,
        confidences={WEIGHT: weight.astype(np.float16)},
    )


def _mean_uv(person: Person, winner: NDArray[np.uint8], x0: int, y0: int) -> NDArray[np.uint8]:
    total, weight = np.zeros((*winner.shape, 2), np.float32), np.zeros(winner.shape, np.float32)
    for seen in person.seen_by.values():
        rows, columns = _place(seen, x0, y0)
        same = ((seen.iuv[..., 0] == winner[rows, columns]) & (winner[rows, columns] > 0)) * np.float32(seen.score)
        total[rows, columns] += seen.iuv[..., 1:] * same[..., None]
        weight[rows, columns] += same
    return np.floor(total / np.maximum(weight, 1e-9)[..., None] + 0.5).astype(np.uint8)


def _place(seen: Instance, x0: int, y0: int) -> tuple[slice, slice]:
    x, y, width, height = seen.iuv_box
    return slice(y - y0, y - y0 + height), slice(x - x0, x - x0 + width)


def _row(image_id: str, sets: Sequence[LabelSet], made_from: str, charts: Charts) -> LabelRow:
    rows = [row for labels in sets if (row := _labelled(labels, image_id)) is not None]
    people = {row.model: row.instances for row in rows}
    # a model that misses a person is as sure of that as it is of those it finds
    absent = {name: float(np.mean([one.score for one in found])) if found else 1.0 for name, found in people.items()}
    persons = [one for one in match(people) if 2 * len(one.seen_by) >= len(rows)]
    instances = sorted((agree(one, absent, charts != "none") for one in persons), key=lambda one: -one.score)
    return LabelRow(
        image_id, NAME, fingerprint([row.weights_sha256 for row in rows]), made_from,
        LabelStatus.OK if instances else LabelStatus.NO_PERSON, None, rows[0].width, rows[0].height, tuple(instances),
    )  # fmt: skip


def _labelled(labels: LabelSet, image_id: str) -> LabelRow | None:
    try:
        row = labels.read(image_id)
    except KeyError:
        return None
    return None if row.status == LabelStatus.ERROR else row


def _made_from(sets: Mapping[str, LabelSet]) -> dict[str, str]:
    """What decides the consensus on an image, for those that somebody labelled."""
    states: dict[str, list[tuple[str, str]]] = {}
    for name, labels in sets.items():
        for row in labels.summary(["image_id", "fingerprint", "status"]).to_pylist():
            if row["status"] != LabelStatus.ERROR:
                states.setdefault(row["image_id"], []).append((name, row["fingerprint"]))
    return {image_id: fingerprint([_VERSION, sorted(sets), state]) for image_id, state in states.items()}


def _fingerprints(part: Path) -> dict[str, str]:
    columns = pq.read_table(part, columns=["image_id", "fingerprint"])
    return dict(zip(*(columns[name].to_pylist() for name in ("image_id", "fingerprint")), strict=True))


def _charts(sets: Iterable[LabelSet]) -> Charts:
    kinds = {labels.charts for labels in sets if labels.parts()}
    return kinds.pop() if len(kinds) == 1 else "none"
