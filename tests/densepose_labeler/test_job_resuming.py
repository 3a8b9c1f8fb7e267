"""The labelling job a second time: after a kill, other options, new pictures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from densepose_labeler import checksums
from densepose_labeler.job import LabellingInterrupted, label
from densepose_labeler.planning import LabelError
from manifests.image_store import ImageStore
from manifests.labels import LabelSet
from manifests.reasons import LabelStatus
from tests.densepose_labeler.small_world import (
    World,
    add_pictures,
    part_bytes,
    picture,
    rows_of,
    same,
    write_weights,
)


def test_running_again_does_nothing(world: World) -> None:
    add_pictures(world, [picture(n) for n in range(40)])
    label(world.dataset, ["tiny"], world.config())
    stamps = {path: path.stat().st_mtime_ns for _, path in LabelSet(world.dataset / "labels/tiny").parts()}
    calls: list[str] = []
    again = label(world.dataset, ["tiny"], world.config(), progress=lambda stage, done, total: calls.append(stage))
    assert (again.labelled, again.sets[0].up_to_date, calls) == (0, 40, [])
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}


_KILLED = """
import os, signal, sys
from pathlib import Path
from densepose_labeler.config import LabelConfig
from densepose_labeler.job import label

dataset, zoo, kill_at = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

def progress(stage, done, total):
    if stage == "label" and done >= kill_at:
        os.kill(os.getpid(), signal.SIGKILL)

