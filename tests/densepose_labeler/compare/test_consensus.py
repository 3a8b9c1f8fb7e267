from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from densepose_labeler.compare.consensus import agree, write_consensus
from densepose_labeler.compare.people import match
from manifests import atomic
from manifests.instances import flatten_weights
from manifests.labels import LabelSet
from tests.densepose_labeler.labelled import HEIGHT, WIDTH, blurred, figure, instance, write_images, write_labels


def voted(maps: dict[str, np.ndarray], scores: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    (person,) = match({name: [instance(one, scores[name])] for name, one in maps.items()})
    made = agree(person, scores, with_uv=True)
    return made.iuv, made.confidences["weight"].astype(float)


def test_the_majority_decides_each_pixel() -> None:
    clean = figure(0)
    arm = clean == 15
    other = np.where(arm, 17, clean).astype(np.uint8)
    iuv, weight = voted({"a": clean, "b": clean, "c": other}, {"a": 0.8, "b": 0.8, "c": 0.8})
    np.testing.assert_array_equal(iuv[..., 0], clean)
    assert weight[arm] == pytest.approx(2 / 3, abs=1e-3) and (weight[~arm] == 1).all()
    assert (iuv[clean > 0][:, 1:] == 128).all() and not iuv[clean == 0].any()
    surer, _ = voted({"a": clean, "b": clean, "c": other}, {"a": 0.3, "b": 0.3, "c": 0.9})
    np.testing.assert_array_equal(surer[..., 0], other)


def test_boxes_in_different_places_vote_for_background_outside() -> None:
    from manifests.instances import Instance

    def block(x: int) -> Instance:
        iuv = np.full((6, 8, 3), (2, 10, 20), np.uint8)
        return Instance((x, 0, x + 8, 6), 0.9, (x, 0, 8, 6), iuv)

    (person,) = match({"a": [block(0)], "b": [block(1)], "c": [block(1)]})
    made = agree(person, dict.fromkeys("abc", 0.9), with_uv=True)
    assert made.iuv_box == (0, 0, 9, 6)
    assert made.iuv[0, :, 0].tolist() == [0, 2, 2, 2, 2, 2, 2, 2, 2]
    np.testing.assert_allclose(made.confidences["weight"][0, [0, 4, 8]].astype(float), [2 / 3, 1, 2 / 3], atol=1e-3)
    missed = agree(person, dict.fromkeys("abcd", 0.9), with_uv=True)
    assert missed.score == pytest.approx(0.675) and missed.confidences["weight"][0, 4] == pytest.approx(0.75, abs=1e-3)


def test_it_is_a_label_set_with_weights_that_training_code_reads(tmp_path: Path) -> None:
    ids = write_images(tmp_path, 40)
    for name, share in (("a", 0.0), ("b", 0.2), ("c", 0.3)):
        write_labels(
            tmp_path, name, {one: [blurred(figure(n), share, 100 * ord(name) + n)] for n, one in enumerate(ids)}
        )
    one_person_more = {one: [figure(n)] for n, one in enumerate(ids[:1])}
    write_labels(tmp_path, "c", one_person_more)
    atomic.write_json(tmp_path / "vestiary.json", {"format": 1})
    labels = write_consensus(tmp_path, ["c", "a", "b"], ids)
    assert [number for number, _ in labels.parts()] == [0, 1] and labels.ids() == set(ids)
    before = {path: path.stat().st_mtime_ns for _, path in labels.parts()}
    write_consensus(tmp_path, ["a", "b", "c"], ids)
    assert {path: path.stat().st_mtime_ns for _, path in labels.parts()} == before

    write_labels(tmp_path, "c", {ids[-1]: []}, made_with="e")  # nobody there, says one of three
    write_consensus(tmp_path, ["a", "b", "c"], ids)
    changed = {path.name for path, time in before.items() if path.stat().st_mtime_ns != time}
    assert changed == {"part-00000.parquet", "part-00001.parquet"}
    row = LabelSet(tmp_path / "labels" / "consensus").read(ids[-1])
    assert len(row.instances) == 1
    assert flatten_weights(row.instances, HEIGHT, WIDTH)[figure(39) > 0].max() <= 2 / 3 + 0.01
    assert write_consensus(tmp_path, ["a", "b", "c"], ids[:3]).ids() == set(ids[:3])


def test_two_are_needed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two label sets"):
        write_consensus(tmp_path, ["a"], [])
