from __future__ import annotations

from pathlib import Path

import pytest

from densepose_labeler import checkpoints, checksums, zoo
from densepose_labeler.config import LabelConfig
from densepose_labeler.label_sets import Options, choose_device, resolve
from densepose_labeler.planning import LabelError
from tests.densepose_labeler.small_world import World, make_world, write_weights


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = make_world(tmp_path)
    monkeypatch.setenv("VESTIARY_CACHE", str(made.cache))
    return made


def test_default_options_are_the_models_own(world: World) -> None:
    (one,) = resolve(["tiny"], LabelConfig(zoo=world.zoo))
    assert (one.name, one.options) == ("tiny", Options(0.3, False, 20))
    assert one.weights_sha256 == checksums.sha256(world.weights("tiny"))


def test_variants_override_and_inherit(world: World) -> None:
    config = world.config(
        score_threshold=0.6,
        sets={"sure": {"base": "tiny", "score_threshold": 0.0, "min_size": 200}, "plain": {"base": "tiny"}},
    )
    tiny, sure, plain = resolve(["tiny", "sure", "plain", "tiny"], config)
    assert [one.options.score_threshold for one in (tiny, sure, plain)] == [0.6, 0.0, 0.6]
    assert (sure.spec.network.input.min_size, sure.spec.network.input.max_size) == (200, 200)
    assert tiny.spec.network.input.min_size == 64
    assert len({tiny.fingerprint, sure.fingerprint}) == 2
    assert tiny.fingerprint == plain.fingerprint  # the same work under another name


def test_fingerprint_follows_weights_and_input_size(world: World) -> None:
    before = resolve(["tiny"], world.config())[0].fingerprint
    sized = world.config(sets={"big": {"base": "tiny", "max_size": 256}})
    assert resolve(["big"], sized)[0].fingerprint != before
    write_weights(world, "tiny", seed=9)
    assert resolve(["tiny"], world.config())[0].fingerprint != before


def test_all_is_every_official_model(world: World) -> None:
    official = [spec for spec in zoo.load().values() if spec.family == "official"]
    assert len(official) == 27
    with pytest.raises(checkpoints.WeightsMissing, match=official[0].name):
        resolve(["all"], world.config())
    for spec in official:
        path = checkpoints.cached_path(spec)
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
    assert [one.name for one in resolve(["all"], world.config())] == [spec.name for spec in official]


@pytest.mark.parametrize(
    ("names", "sets", "message"),
    [
        (["tinny"], {}, "no model or label set 'tinny'.*tiny"),
        (["sure"], {"sure": {"base": "tny"}}, r"'tny' \(base of \[label.sets.sure\]\).*tiny"),
        (["shure"], {"sure": {"base": "tiny"}}, "did you mean sure"),
        (["tiny"], {"tiny_second": {"base": "tiny"}}, "tiny_second.*name of a model"),
    ],
)
def test_wrong_names_are_refused_with_the_nearest(
    world: World, names: list[str], sets: dict[str, object], message: str
) -> None:
    with pytest.raises(LabelError, match=message):
        resolve(names, world.config(sets=sets))


def test_absent_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(LabelError, match="no CUDA device"):
        choose_device("cuda")
    assert choose_device("auto") == "cpu"
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert choose_device("auto") == "cuda"
    assert choose_device("cuda:1") == "cuda:1"
