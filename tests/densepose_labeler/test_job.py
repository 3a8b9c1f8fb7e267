from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from densepose_labeler import checkpoints, checksums, decoding_ahead, worker, zoo
from densepose_labeler.job import LabellingInterrupted, LabelSummary, label, outstanding
from densepose_labeler.planning import LabelError
from densepose_labeler.predictor import Predictor
from manifests import atomic, schema
from manifests.decoding import decode
from manifests.image_store import ImageStore
from manifests.labels import LabelRow, LabelSet
from manifests.reasons import LabelStatus
from tests.densepose_labeler.small_world import (
    World,
    add_pictures,
    make_world,
    part_bytes,
    picture,
    write_table,
    write_weights,
)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = make_world(tmp_path)
    monkeypatch.setenv("VESTIARY_CACHE", str(made.cache))
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # sums are made in another order by two threads
    yield made
    torch.set_num_threads(before)


def _rows(world: World, name: str = "tiny") -> dict[str, LabelRow]:
    rows = list(LabelSet(world.dataset / "labels" / name))
    assert len(rows) == len({row.image_id for row in rows})
    return {row.image_id: row for row in rows}


def _same(one: LabelRow, other: LabelRow) -> bool:
    return len(one.instances) == len(other.instances) and all(
        a.box == b.box and a.score == b.score and a.iuv_box == b.iuv_box and (a.iuv == b.iuv).all()
        for a, b in zip(one.instances, other.instances, strict=True)
    )


def test_rows_are_what_the_network_finds_in_each_picture(world: World) -> None:
    ids = add_pictures(world, [picture(n, height=96 + n % 3) for n in range(40)])
    summary = label(world.dataset, ["tiny"], world.config(score_threshold=0.5, max_detections=2))
    rows = _rows(world)
    assert sorted(rows) == sorted(ids)
    spec = zoo.load(world.zoo)["tiny"]
    predictor = Predictor(checkpoints.load(spec), spec)
    for image_id in ids:
        path = ImageStore(world.dataset / "images").path(image_id)
        assert path is not None
        picture_itself = decode(path)
        row, found = rows[image_id], predictor([picture_itself], score_threshold=0.5, max_detections=2)[0]
        assert (row.height, row.width) == picture_itself.shape[:2]
        assert row.status == (LabelStatus.OK if found else LabelStatus.NO_PERSON)
        assert [one.score for one in row.instances] == pytest.approx([one.score for one in found])
        for stored, fresh in zip(row.instances, found, strict=True):
            assert stored.iuv_box == fresh.iuv_box
            assert (stored.iuv == fresh.iuv).all()
            assert (stored.confidences["sigma_2"] == fresh.confidences["sigma_2"]).all()
    (counted,) = summary.sets
    assert counted.ok == sum(row.status == "ok" for row in rows.values()) > 0
    assert counted.no_person == sum(row.status == "no_person" for row in rows.values()) > 0
    assert counted.persons == sum(len(row.instances) for row in rows.values())


def test_parts_of_32_in_id_order(world: World) -> None:
    ids = sorted(add_pictures(world, [picture(n) for n in range(70)]))
    label(world.dataset, ["tiny"], world.config())
    parts = LabelSet(world.dataset / "labels/tiny").parts()
    assert [number for number, _ in parts] == [0, 1, 2]
    tables = [pq.read_table(path) for _, path in parts]
    assert [table["image_id"].to_pylist() for table in tables] == [ids[:32], ids[32:64], ids[64:]]
    assert all(table.schema.equals(schema.LABELS) for table in tables)
    assert {row.model for row in _rows(world).values()} == {"tiny"}


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
    assert len(_rows(world)) == 80


def test_bad_pictures_become_rows_with_a_reason(world: World) -> None:
    good = add_pictures(world, [picture(n) for n in range(3)])
    bad = {
        "truncated": picture(50)[:1200],
        "html": b"<!doctype html><html>not a picture</html>",
        "empty": b"",
        "header": picture(51)[:20],
    }
    ids = dict(zip(bad, add_pictures(world, list(bad.values())), strict=True))
    absent = "0" * 64
    everything = [*good, *ids.values(), absent]
    summary = label(world.dataset, ["tiny"], world.config(), image_ids=everything)
    rows = _rows(world)
    assert sorted(rows) == sorted(everything)
    assert all(rows[image_id].status != LabelStatus.ERROR for image_id in good)
    assert (rows[ids["truncated"]].error or "").startswith("undecodable: ")
    assert (rows[ids["header"]].error or "").startswith("undecodable: ")
    assert (rows[ids["html"]].error or "").startswith("not_image: ")
    assert (rows[ids["empty"]].error or "").startswith("not_image: ")
    assert (rows[absent].error or "").startswith("missing: ")
    for image_id in (*ids.values(), absent):
        assert rows[image_id].status == LabelStatus.ERROR
        assert (rows[image_id].width, rows[image_id].height, rows[image_id].instances) == (None, None, ())
    assert summary.sets[0].error == 5
    assert label(world.dataset, ["tiny"], world.config(), image_ids=everything).labelled == 0


