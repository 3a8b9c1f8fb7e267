from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from densepose_labeler import checkpoints, zoo
from tests.tools.figures import figure, write_shard
from tools.train import loop
from tools.train.augment import Framing
from tools.train.export import export, half
from tools.train.loop import Trainer, train
from tools.train.network import embedded_network
from tools.train.recipe import FAVOUR, Recipe, draw, draw_shares
from tools.train.shards import Sample, ShardPool
from tools.train.step import normalise
from tools.train.targets import scene

RECIPE = Recipe(batch=2, warm_up_steps=5)
WIDE = zoo.get("embedded")
SMALL = replace(
    WIDE,
    network=replace(
        WIDE.network,
        backbone=replace(WIDE.network.backbone, fpn_channels=16),
        proposals=replace(WIDE.network.proposals, pre_nms_topk=50, post_nms_topk=20),
        box=replace(WIDE.network.box, fc_dim=32),
        densepose=replace(WIDE.network.densepose, decoder_channels=16, conv_count=2, conv_dim=32),
    ),
)
"""The same network, narrower."""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(loop, "Framing", lambda: Framing(width=64, height=96))
    monkeypatch.setattr(loop.signal, "signal", lambda *_: None)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def trainer_of(recipe: Recipe = RECIPE) -> Trainer:
    return Trainer(recipe, embedded_network(SMALL.network), pretrained=False)


def small_figure(rng: np.random.Generator) -> Sample:
    return figure(rng, 64, 96)


def test_a_few_steps_learn_the_figures() -> None:
    trainer, rng = trainer_of(), np.random.default_rng(0)
    samples = [small_figure(rng) for _ in range(2)]
    images, scenes = normalise(samples, trainer.network), [scene(sample) for sample in samples]
    losses = [trainer.step(images, scenes, rng, progress=0.0) for _ in range(14)]
    assert set(losses[0]) == {"objectness", "rpn_box", "classes", "box", "fine", "overlap", "coarse", "uv"}
    assert all(np.isfinite(list(step.values())).all() for step in losses)
    assert losses[-1]["fine"] < 0.8 * losses[0]["fine"]
    assert losses[-1]["objectness"] < losses[0]["objectness"]


def test_pictures_of_nobody_teach_the_detector_only() -> None:
    trainer, rng = trainer_of(), np.random.default_rng(0)
    sample = small_figure(rng)
    empty = replace(sample, iuv=np.zeros_like(sample.iuv), instance=np.zeros_like(sample.instance))
    losses = trainer.step(normalise([empty], trainer.network), [scene(empty)], rng, 0.0)
    assert set(losses) == {"objectness", "rpn_box", "classes", "box"}
    assert losses["rpn_box"] == 0 and losses["objectness"] > 0


def test_training_goes_on_from_its_checkpoint_and_exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    write_shard(str(tmp_path / "shard-0.npz"), [small_figure(rng) for _ in range(3)])
    pool, out = ShardPool(tmp_path), tmp_path / "out"
    first = trainer_of()
    train(first, partial(draw, pool, RECIPE), out, minutes=1 / 60)
    assert first.step_number > 0 and (out / "checkpoint.pt").exists()

    second = trainer_of(replace(RECIPE, seed=9))
    second.load(out / "checkpoint.pt")
    assert (second.step_number, second.elapsed) == (first.step_number, first.elapsed)
    for name, value in first.network.state_dict().items():
        assert torch.equal(second.network.state_dict()[name], value), name
    for mine, theirs in zip(second.average, first.average, strict=True):
        assert torch.equal(mine, theirs)

    train(second, partial(draw, pool, RECIPE), out, minutes=1 / 60)  # its time is up: nothing happens
    assert second.step_number == first.step_number

    target = tmp_path / "embedded.safetensors"
    size = export(out / "checkpoint.pt", target, spec=SMALL.network)
    assert size == target.stat().st_size
    with safe_open(target, framework="pt") as weights:
        (stage,) = json.loads(weights.metadata()["vestiary"])["stages"]
    assert (stage["steps"], stage["batch"]) == (first.step_number, RECIPE.batch)
    loaded = checkpoints.load(SMALL, target)
    wanted = first.averaged_state()
    for name, value in loaded.state_dict().items():
        assert torch.allclose(value, wanted[name], rtol=1e-3, atol=1e-6), name
    again = tmp_path / "again.safetensors"
    export(out / "checkpoint.pt", again, spec=SMALL.network)
    assert again.read_bytes() == target.read_bytes()


