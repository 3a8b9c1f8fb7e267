from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
import torch

from densepose_labeler import zoo
from densepose_labeler.checkpoints import LEGACY_EXTRAS
from densepose_labeler.engine.rcnn import DensePoseRCNN
from tests.densepose_labeler.engine.reference import OFFICIAL, seeded_weights

MINE = """
format = 1
[families.mine]
charts = "vestiary"
licence = "MIT"
[models.my_small_one]
family = "mine"
url = "https://example.org/weights/small_v2.safetensors"
network.backbone = { kind = "efficientnet_lite0", fpn_channels = 32 }
network.box.pooler = { resolution = 7, sampling_ratio = 0, aligned = true }
"""


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_networks_have_exactly_the_published_keys_and_shapes(name: str) -> None:
    with torch.device("meta"):
        ours = {key: tuple(value.shape) for key, value in DensePoseRCNN(zoo.get(name).network).state_dict().items()}
    published = dict(seeded_weights.inventory(name))
    extras = set(published) - set(ours)
    assert extras <= LEGACY_EXTRAS
    assert ours == {key: shape for key, shape in published.items() if key not in extras}


def test_official_models_are_described() -> None:
    assert len(OFFICIAL) == 27
    for name in OFFICIAL:
        spec = zoo.get(name)
        assert spec.url is not None and spec.url.startswith("https://dl.fbaipublicfiles.com/densepose/")
        assert f"_{name}/" in spec.url and re.fullmatch(r"model_final_[0-9a-f]{6}\.pkl", spec.file)
        assert spec.licence == "CC-BY-SA-3.0" and spec.charts == "official"
        assert spec.metrics is not None
        chimps = spec.metrics.dataset == "densepose_chimps"
        assert chimps == ("3x" in name) == (spec.metrics.densepose_apex_gps is not None)
        assert (spec.metrics.densepose_ap_gps < 25) == chimps
    assert len({zoo.get(name).url for name in OFFICIAL}) == 27
    assert len({zoo.get(name).file for name in OFFICIAL}) == 27


def test_the_embedded_model_is_ours_and_small() -> None:
    spec = zoo.get("embedded")
    assert spec.url is None and spec.charts == "vestiary" and spec.network.input.channel_order == "RGB"
    with torch.device("meta"):
        values = sum(value.numel() for value in DensePoseRCNN(spec.network).state_dict().values())
    assert values * 2 <= 15_000_000  # float16


def test_families_lend_their_network_to_their_models(tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    path.write_text(MINE.replace('licence = "MIT"', "network.backbone.fpn_channels = 99\nnetwork.box.fc_dim = 77"))
    network = zoo.get("my_small_one", path).network
    assert network.backbone.fpn_channels == 32 and network.box.fc_dim == 77 and network.box.pooler.aligned


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(zoo.ZooError, match="R_50_FPN_s1x"):
        zoo.get("R50_FPN_s1x")


def test_resized_changes_the_input_alone_and_in_proportion() -> None:
    spec = zoo.get("R_50_FPN_s1x")
    larger = spec.resized(min_size=1024)
    assert (larger.network.input.min_size, larger.network.input.max_size) == (1024, 1706)
    assert spec.resized(800) == spec == spec.resized()
    assert dataclasses.replace(larger, network=spec.network) == spec
    assert spec.resized(512, 1333).network.input.max_size == 1333
    assert spec.resized(max_size=900).network.input == dataclasses.replace(spec.network.input, max_size=900)


def test_own_models_are_added(tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    path.write_text(MINE)
    spec = zoo.get("my_small_one", path)
    assert spec.file == "small_v2.safetensors" and spec.licence == "MIT"
    assert spec.network.box.pooler.sampling_ratio == 0 and spec.network.backbone.fpn_channels == 32
    assert "R_50_FPN_s1x" in zoo.load(path) and "my_small_one" not in zoo.load()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format = 1", "format = 9", "format = 1"),
        ("licence", "license", "did you mean 'licence'"),
        ('family = "mine"', 'family = "yours"', "'yours' is not one of"),
        ("fpn_channels = 32", 'fpn_channels = "32"', "network backbone fpn_channels: expected int"),
        ("fpn_channels = 32", "fpn_channels = true", "expected int"),
        ("efficientnet_lite0", "efficientnet_b7", "'efficientnet_b7' is not one of resnet50"),
        ("resolution = 7, ", "", "'resolution' is missing"),
        ("network.backbone =", "network.back_bone =", "did you mean 'backbone'"),
        ("small_v2.safetensors", "small_v2.pth", "ending in .pkl or .safetensors"),
        ("my_small_one", "embedded", "already in the shipped zoo"),
        ("[families.mine]", "[families.mine", "not valid TOML"),
        ('charts = "vestiary"', "network.input = { min_size = 9, max_size = 3 }", "in order"),
        ('charts = "vestiary"', "network.input = { pixel_mean = [1, 2] }", "expected 3 values"),
        ('charts = "vestiary"', "score_threshold = []", "expected float"),
        ("[models.my", "[extra]\n[models.my", "unknown tables"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in MINE
    path = tmp_path / "models.toml"
    path.write_text(MINE.replace(old, new))
    with pytest.raises(zoo.ZooError, match=re.escape(message)) as error:
        zoo.load(path)
    assert str(path) in str(error.value)


def test_an_absent_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(zoo.ZooError, match="cannot be read"):
        zoo.load(tmp_path / "none.toml")
