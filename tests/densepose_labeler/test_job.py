"""The labelling job: what it writes for which pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from densepose_labeler import checkpoints, decoding_ahead, zoo
from densepose_labeler.job import LabelSummary, label, outstanding
from densepose_labeler.planning import LabelError
from densepose_labeler.predictor import Predictor
from manifests import atomic, schema
from manifests.decoding import decode
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
    write_table,
)


def test_rows_are_what_the_network_finds_in_each_picture(world: World) -> None:
    ids = add_pictures(world, [picture(n, height=96 + n % 3) for n in range(40)])
    summary = label(world.dataset, ["tiny"], world.config(score_threshold=0.5, max_detections=2))
    rows = rows_of(world)
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
    assert {row.model for row in rows_of(world).values()} == {"tiny"}


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
    rows = rows_of(world)
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
    rows = rows_of(world)
    assert sorted(rows) == sorted(ids)
    assert [(rows[one].height, rows[one].width) for one in ids] == shapes


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


def test_only_kept_images_a_split_or_given_ids(world: World) -> None:
    ids = sorted(add_pictures(world, [picture(n) for n in range(8)]))
    write_table(world, dropped=ids[:2])
    atomic.write_text(world.dataset / "splits/eval.txt", f"{ids[3]}\n{ids[5]}\n")
    label(world.dataset, ["tiny"], world.config(), split="eval")
    assert sorted(rows_of(world)) == [ids[3], ids[5]]
    label(world.dataset, ["tiny"], world.config())
    assert sorted(rows_of(world)) == ids[2:]
    label(world.dataset, ["tiny"], world.config(), image_ids=[ids[0]])
    assert sorted(rows_of(world)) == [ids[0], *ids[2:]]


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
    first, second = rows_of(world, "tiny"), rows_of(world, "tiny_second")
    assert sorted(first) == sorted(second)
    assert not any(same(first[one], second[one]) for one in first)


def test_a_set_made_beside_others_equals_one_made_alone(world: World) -> None:
    add_pictures(world, [picture(n, height=90 + n % 5) for n in range(14)])
    label(world.dataset, ["tiny", "tiny_second"], world.config())
    together = part_bytes(world, "tiny_second")
    for number, _ in LabelSet(world.dataset / "labels/tiny_second").parts():
        LabelSet(world.dataset / "labels/tiny_second").remove_part(number)
    label(world.dataset, ["tiny_second"], world.config())
    assert part_bytes(world, "tiny_second") == together


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


def test_what_is_outstanding_is_counted_without_a_network(world: World) -> None:
    ids = add_pictures(world, [picture(n) for n in range(6)])
    label(world.dataset, ["tiny"], world.config(), image_ids=ids[:2])
    assert outstanding(world.dataset, ["tiny", "tiny_second"], world.config()) == {"tiny": 4, "tiny_second": 6}
    assert outstanding(world.dataset, ["tiny"], world.config(), image_ids=ids[:3]) == {"tiny": 1}


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