def test_figures_are_logged(tmp_path: Path) -> None:
    trainer = trainer_of()
    line = json.loads(json.dumps(loop._figures(trainer, [{"fine": 2.0}, {"fine": 1.0, "uv": 0.5}])))
    assert line["fine"] == 1.5 and line["uv"] == 0.5 and line["step"] == 0


def test_float16_overflow_is_refused() -> None:
    assert half("weight", torch.tensor([1.0, -2.0])).dtype == torch.float16
    with pytest.raises(ValueError, match="weight reaches 1e"):
        half("weight", torch.tensor([1e5]))


def test_the_embedded_network_follows_the_zoo() -> None:
    network = embedded_network()
    assert network.spec == zoo.get("embedded").network
    assert sum(value.numel() for value in network.parameters()) * 2 < 15e6


def test_a_second_stage_trains_the_box_head_alone(tmp_path: Path) -> None:
    first, rng = trainer_of(), np.random.default_rng(2)
    samples = [small_figure(rng)]
    images, scenes = normalise(samples, first.network), [scene(sample) for sample in samples]
    first.step(images, scenes, rng, 0.0)
    first.save(tmp_path / "first.pt")
    second = Trainer(
        replace(RECIPE, only="roi_heads.box_"),
        embedded_network(SMALL.network),
        pretrained=False,
        begin_with=tmp_path / "first.pt",
    )
    before = {name: value.clone() for name, value in second.averaged_state().items()}
    for name, value in first.averaged_state().items():
        assert torch.equal(before[name], value), name
    losses = second.step(images, scenes, rng, 0.0)
    second.save(tmp_path / "second.pt")
    stages = torch.load(tmp_path / "second.pt", weights_only=True)["stages"]
    assert [(stage["only"], stage["steps"]) for stage in stages] == [("", 1), ("roi_heads.box_", 1)]
    assert set(losses) == {"objectness", "rpn_box", "classes", "box"}
    changed = {name for name, value in second.averaged_state().items() if not torch.equal(value, before[name])}
    assert changed and all(name.startswith("roi_heads.box_") for name in changed)


def test_rare_views_are_drawn_more_often(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    samples = [small_figure(rng) for _ in range(3)]
    notes = [
        {"framing": "full", "yaw": 0.0, "persons": [{}]},
        {"framing": "full", "yaw": 3.1, "persons": [{}]},
        {"framing": "none", "yaw": 0.0, "persons": []},
    ]
    arrays = {name: np.stack([getattr(one, name) for one in samples]) for name in ("image", "iuv", "instance")}
    np.savez(tmp_path / "shard-0.npz", meta=np.array(json.dumps(notes)), **arrays)
    shares = draw_shares(ShardPool(tmp_path), replace(RECIPE, nobody=4.0))
    assert np.allclose(shares / shares[0], [1.0, FAVOUR["view: back"], 4.0])
    assert shares.sum() == pytest.approx(1)
    fronts = draw_shares(ShardPool(tmp_path), replace(RECIPE, nobody=4.0, group="view: front"))
    assert np.allclose(fronts, [0.2, 0.0, 0.8])
    assert np.allclose(draw_shares(ShardPool(tmp_path), replace(RECIPE, most=1)), [1.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--stock", "stock", "--group", "view: front"], "choose among the pictures of --shards"),
        (["--stock", "stock", "--workers", "2", "--device", "cuda"], "--workers are for the CPU"),
        (["--shards", "nowhere"], "render some first"),
        ([], "--shards --stock"),
    ],
)
def test_options_that_would_be_ignored_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    monkeypatch.setattr("sys.argv", ["loop", "--out", "out", "--minutes", "1", *options])
    with pytest.raises(SystemExit) as error:
        loop.main()
    assert error.value.code == 2 and message in capsys.readouterr().err
