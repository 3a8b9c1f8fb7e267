"""The labelling job: pictures of a dataset to label parts, resumable at any moment.

Pictures are decoded in threads ahead of the network, and label pictures encoded and written in threads behind it. Each
part is written whole or not at all, so a killed run loses the parts in flight and the next run makes just those.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq

from densepose_labeler.config import LabelConfig
from densepose_labeler.decoding_ahead import Decoded, Wanted, decode_ahead
from densepose_labeler.label_sets import Labeller, ResolvedSet, choose_device, resolve
from densepose_labeler.locking import locked
from densepose_labeler.planning import LabelError, PartPlan, batches, plan_parts, slices
from densepose_labeler.rows import label_batch
from densepose_labeler.side_by_side import SideBySide, available_cores
from densepose_labeler.writing_behind import WritingBehind
from manifests import atomic
from manifests.image_store import ImageStore
from manifests.labels import LabelRow, LabelSet
from manifests.reasons import ImageStatus

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total): stage "load" counts networks, stage "label" counts labels (image x label set)."""


class LabellingInterrupted(KeyboardInterrupt):
    """Ctrl-C: the message says how much is done and that the same command goes on from there."""


@dataclass(frozen=True, slots=True)
class SetSummary:
    """What a run did in one label set, in images; `persons` counts the people found.

    `up_to_date` images had a label by these very options and were not touched.
    """

    name: str
    up_to_date: int
    ok: int = 0
    no_person: int = 0
    error: int = 0
    persons: int = 0

    @property
    def labelled(self) -> int:
        return self.ok + self.no_person + self.error


@dataclass(frozen=True, slots=True)
class Seconds:
    """Where the time went. `decoding` and `writing` are summed over threads that run beside `inference`; `waiting` is
    how long the network stood still for a picture or for a writer."""

    total: float
    loading: float
    inference: float
    waiting: float
    decoding: float
    writing: float


@dataclass(frozen=True, slots=True)
class LabelSummary:
    """What a run did."""

    sets: tuple[SetSummary, ...]
    seconds: Seconds

    @property
    def labelled(self) -> int:
        """Labels made, image x label set."""
        return sum(one.labelled for one in self.sets)


