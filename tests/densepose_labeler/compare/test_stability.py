from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from densepose_labeler import job
from densepose_labeler.compare import page
from densepose_labeler.compare.run import compare
from densepose_labeler.compare.stability import FILE, measure, mirror, sample, stability
from densepose_labeler.planning import LabelError
from tests.densepose_labeler.labelled import figure
from tests.densepose_labeler.small_world import World, add_pictures, make_world, picture, write_weights

MODELS = ("tiny", "tiny_second")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = make_world(tmp_path)
    monkeypatch.setenv("VESTIARY_CACHE", str(made.cache))
    add_pictures(made, [picture(seed) for seed in range(3)])
    job.label(made.dataset, MODELS, made.config())
    return made


def test_a_mirror_exchanges_left_and_right_and_undoes_itself() -> None:
    parts = figure(0)
    mirrored = mirror(parts)
    assert (mirrored[:, ::-1][parts == 9] == 10).all() and (mirrored[:, ::-1][parts == 2] == 2).all()
    np.testing.assert_array_equal(mirror(mirrored), parts)


def test_a_sample_has_as_many_of_every_stratum() -> None:
    strata = {f"{number:02}": "zara women" if number < 20 else "zalando men" for number in range(23)}
    assert sample(strata, 8) == ["20", "00", "21", "01", "22", "02", "03", "04"]
    assert sample(strata, 100) == sample(dict(reversed(strata.items())), 100) and len(sample(strata, 100)) == 23


def test_it_is_measured_once_and_goes_on_where_it_was_stopped(world: World) -> None:
    ids = sorted(world_ids(world))
    ticks: list[tuple[int, int]] = []

    def stop(stage: str, done: int, total: int) -> None:
        ticks.append((done, total))
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(world.dataset, MODELS, ids, world.config(), stop)
    assert [len(stability(world.dataset, MODELS)[name]) for name in MODELS] == [3, 1]
    ticks.clear()
    measure(world.dataset, MODELS, ids, world.config(), lambda stage, done, total: ticks.append((done, total)))
    assert ticks == [(3, 6), (4, 6), (5, 6), (6, 6)]
    before = (world.dataset / FILE).read_bytes()
    measure(world.dataset, MODELS, ids, world.config())
    assert (world.dataset / FILE).read_bytes() == before
    found = [one for images in stability(world.dataset, MODELS).values() for one in images.values()]
    assert all(0 <= one.mirrored.same <= 1 and 0 <= one.smaller.part_iou <= 1 for one in found)
    assert any(one.mirrored != one.smaller for one in found)


def test_labels_made_with_other_options_are_refused_and_new_labels_measured_anew(world: World) -> None:
    ids = sorted(world_ids(world))
    with pytest.raises(LabelError, match="vestiary label --models tiny"):
        measure(world.dataset, ["tiny"], ids, world.config(score_threshold=0.9))
    measure(world.dataset, ["tiny"], ids, world.config())
    write_weights(world, "tiny", 7)
    job.label(world.dataset, ["tiny"], world.config())
    assert stability(world.dataset, ["tiny"]) == {"tiny": {}}


def test_the_comparison_shows_it(world: World) -> None:
    plain = page.write(compare(world.dataset, MODELS, world.config()), images=0).read_text()
    assert "--stability" in plain and "itself mirrored" not in plain
    found = compare(world.dataset, MODELS, world.config(), stable_on=2)
    assert [one.tried for one in found.overall] == [2, 2]
    assert all(one.mirrored_part_iou is not None and one.smaller_agreement is not None for one in found.overall)
    html = page.write(found, images=0).read_text()
    assert "itself mirrored" in html and "on 2 images at most" in html


def world_ids(world: World) -> set[str]:
    from manifests.labels import LabelSet

    return LabelSet(world.dataset / "labels" / "tiny").ids()
