from __future__ import annotations

import io
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PIL import Image

from densepose_labeler import checkpoints, checksums, zoo
from densepose_labeler.config import LabelConfig
from densepose_labeler.label_sets import Options, choose_device, choose_devices, resolve
from densepose_labeler.planning import LabelError
from tests.densepose_labeler.small_world import World, picture, write_weights


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
    assert (sure.spec.network.input.min_size, sure.spec.network.input.max_size) == (200, 400)
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
    with pytest.raises(checkpoints.WeightsMissing) as missing:
        resolve(["all"], world.config())
    assert all(f"vestiary models fetch {spec.name}`" in str(missing.value) for spec in official)
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


def test_flip_averaging_is_part_of_the_fingerprint_and_changes_parts(world: World) -> None:
    sets = {"flip": {"base": "tiny", "flip_averaging": True}, "plain": {"base": "tiny", "flip_averaging": False}}
    flip, plain, tiny = resolve(["flip", "plain", "tiny"], world.config(sets=sets))
    assert flip.fingerprint != plain.fingerprint == tiny.fingerprint
    pixels = np.asarray(Image.open(io.BytesIO(picture(3))))
    averaged, own = (one.load("cpu")([pixels])[0] for one in (flip, tiny))
    np.testing.assert_allclose([one.box for one in averaged], [one.box for one in own], atol=1e-3)
    assert any((a.iuv[..., 0] != b.iuv[..., 0]).any() for a, b in zip(averaged, own, strict=True))


def test_precision_is_part_of_the_fingerprint_unless_it_is_float32(world: World) -> None:
    sets = {"exact": {"base": "tiny", "precision": "float32"}, "rough": {"base": "tiny", "precision": "bf16"}}
    exact, rough, tiny = resolve(["exact", "rough", "tiny"], world.config(sets=sets))
    assert rough.fingerprint != exact.fingerprint == tiny.fingerprint
    (everywhere,) = resolve(["tiny"], world.config(precision="bf16"))
    assert everywhere.fingerprint == rough.fingerprint
    loaded = rough.load("cpu")
    assert isinstance(loaded, partial) and loaded.func.precision == "bf16"
    with pytest.raises(LabelError, match="precision 'bf16' is the engine's"):
        replace(rough, backend="detectron2").load("cpu")


def test_absent_devices_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for name in ("cuda", "cuda:1", "cpu,cuda"):
        with pytest.raises(LabelError, match="no CUDA device"):
            choose_devices(name)
    assert choose_devices("auto") == ("cpu",)
    assert choose_devices("cpu,cpu") == ("cpu", "cpu")


def test_one_worker_for_each_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    assert choose_devices("auto") == choose_devices("cuda") == ("cuda:0", "cuda:1", "cuda:2")
    assert choose_devices("cuda:2,cuda:0") == ("cuda:2", "cuda:0")
    assert choose_device("cuda:1") == "cuda:1" and choose_device("auto") == "cuda:0"
    with pytest.raises(LabelError, match="sees 3 CUDA"):
        choose_devices("cuda:3")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    assert choose_devices("auto") == ("cuda",)