config = LabelConfig(zoo=zoo, device="cpu", threads=1, max_detections=3, batch_size=4)
label(dataset, ["tiny", "tiny_second"], config, progress=progress)
"""


def test_killed_runs_resume_to_the_same_bytes(world: World, root: Path, tmp_path: Path) -> None:
    """SIGKILL while pictures are decoded, inferred and written; what is left is finished by the next run."""
    pictures = [picture(n, height=90 + n % 4) for n in range(70)]
    undisturbed = World(tmp_path / "undisturbed", world.cache, world.zoo)
    for one in (world, undisturbed):
        add_pictures(one, pictures)
    config, names = world.config(batch_size=4), ["tiny", "tiny_second"]
    label(undisturbed.dataset, names, config)
    (world.dataset / "labels/tiny").mkdir(parents=True)
    left = world.dataset / "labels/tiny/.part-00000.parquet.999999999-0a0a0a0a.part"
    left.write_bytes(b"half a file of a process that is no more")
    finished = []
    for kill_at in (30, 68):
        command = [sys.executable, "-c", _KILLED, str(world.dataset), str(world.zoo), str(kill_at)]
        assert subprocess.run(command, cwd=root, check=False).returncode == -signal.SIGKILL
        finished.append(len(LabelSet(world.dataset / "labels/tiny").parts()))
    assert finished[0] == 0
    assert finished[-1] < 3, "the last kill came after the work"
    label(world.dataset, names, config)
    for name in names:
        assert part_bytes(world, name) == part_bytes(undisturbed, name)


def test_interrupt_keeps_finished_parts_and_says_how_to_resume(world: World, tmp_path: Path) -> None:
    add_pictures(world, [picture(n) for n in range(80)])

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "label" and done >= 40:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match=r"40 of 80 .* run the same command again") as caught:
        label(world.dataset, ["tiny"], world.config(), progress=interrupt)
    assert isinstance(caught.value, LabellingInterrupted)
    assert not [one.name for one in threading.enumerate() if one.name.startswith(("decode", "write"))]
    assert [number for number, _ in LabelSet(world.dataset / "labels/tiny").parts()] == [0]
    assert label(world.dataset, ["tiny"], world.config()).sets[0].up_to_date == 32
    assert len(rows_of(world)) == 80


def test_a_missing_picture_is_labelled_when_it_is_back(world: World) -> None:
    ids = add_pictures(world, [picture(n) for n in range(4)])
    path = ImageStore(world.dataset / "images").path(ids[2])
    assert path is not None
    data = path.read_bytes()
    path.unlink()
    label(world.dataset, ["tiny"], world.config())
    assert rows_of(world)[ids[2]].status == LabelStatus.ERROR
    path.write_bytes(data)
    assert label(world.dataset, ["tiny"], world.config()).labelled == 1
    assert rows_of(world)[ids[2]].status != LabelStatus.ERROR


@pytest.mark.parametrize(
    ("change", "redone"),
    [
        ({"score_threshold": 0.9}, 10),
        ({"max_detections": 1}, 10),
        ({"largest_only": True}, 10),
        ({"score_threshold": 0.3}, 0),  # what models.toml says already
        ({"batch_size": 3, "threads": 3, "models_at_once": 1}, 0),
    ],
)
def test_options_that_shape_labels_redo_them(world: World, change: dict[str, object], redone: int) -> None:
    add_pictures(world, [picture(n) for n in range(10)])
    label(world.dataset, ["tiny"], world.config())
    before = rows_of(world)
    assert label(world.dataset, ["tiny"], world.config(**change)).labelled == redone
    after = rows_of(world)
    assert sorted(after) == sorted(before)
    assert len({row.fingerprint for row in after.values()}) == 1
    assert (after[min(after)].fingerprint != before[min(before)].fingerprint) == bool(redone)
    assert all(same(before[one], after[one]) for one in before) == (not redone)


def test_other_weights_redo_labels_in_place(world: World) -> None:
    add_pictures(world, [picture(n) for n in range(40)])
    label(world.dataset, ["tiny"], world.config())
    before = part_bytes(world)
    write_weights(world, "tiny", seed=5)
    assert label(world.dataset, ["tiny"], world.config()).labelled == 40
    assert {row.weights_sha256 for row in rows_of(world).values()} == {checksums.sha256(world.weights("tiny"))}
    write_weights(world, "tiny", seed=0)
    label(world.dataset, ["tiny"], world.config())
    assert part_bytes(world) == before


def test_redoing_some_images_keeps_the_rows_of_the_others(world: World) -> None:
    ids = add_pictures(world, [picture(n) for n in range(40)])
    label(world.dataset, ["tiny"], world.config())
    before = rows_of(world)
    some = sorted(ids)[3:6]
    strict = world.config(score_threshold=0.9)
    assert label(world.dataset, ["tiny"], strict, image_ids=some).labelled == 3
    after = rows_of(world)
    for image_id in ids:
        assert (after[image_id].fingerprint != before[image_id].fingerprint) == (image_id in some)
        if image_id not in some:
            assert same(after[image_id], before[image_id])
    order = [row.image_id for row in LabelSet(world.dataset / "labels/tiny")]
    assert order == sorted(ids)


def test_new_images_get_new_parts(world: World) -> None:
    add_pictures(world, [picture(n) for n in range(40)])
    label(world.dataset, ["tiny"], world.config())
    before = part_bytes(world)
    new = add_pictures(world, [picture(n) for n in range(100, 135)])
    assert label(world.dataset, ["tiny"], world.config()).labelled == 35
    after = part_bytes(world)
    assert before.items() <= after.items()
    parts = dict(LabelSet(world.dataset / "labels/tiny").parts())
    added = [pq.read_table(parts[number])["image_id"].to_pylist() for number in (2, 3)]
    assert added == [sorted(new)[:32], sorted(new)[32:]]


def test_one_writer_a_label_set(world: World, root: Path) -> None:
    """The lock is another process's: its end, however sudden, frees it."""
    add_pictures(world, [picture(0)])
    hold = (
        "import signal, sys; from pathlib import Path; from densepose_labeler.locking import locked\n"
        "with locked(Path(sys.argv[1])):\n  print('held', flush=True); signal.pause()"
    )
    directory = world.dataset / "labels/tiny"
    command = [sys.executable, "-c", hold, str(directory)]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(LabelError, match="another process"):
            label(world.dataset, ["tiny"], world.config())
        assert label(world.dataset, ["tiny_second"], world.config()).labelled == 1
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert label(world.dataset, ["tiny"], world.config()).labelled == 1