def label(
    dataset_path: Path,
    models: Sequence[str],
    config: LabelConfig,
    split: str | None = None,
    image_ids: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> LabelSummary:
    """Label images of a dataset; afterwards each has a row in every label set asked for.

    A picture that is missing or cannot be decoded becomes a row of status error with the reason. Images that have a
    label by the same options and weights are left alone; labels by other options are made again.

    Args:
        dataset_path: the dataset directory.
        models: label sets to make: models of the zoo, or variants that `config.sets` declares.
        split: only the images of this split.
        image_ids: only these. With neither, every image that images.parquet keeps.
        progress: told of every batch.

    Raises:
        LabelError: a name, the split or the table of images does not exist, or another run is writing the same set.
        LabellingInterrupted: Ctrl-C. What was finished is written.
        OSError: the disk is full or cannot be written.
    """
    begun = time.perf_counter()
    root = Path(dataset_path)
    sets = resolve(models, config)
    images = wanted_images(root, split, image_ids)
    run = _Run(root, config, images, progress or (lambda stage, done, total: None), choose_device(config.device))
    with ExitStack() as stack:
        for one in sets:
            directory = root / "labels" / one.name
            stack.enter_context(locked(directory))
            atomic.sweep(directory)
        if run.device == "cpu":
            run.side_by_side = stack.enter_context(SideBySide(config.threads))
        plans = {one.name: run.plan(one) for one in sets}
        run.total = sum(len(part.redo) for parts in plans.values() for part in parts)
        busy = [one for one in sets if plans[one.name]]
        try:
            for start in range(0, len(busy), config.models_at_once):
                run.label_group(busy[start : start + config.models_at_once], plans)
        except KeyboardInterrupt as interrupt:
            raise LabellingInterrupted(
                f"interrupted after {run.done} of {run.total} labels. Finished parts are kept: "
                "run the same command again to go on from there."
            ) from interrupt
    return run.summary(sets, time.perf_counter() - begun)


@dataclass
class _Run:
    """The state of one call of `label`."""

    root: Path
    config: LabelConfig
    images: dict[str, Wanted]
    progress: Progress
    device: str
    side_by_side: SideBySide | None = None
    done: int = 0
    total: int = 0
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def plan(self, one: ResolvedSet) -> list[PartPlan]:
        labels = LabelSet(self.root / "labels" / one.name)
        return plan_parts(labels, self.images, one.fingerprint, lambda image_id: self.images[image_id].path is not None)

    def label_group(self, sets: Sequence[ResolvedSet], plans: dict[str, list[PartPlan]]) -> None:
        """Label with several networks at once. Parts that agree in their images share the decoding."""
        labellers: list[tuple[ResolvedSet, Labeller]] = []
        with self._clock("loading"):
            for number, one in enumerate(sets):
                self.progress("load", number, len(sets))
                labeller = one.load(self.device)
                labellers.append((one, self.side_by_side.wrap(labeller) if self.side_by_side else labeller))
            self.progress("load", len(sets), len(sets))
        work: dict[tuple[str, ...], list[tuple[ResolvedSet, Labeller, PartPlan]]] = {}
        for one, labeller in labellers:
            for part in plans[one.name]:
                work.setdefault(part.redo, []).append((one, labeller, part))
        units = [(self._batches(ids), work[ids]) for ids in sorted(work)]
        workers = min(8, max(2, available_cores() // 2))
        stream = decode_ahead((image for cut, _ in units for batch in cut for image in batch), workers)
        with closing(stream), WritingBehind(workers) as writer:
            for cut, tasks in units:
                rows: dict[str, list[LabelRow]] = {one.name: [] for one, _, _ in tasks}
                for batch in cut:
                    decoded = self._take(stream, len(batch))
                    for one, labeller, _ in tasks:
                        with self._clock("inference"):
                            rows[one.name] += label_batch(one, labeller, decoded)
                        self.done += len(batch)
                        self.progress("label", self.done, self.total)
                for one, _, part in tasks:
                    self._count(one.name, rows[one.name])
                    with self._clock("waiting"):
                        writer.submit(partial(_write, self.root, one, part, rows[one.name]))
        self.seconds["writing"] += writer.seconds

    def summary(self, sets: Sequence[ResolvedSet], total: float) -> LabelSummary:
        made = []
        for one in sets:
            counts = {what: self.counts[one.name, what] for what in ("ok", "no_person", "error", "persons")}
            labelled = counts["ok"] + counts["no_person"] + counts["error"]
            made.append(SetSummary(one.name, len(self.images) - labelled, **counts))
        names = ("loading", "inference", "waiting", "decoding", "writing")
        return LabelSummary(tuple(made), Seconds(total, **{name: self.seconds[name] for name in names}))

    def _batches(self, ids: Sequence[str]) -> list[tuple[Wanted, ...]]:
        images = [self.images[image_id] for image_id in ids]
        if self.side_by_side is None:
            return batches(images, self.config.batch_size)
        # Each picture goes through a CPU alone, so shapes may mix, and long batches keep every thread busy.
        return list(slices(images, max(self.config.batch_size, 4 * self.side_by_side.threads)))

    def _take(self, stream: Iterator[Decoded], number: int) -> list[Decoded]:
        with self._clock("waiting"):
            taken = list(islice(stream, number))
        self.seconds["decoding"] += sum(one.seconds for one in taken)
        return taken

    def _count(self, name: str, rows: Sequence[LabelRow]) -> None:
        for row in rows:
            self.counts[name, row.status.value] += 1
            self.counts[name, "persons"] += len(row.instances)

    @contextmanager
    def _clock(self, what: Literal["loading", "inference", "waiting"]) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[what] += time.perf_counter() - start


def wanted_images(root: Path, split: str | None, image_ids: Sequence[str] | None) -> dict[str, Wanted]:
    """The images that `label` would label by these arguments, by id and in its order; it may raise the same."""
    if split is not None and image_ids is not None:
        raise ValueError("give a split or image ids, not both")
    table = root / "images.parquet"
    if not table.is_file():
        raise LabelError(f"{root} has no images.parquet: curate the dataset first (`vestiary curate`)")
    columns = pq.read_table(table, columns=["image_id", "width", "height", "status"]).to_pylist()
    known = {row["image_id"]: row for row in columns}
    if split is not None:
        file = root / "splits" / f"{split}.txt"
        if not file.is_file():
            there = ", ".join(sorted(path.stem for path in file.parent.glob("*.txt"))) or "none"
            raise LabelError(f"{root} has no split {split!r} (there are: {there})")
        image_ids = file.read_text().split()
    elif image_ids is None:
        image_ids = [row["image_id"] for row in columns if row["status"] == ImageStatus.KEPT]
    store = ImageStore(root / "images")
    wanted = {}
    for image_id in sorted(set(image_ids)):
        row = known.get(image_id, {})
        wanted[image_id] = Wanted(image_id, store.path(image_id), row.get("height") or 0, row.get("width") or 0)
    return wanted


def _write(root: Path, one: ResolvedSet, part: PartPlan, rows: Sequence[LabelRow]) -> None:
    labels = LabelSet(root / "labels" / one.name)
    kept = [labels.read(image_id) for image_id in part.keep]
    together = sorted([*kept, *rows], key=lambda row: row.image_id)
    labels.write_part(part.number, together, one.spec.charts)
