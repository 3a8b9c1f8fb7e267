"""The labelling job: pictures of a dataset to label parts, resumable at any moment.

What is to be made is planned here and made by a worker on every device (`worker`). A killed run loses the parts in
flight, and the next run makes just those.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from densepose_labeler.config import LabelConfig
from densepose_labeler.decoding_ahead import Wanted
from densepose_labeler.label_sets import ResolvedSet, choose_devices, resolve
from densepose_labeler.locking import locked
from densepose_labeler.many_devices import share_out
from densepose_labeler.planning import LabelError, PartPlan, plan_parts
from densepose_labeler.worker import Tally, Unit, work
from manifests import atomic
from manifests.image_store import ImageStore
from manifests.labels import LabelSet
from manifests.reasons import ImageStatus

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total): stage "load" counts networks, stage "label" counts labels (image x label set)."""


class LabellingInterrupted(KeyboardInterrupt):
    """Ctrl-C: the message says how much is done and that the same command goes on from there."""


@dataclass(frozen=True, slots=True)
class SetSummary:
    """What a run did in one label set, in images; `persons` counts the people found.

    `up_to_date` images had a label by these very options and were not touched. `batch_size` is what batches came down
    to where the device's memory did not hold larger ones (labels agree with those of other sizes to rounding); else
    None.
    """

    name: str
    up_to_date: int
    ok: int = 0
    no_person: int = 0
    error: int = 0
    persons: int = 0
    batch_size: int | None = None

    @property
    def labelled(self) -> int:
        return self.ok + self.no_person + self.error


@dataclass(frozen=True, slots=True)
class Seconds:
    """Where the time went. `decoding` and `writing` are summed over threads that run beside `inference`; `waiting` is
    how long the network stood still for a picture or for a writer. All but `total` are summed over the devices."""

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
    run = _Run(root, config, images, progress or (lambda stage, done, total: None), choose_devices(config.device))
    with ExitStack() as stack:
        for one in sets:
            directory = root / "labels" / one.name
            stack.enter_context(locked(directory))
            atomic.sweep(directory)
        plans = {one.name: _plan(root, one, images) for one in sets}
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


def outstanding(
    dataset_path: Path,
    models: Sequence[str],
    config: LabelConfig,
    split: str | None = None,
    image_ids: Sequence[str] | None = None,
) -> dict[str, int]:
    """How many images `label` would label in each set; it takes the same arguments and may raise the same."""
    root = Path(dataset_path)
    sets, images = resolve(models, config), wanted_images(root, split, image_ids)
    return {one.name: sum(len(part.redo) for part in _plan(root, one, images)) for one in sets}


@dataclass
class _Run:
    """The state of one call of `label`."""

    root: Path
    config: LabelConfig
    images: dict[str, Wanted]
    progress: Progress
    devices: tuple[str, ...]
    done: int = 0
    total: int = 0
    tally: Tally = field(default_factory=Tally)

    def label_group(self, sets: Sequence[ResolvedSet], plans: dict[str, list[PartPlan]]) -> None:
        """Label with several networks at once. Parts that agree in their images share the decoding."""
        shared: dict[tuple[str, ...], list[tuple[int, PartPlan]]] = {}
        for position, one in enumerate(sets):
            for part in plans[one.name]:
                shared.setdefault(part.redo, []).append((position, part))
        units = [Unit(tuple(self.images[image_id] for image_id in ids), tuple(shared[ids])) for ids in sorted(shared)]
        devices = self.devices[: len(units)]
        loaded, networks = 0, len(sets) * len(devices)

        def report(stage: str, number: int) -> None:
            nonlocal loaded
            if stage == "load":
                loaded += number
                self.progress("load", loaded, networks)
            else:
                self.done += number
                self.progress("label", self.done, self.total)

        self.progress("load", 0, networks)
        if len(devices) == 1:
            self.tally.add(work(self.root, sets, units, devices[0], self.config, report))
        else:
            self.tally.add(share_out(self.root, sets, units, devices, self.config, report))

    def summary(self, sets: Sequence[ResolvedSet], total: float) -> LabelSummary:
        made = []
        for one in sets:
            counts = {what: self.tally.counts[one.name, what] for what in ("ok", "no_person", "error", "persons")}
            labelled = counts["ok"] + counts["no_person"] + counts["error"]
            size = self.tally.batch_sizes.get(one.name)
            made.append(SetSummary(one.name, len(self.images) - labelled, **counts, batch_size=size))
        names = ("loading", "inference", "waiting", "decoding", "writing")
        return LabelSummary(tuple(made), Seconds(total, **{name: self.tally.seconds[name] for name in names}))


def _plan(root: Path, one: ResolvedSet, images: dict[str, Wanted]) -> list[PartPlan]:
    labels = LabelSet(root / "labels" / one.name)
    return plan_parts(labels, images, one.fingerprint, lambda image_id: images[image_id].path is not None)


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
