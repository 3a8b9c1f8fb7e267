"""The labelling job on several threads and devices, and how much memory it takes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from densepose_labeler import checkpoints, worker
from densepose_labeler.job import label
from densepose_labeler.predictor import Predictor
from manifests.labels import LabelSet
from tests.densepose_labeler.small_world import (
    World,
    add_pictures,
    part_bytes,
    picture,
    rows_of,
    same,
)


def test_labels_do_not_depend_on_threads_or_batches(world: World) -> None:
    add_pictures(world, [picture(n, height=90 + n % 5) for n in range(20)])
    made = []
    for number, (threads, batch_size) in enumerate([(1, 1), (2, 8), (4, 3)]):
        sets = {f"set{number}": {"base": "tiny"}}
        label(world.dataset, list(sets), world.config(threads=threads, batch_size=batch_size, sets=sets))
        made.append(rows_of(world, f"set{number}"))
    for other in made[1:]:
        assert all(same(made[0][one], other[one]) for one in made[0])


def test_two_workers_give_the_bytes_of_one(world: World, tmp_path: Path) -> None:
    pictures = [picture(n, height=90 + n % 4) for n in range(70)]
    alone = World(tmp_path / "alone", world.cache, world.zoo)
    for one in (world, alone):
        add_pictures(one, pictures)
    names = ["tiny", "tiny_second"]
    label(alone.dataset, names, world.config())
    seen: list[tuple[str, int, int]] = []
    summary = label(world.dataset, names, world.config(device="cpu,cpu"), progress=lambda *one: seen.append(one))
    for name in names:
        assert part_bytes(world, name) == part_bytes(alone, name)
    assert ("label", 140, 140) in seen and ("load", 4, 4) in seen
    assert [one.labelled for one in summary.sets] == [70, 70]
    assert summary.seconds.inference > 0 < summary.seconds.writing
    assert label(world.dataset, names, world.config(device="cpu,cpu")).labelled == 0


def test_a_workers_error_is_raised_here_with_its_kind(world: World) -> None:
    add_pictures(world, [picture(n) for n in range(40)])
    config = world.config(device="cpu,cpu")
    weights = world.weights("tiny")
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(checkpoints.CheckpointError, match="not a readable safetensors file"):
        label(world.dataset, ["tiny"], config)


_OUT_OF_MEMORY_ROOM = 3


def test_a_device_that_runs_out_of_memory_gets_smaller_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real network, whose device pretends to hold three pictures; batches are cut as on CUDA."""
    add_pictures(world, [picture(n) for n in range(20)])
    label(world.dataset, ["tiny"], world.config())
    expected = part_bytes(world)
    LabelSet(world.dataset / "labels/tiny").remove_part(0)
    batches: list[int] = []
    infer = Predictor.__call__

    def bounded(self: Predictor, images: Sequence[object], **options: object) -> object:
        batches.append(len(images))
        if len(images) > _OUT_OF_MEMORY_ROOM:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return infer(self, images, **options)  # type: ignore[arg-type]

    class Together:
        """Side by side, but all pictures of a batch at once, as a GPU takes them."""

        threads = 2

        def __enter__(self) -> Together:
            return self

        def __exit__(self, *_: object) -> None: ...

        def wrap(self, labeller: Callable[[object], object]) -> Callable[[object], object]:
            return labeller

    monkeypatch.setattr(Predictor, "__call__", bounded)
    monkeypatch.setattr(worker, "SideBySide", lambda threads: Together())
    summary = label(world.dataset, ["tiny"], world.config(batch_size=8))
    assert batches[:4] == [8, 4, 2, 2] and max(batches[2:]) == 2
    assert summary.sets[0].batch_size == 2 and summary.sets[0].labelled == 20
    assert part_bytes(world) == expected


_BOUNDED = """
import sys
from pathlib import Path
from densepose_labeler import worker
from densepose_labeler.config import LabelConfig
from densepose_labeler.job import label

worker.DECODED = worker.UNWRITTEN = 8 * 2**20
seen = {}

def progress(stage, done, total):
    if stage == "label":
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        seen[done] = pages * 4096

config = LabelConfig(zoo=Path(sys.argv[2]), device="cpu", threads=1, max_detections=3, batch_size=4)
label(Path(sys.argv[1]), ["tiny"], config, progress=progress)
third = max(size for done, size in seen.items() if done <= max(seen) // 3)
print(max(seen), max(seen.values()) - third)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_pictures(world: World, root: Path) -> None:
    """300 pictures of 0.9 MB decoded, whose labels are as large again: kept, they would show."""
    add_pictures(world, [picture(n, height=640, width=480) for n in range(300)])
    command = [sys.executable, "-c", _BOUNDED, str(world.dataset), str(world.zoo)]
    run = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    done, growth = map(int, run.stdout.split())
    assert done == 300
    assert growth < 48 * 2**20
