"""One device's share of a labelling job: pictures in, parts of label sets out.

Pictures are decoded in threads ahead of the network, and label pictures encoded and written in threads behind it. Each
part is written whole or not at all.

Memory does not grow with the number of pictures. Beside its networks a worker holds at most `DECODED` bytes of pictures
ahead of them (one picture may exceed it), the labels of one part for each of its networks, and `UNWRITTEN` bytes of
labels behind them (one part may exceed it).
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, tee
from pathlib import Path

from densepose_labeler.config import LabelConfig
from densepose_labeler.decoding_ahead import Wanted, decode_ahead
from densepose_labeler.label_sets import Labeller, ResolvedSet
from densepose_labeler.out_of_memory import Halving
from densepose_labeler.planning import PartPlan, batches, slices
from densepose_labeler.rows import label_batch
from densepose_labeler.side_by_side import SideBySide, available_cores
from densepose_labeler.writing_behind import WritingBehind
from manifests.labels import LabelRow, LabelSet

DECODED = 256 * 2**20
UNWRITTEN = 256 * 2**20

Report = Callable[[str, int], None]
"""Called with (stage, number): "load" after each network, "label" with the labels of each batch."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Pictures that are decoded once, and the parts to make of them: positions in the list of label sets, and plans."""

    images: tuple[Wanted, ...]
    parts: tuple[tuple[int, PartPlan], ...]


@dataclass
class Tally:
    """What a worker did.

    Attributes:
        counts: by label set and "ok", "no_person", "error" or "persons".
        seconds: by "loading", "inference", "waiting", "decoding", "writing".
        batch_sizes: of the label sets whose batches had to shrink, what they came down to.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    batch_sizes: dict[str, int] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Take over what another worker did."""
        self.counts.update(other.counts)
        for what, seconds in other.seconds.items():
            self.seconds[what] += seconds
        for name, size in other.batch_sizes.items():
            self.batch_sizes[name] = min(size, self.batch_sizes.get(name, size))

    @contextmanager
    def clock(self, what: str) -> Iterator[None]:
        """Count the time of a block."""
        start = time.perf_counter()
        yield
        self.seconds[what] += time.perf_counter() - start


def work(
    root: Path, sets: Sequence[ResolvedSet], units: Iterable[Unit], device: str, config: LabelConfig, report: Report
) -> Tally:
    """Load the networks of `sets` on `device` and label `units`, which are asked for as pictures are decoded ahead.

    Raises:
        LabelError, CheckpointError: a network cannot be loaded, or memory does not hold one picture.
        OSError: the disk is full or cannot be written.
    """
    tally = Tally()
    with ExitStack() as stack:
        side_by_side = stack.enter_context(SideBySide(config.threads)) if device == "cpu" else None
        labellers: list[Labeller] = []
        shrinking: dict[str, Halving] = {}
        for one in sets:
            with tally.clock("loading"):
                shrinking[one.name] = Halving(one.load(device))
            labellers.append(side_by_side.wrap(shrinking[one.name]) if side_by_side else shrinking[one.name])
            report("load", 1)
        # Each picture goes through a CPU alone, so shapes may mix there, and long batches keep every thread busy.
        mixed = max(config.batch_size, 4 * side_by_side.threads) if side_by_side else None
        cut = (
            (unit, batches(unit.images, config.batch_size) if mixed is None else list(slices(unit.images, mixed)))
            for unit in units
        )
        decoding, labelling = tee(cut)
        workers = min(8, max(2, available_cores() // 2))
        pictures = (picture for _, lots in decoding for lot in lots for picture in lot)
        stream = stack.enter_context(closing(decode_ahead(pictures, workers, DECODED)))
        writer = stack.enter_context(WritingBehind(workers, UNWRITTEN))
        for unit, lots in labelling:
            rows: list[list[LabelRow]] = [[] for _ in unit.parts]
            for lot in lots:
                with tally.clock("waiting"):
                    decoded = list(islice(stream, len(lot)))
                tally.seconds["decoding"] += sum(one.seconds for one in decoded)
                for made, (position, _) in zip(rows, unit.parts, strict=True):
                    with tally.clock("inference"):
                        made += label_batch(sets[position], labellers[position], decoded)
                    report("label", len(lot))
            for made, (position, part) in zip(rows, unit.parts, strict=True):
                _count(tally, sets[position].name, made)
                with tally.clock("waiting"):
                    writer.submit(partial(_write, root, sets[position], part, made), _bytes(made))
    tally.seconds["writing"] += writer.seconds
    tally.batch_sizes = {name: one.size for name, one in shrinking.items() if one.size is not None}
    return tally


def _count(tally: Tally, name: str, rows: Sequence[LabelRow]) -> None:
    for row in rows:
        tally.counts[name, row.status.value] += 1
        tally.counts[name, "persons"] += len(row.instances)


def _bytes(rows: Sequence[LabelRow]) -> int:
    people = [person for row in rows for person in row.instances]
    return sum(one.iuv.nbytes + sum(values.nbytes for values in one.confidences.values()) for one in people)


def _write(root: Path, one: ResolvedSet, part: PartPlan, rows: Sequence[LabelRow]) -> None:
    labels = LabelSet(root / "labels" / one.name)
    kept = [labels.read(image_id) for image_id in part.keep]
    together = sorted([*kept, *rows], key=lambda row: row.image_id)
    labels.write_part(part.number, together, one.spec.charts)