def test_extreme_shapes_do_not_cost_their_neighbours_a_label(world: World) -> None:
    shapes = [(96, 72), (1, 900), (900, 1), (1, 1)]
    ids = add_pictures(world, [picture(n, height=height, width=width) for n, (height, width) in enumerate(shapes)])
    label(world.dataset, ["tiny"], world.config())
    rows = _rows(world)
    assert sorted(rows) == sorted(ids)
    assert [(rows[one].height, rows[one].width) for one in ids] == shapes


def test_a_missing_picture_is_labelled_when_it_is_back(world: World) -> None:
    ids = add_pictures(world, [picture(n) for n in range(4)])
    path = ImageStore(world.dataset / "images").path(ids[2])
    assert path is not None
    data = path.read_bytes()
    path.unlink()
    label(world.dataset, ["tiny"], world.config())
    assert _rows(world)[ids[2]].status == LabelStatus.ERROR
    path.write_bytes(data)
    assert label(world.dataset, ["tiny"], world.config()).labelled == 1
    assert _rows(world)[ids[2]].status != LabelStatus.ERROR


def test_a_table_with_wrong_sizes_changes_nothing(world: World) -> None:
    add_pictures(world, [picture(n, height=90 + n % 3) for n in range(12)])
    label(world.dataset, ["tiny"], world.config())
    before = part_bytes(world)
    table = pq.read_table(world.dataset / "images.parquet").to_pylist()
    lying = [row | {"width": 5, "height": 5 if n % 2 else None} for n, row in enumerate(table)]
    atomic.write_table(world.dataset / "images.parquet", schema.IMAGES.empty_table().from_pylist(lying, schema.IMAGES))
    LabelSet(world.dataset / "labels/tiny").remove_part(0)
    label(world.dataset, ["tiny"], world.config())
    assert part_bytes(world) == before


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
    before = _rows(world)
    assert label(world.dataset, ["tiny"], world.config(**change)).labelled == redone
    after = _rows(world)
    assert sorted(after) == sorted(before)
    assert len({row.fingerprint for row in after.values()}) == 1
    assert (after[min(after)].fingerprint != before[min(before)].fingerprint) == bool(redone)
    assert all(_same(before[one], after[one]) for one in before) == (not redone)


def test_other_weights_redo_labels_in_place(world: World) -> None:
    add_pictures(world, [picture(n) for n in range(40)])
    label(world.dataset, ["tiny"], world.config())
    before = part_bytes(world)
    write_weights(world, "tiny", seed=5)
    assert label(world.dataset, ["tiny"], world.config()).labelled == 40
    assert {row.weights_sha256 for row in _rows(world).values()} == {checksums.sha256(world.weights("tiny"))}
    write_weights(world, "tiny", seed=0)
    label(world.dataset, ["tiny"], world.config())
    assert part_bytes(world) == before


def test_redoing_some_images_keeps_the_rows_of_the_others(world: World) -> None:
    ids = add_pictures(world, [picture(n) for n in range(40)])
    label(world.dataset, ["tiny"], world.config())
    before = _rows(world)
    some = sorted(ids)[3:6]
    strict = world.config(score_threshold=0.9)
    assert label(world.dataset, ["tiny"], strict, image_ids=some).labelled == 3
    after = _rows(world)
    for image_id in ids:
        assert (after[image_id].fingerprint != before[image_id].fingerprint) == (image_id in some)
        if image_id not in some:
            assert _same(after[image_id], before[image_id])
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


def test_only_kept_images_a_split_or_given_ids(world: World) -> None:
    ids = sorted(add_pictures(world, [picture(n) for n in range(8)]))
    write_table(world, dropped=ids[:2])
    atomic.write_text(world.dataset / "splits/eval.txt", f"{ids[3]}\n{ids[5]}\n")
    label(world.dataset, ["tiny"], world.config(), split="eval")
    assert sorted(_rows(world)) == [ids[3], ids[5]]
    label(world.dataset, ["tiny"], world.config())
    assert sorted(_rows(world)) == ids[2:]
    label(world.dataset, ["tiny"], world.config(), image_ids=[ids[0]])
    assert sorted(_rows(world)) == [ids[0], *ids[2:]]


@pytest.mark.parametrize(("at_once", "decodings"), [(2, 8), (1, 16)])
def test_several_models_decode_each_picture_once(
    world: World, monkeypatch: pytest.MonkeyPatch, at_once: int, decodings: int
) -> None:
    decoded: list[Path] = []

    def counting(path: Path) -> object:
        decoded.append(path)
        return decode(path)

    monkeypatch.setattr(decoding_ahead, "decode", counting)
    add_pictures(world, [picture(n) for n in range(8)])
    label(world.dataset, ["tiny", "tiny_second", "tiny"], world.config(models_at_once=at_once))
    assert len(decoded) == decodings
    first, second = _rows(world, "tiny"), _rows(world, "tiny_second")
    assert sorted(first) == sorted(second)
    assert not any(_same(first[one], second[one]) for one in first)


def test_a_set_made_beside_others_equals_one_made_alone(world: World) -> None:
    add_pictures(world, [picture(n, height=90 + n % 5) for n in range(14)])
    label(world.dataset, ["tiny", "tiny_second"], world.config())
    together = part_bytes(world, "tiny_second")
    for number, _ in LabelSet(world.dataset / "labels/tiny_second").parts():
        LabelSet(world.dataset / "labels/tiny_second").remove_part(number)
    label(world.dataset, ["tiny_second"], world.config())
    assert part_bytes(world, "tiny_second") == together


def test_labels_do_not_depend_on_threads_or_batches(world: World) -> None:
    add_pictures(world, [picture(n, height=90 + n % 5) for n in range(20)])
    made = []
    for number, (threads, batch_size) in enumerate([(1, 1), (2, 8), (4, 3)]):
        sets = {f"set{number}": {"base": "tiny"}}
        label(world.dataset, list(sets), world.config(threads=threads, batch_size=batch_size, sets=sets))
        made.append(_rows(world, f"set{number}"))
    for other in made[1:]:
        assert all(_same(made[0][one], other[one]) for one in made[0])


def test_progress_counts_to_the_end(world: World) -> None:
    add_pictures(world, [picture(n) for n in range(20)])
    seen: list[tuple[str, int, int]] = []
    summary = label(world.dataset, ["tiny", "tiny_second"], world.config(), progress=lambda *one: seen.append(one))
    labels = [(done, total) for stage, done, total in seen if stage == "label"]
    assert labels == sorted(labels)
    assert labels[-1] == (40, 40)
    assert [one for one in seen if one[0] == "load"] == [("load", 0, 2), ("load", 1, 2), ("load", 2, 2)]
    assert isinstance(summary, LabelSummary)
    assert summary.labelled == 40
    assert 0 < summary.seconds.inference <= summary.seconds.total
    assert summary.seconds.decoding > 0 < summary.seconds.writing


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


def test_what_is_outstanding_is_counted_without_a_network(world: World) -> None:
    ids = add_pictures(world, [picture(n) for n in range(6)])
    label(world.dataset, ["tiny"], world.config(), image_ids=ids[:2])
    assert outstanding(world.dataset, ["tiny", "tiny_second"], world.config()) == {"tiny": 4, "tiny_second": 6}
    assert outstanding(world.dataset, ["tiny"], world.config(), image_ids=ids[:3]) == {"tiny": 1}


def test_one_writer_a_label_set(world: World, root: Path) -> None:
    """The lock is another process's: its end, however sudden, frees it."""
    add_pictures(world, [picture(0)])
    hold = (
        "import sys, time; from pathlib import Path; from densepose_labeler.locking import locked\n"
        "with locked(Path(sys.argv[1])):\n  print('held', flush=True); time.sleep(60)"
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


def _no_table(world: World) -> None:
    (world.dataset / "images.parquet").unlink()


def _damaged_part(world: World) -> None:
    (world.dataset / "labels/tiny").mkdir(parents=True)
    (world.dataset / "labels/tiny/part-00000.parquet").write_bytes(b"PAR1 damaged")


@pytest.mark.parametrize(
    ("spoil", "options", "message"),
    [
        (_no_table, {}, "images.parquet.*curate"),
        (_damaged_part, {}, "part-00000.parquet is damaged.*delete it"),
        (lambda world: None, {"split": "evil"}, "no split 'evil'"),
    ],
)
def test_what_cannot_start_says_what_to_do(
    world: World, spoil: Callable[[World], None], options: dict[str, str], message: str
) -> None:
    add_pictures(world, [picture(0)])
    spoil(world)
    with pytest.raises(LabelError, match=message):
        label(world.dataset, ["tiny"], world.config(), **options)


def test_split_and_ids_together_are_refused(world: World) -> None:
    with pytest.raises(ValueError, match="not both"):
        label(world.dataset, ["tiny"], world.config(), split="eval", image_ids=[])
