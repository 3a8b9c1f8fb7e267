"""The backend's own parts everywhere; the library itself where it is installed."""

from __future__ import annotations

import collections
import importlib.util
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from densepose_labeler import checkpoints, zoo
from densepose_labeler.config import LabelConfig
from densepose_labeler.detectron2_backend import Detectron2Predictor, settings, supports, to_instance
from densepose_labeler.engine.rcnn import DensePoseRCNN
from densepose_labeler.job import label
from densepose_labeler.label_sets import resolve
from densepose_labeler.planning import LabelError
from densepose_labeler.verification import compare, verify
from manifests.instances import CONFIDENCES
from manifests.labels import LabelSet
from manifests.reasons import LabelStatus
from tests.densepose_labeler.engine.reference import OFFICIAL, seeded_network
from tests.densepose_labeler.small_world import add_pictures, make_world, picture

RESULTS = Path(__file__).parents[1] / "data" / "detectron2" / "results.npz"
"""Two people of a small picture, as the library's extractor returned them for a network with seeded weights (arrays
`<n>_<field>`), and what its own quantisation makes of them. The second person's box is thinner than a pixel."""

INSTALLED = importlib.util.find_spec("detectron2") is not None and importlib.util.find_spec("densepose") is not None
needs_detectron2 = pytest.mark.skipif(not INSTALLED, reason="detectron2 and its DensePose project are not installed")


def _recorded(number: int) -> dict[str, np.ndarray]:
    with np.load(RESULTS) as data:
        return {key[2:]: data[key] for key in data.files if key.startswith(f"{number}_")}


@pytest.mark.parametrize("number", [0, 1])
def test_a_result_of_the_library_becomes_a_person(number: int) -> None:
    recorded = _recorded(number)
    fields = {key: torch.from_numpy(recorded[key]) for key in ("labels", "uv", *CONFIDENCES)}
    one = to_instance(torch.from_numpy(recorded["box"]), float(recorded["score"]), SimpleNamespace(**fields))
    assert (recorded["uv"] < 0).any() and (recorded["uv"] > 1).any()  # the clamp is exercised
    assert (one.iuv == recorded["quantized"].transpose(1, 2, 0)).all()
    height, width = recorded["labels"].shape
    assert one.iuv_box == (int(recorded["box"][0]), int(recorded["box"][1]), width, height)
    assert one.box == tuple(recorded["box"].tolist())
    assert one.score == float(recorded["score"])
    assert list(one.confidences) == list(CONFIDENCES)
    for name in CONFIDENCES:
        assert one.confidences[name].dtype == np.float16
        assert (one.confidences[name] == recorded[name].astype(np.float16)).all()


def test_a_model_without_confidences_gives_none() -> None:
    recorded = _recorded(0)
    fields = {key: torch.from_numpy(recorded[key]) for key in ("labels", "uv")}
    result = SimpleNamespace(**fields, sigma_1=None, **dict.fromkeys(CONFIDENCES))
    assert to_instance(torch.from_numpy(recorded["box"]), 0.5, result).confidences == {}


def test_settings_follow_the_specification() -> None:
    assert [name for name, spec in zoo.load().items() if supports(spec.network)] == OFFICIAL
    legacy, evolution, deeplab = (
        settings(zoo.get(name).network)
        for name in ("R_101_FPN_s1x_legacy", "R_50_FPN_DL_WC1M_3x_Atop10P_CA", "R_50_FPN_DL_WC2_s1x")
    )
    head = "MODEL.ROI_DENSEPOSE_HEAD"
    assert (legacy["MODEL.RESNETS.DEPTH"], legacy[f"{head}.DECODER_ON"]) == (101, False)
    assert (legacy[f"{head}.NUM_COARSE_SEGM_CHANNELS"], legacy[f"{head}.POOLER_RESOLUTION"]) == (15, 14)
    assert evolution["MODEL.ROI_BOX_HEAD.POOLER_TYPE"] == "ROIAlignV2"
    assert evolution["MODEL.ROI_BOX_HEAD.POOLER_SAMPLING_RATIO"] == 0
    assert evolution[f"{head}.POOLER_TYPE"] == "ROIAlign"
    assert deeplab[f"{head}.NAME"] == "DensePoseDeepLabHead"
    assert deeplab[f"{head}.UV_CONFIDENCE.TYPE"] == "indep_aniso"
    assert not deeplab[f"{head}.SEGM_CONFIDENCE.ENABLED"]
    assert settings(zoo.get("R_50_FPN_s1x").resized(min_size=512).network)["INPUT.MIN_SIZE_TEST"] == 512


def _network(name: str) -> DensePoseRCNN:
    with torch.device("meta"):
        return DensePoseRCNN(zoo.get(name).network)


def test_a_network_that_the_library_lacks_is_refused() -> None:
    with pytest.raises(LabelError, match="no network with the backbone of 'embedded'"):
        Detectron2Predictor(_network("embedded"), zoo.get("embedded"))


@pytest.fixture
def unimported() -> Iterator[None]:
    """The library as if this process had never imported it; afterwards as it was."""
    before = _take_modules()
    yield
    _take_modules()
    sys.modules.update(before)


def _take_modules() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.split(".")[0] in ("detectron2", "densepose")]
    return {name: sys.modules.pop(name) for name in names}


def _hide(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Let a package not be found, installed or not."""

    class Absent:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> None:
            if name == package:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(sys, "meta_path", [Absent, *sys.meta_path])


@pytest.mark.usefixtures("unimported")
def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    _hide(monkeypatch, "detectron2")
    with pytest.raises(LabelError, match=r"no detectron2: compile and install it.*projects/DensePose.*\"engine\""):
        Detectron2Predictor(_network("R_50_FPN_s1x"), zoo.get("R_50_FPN_s1x"))


@pytest.mark.usefixtures("unimported")
def test_without_its_densepose_project_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _hide(monkeypatch, "densepose")
    _package(tmp_path, "detectron2", config="")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(LabelError, match=r"DensePose project \(package `densepose`\) is not"):
        Detectron2Predictor(_network("R_50_FPN_s1x"), zoo.get("R_50_FPN_s1x"))


@pytest.mark.usefixtures("unimported")
@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("raise ImportError('_C.so: undefined symbol')", "undefined symbol.*must be built for the torch"),
        ("raise RuntimeError('operator torchvision::nms does not exist')", "nms does not exist.*torchvision"),
        ("import fvcore_is_not_here", "lacks a package it needs.*fvcore_is_not_here"),
    ],
)
def test_a_broken_installation_says_what_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str, message: str
) -> None:
    _package(tmp_path, "detectron2", config=statement)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(LabelError, match=message):
        Detectron2Predictor(_network("R_50_FPN_s1x"), zoo.get("R_50_FPN_s1x"))


def _package(root: Path, name: str, **modules: str) -> None:
    (root / name).mkdir()
    for module, text in {"__init__": "", **modules}.items():
        (root / name / f"{module}.py").write_text(text)


def test_the_backend_is_part_of_what_a_label_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world(tmp_path)
    monkeypatch.setenv("VESTIARY_CACHE", str(world.cache))
    name = "R_101_FPN_s1x"
    weights = checkpoints.cached_path(zoo.get(name))
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"any")
    beside = {"base": name, "backend": "detectron2"}
    ours, theirs = resolve([name, "beside"], LabelConfig.model_validate({"sets": {"beside": beside}}))
    assert (ours.backend, theirs.backend) == ("engine", "detectron2")
    assert ours.fingerprint != theirs.fingerprint
    chosen, small = resolve([name, "tiny"], world.config(backend="detectron2", max_detections=20))
    assert (chosen.backend, chosen.fingerprint) == ("detectron2", theirs.fingerprint)
    assert small.backend == "engine"  # the library has no such network
    stubborn = world.config(sets={"small": {"base": "tiny", "backend": "detectron2"}})
    with pytest.raises(LabelError, match="no network with the backbone"):
        resolve(["small"], stubborn)[0].load("cpu")


@needs_detectron2
@pytest.mark.parametrize("name", OFFICIAL)
def test_settings_are_those_of_the_published_configuration(name: str) -> None:
    import densepose
    from detectron2.config import get_cfg

    configs = Path(densepose.__file__).parents[1] / "configs"
    if not configs.is_dir():
        pytest.skip("the DensePose project is installed without its configurations")
    files = [configs / f"densepose_rcnn_{name}.yaml", configs / "evolution" / f"densepose_{name}.yaml"]
    cfg = get_cfg()
    densepose.add_densepose_config(cfg)
    cfg.merge_from_file(str(next(file for file in files if file.is_file())))
    for key, value in settings(zoo.get(name).network).items():
        node = cfg
        for part in key.split("."):
            node = node[part]
        assert (list(node) if isinstance(node, tuple) else node) == value, key


@needs_detectron2
def test_labels_by_the_library_agree_with_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world(tmp_path)
    monkeypatch.setenv("VESTIARY_CACHE", str(world.cache))
    name = "R_50_FPN_WC2M_s1x"
    weights = checkpoints.cached_path(zoo.get(name))
    weights.parent.mkdir(parents=True)
    state = collections.OrderedDict((key, value.numpy()) for key, value in seeded_network(name).state_dict().items())
    with weights.open("wb") as file:
        pickle.dump({"model": state, "__author__": "Detectron2 Model Zoo"}, file, protocol=3)
    ids = add_pictures(world, [picture(n, height=192, width=144) for n in range(3)])
    small = {"base": name, "min_size": 256, "score_threshold": 0.05, "max_detections": 5}
    config = world.config(sets={"ours": small, "theirs": small | {"backend": "detectron2"}})
    label(world.dataset, ["ours", "theirs"], config)
    ours, theirs = (LabelSet(world.dataset / "labels" / one) for one in ("ours", "theirs"))
    for image_id in ids:
        one, other = ours.read(image_id), theirs.read(image_id)
        assert one.status == other.status == LabelStatus.OK
        assert len(one.instances) == 5
        assert compare(image_id, one.instances, other.instances).within_tolerances
        assert list(one.instances[0].confidences) == list(other.instances[0].confidences) == list(CONFIDENCES)
    result = verify(world.dataset, "ours", config, count=2)
    assert len(result.images) == 2
    assert result.within_tolerances
    largest = config.model_copy(update={"largest_only": True})
    assert [image.persons for image in verify(world.dataset, "ours", largest, count=1).images] == [(1, 1)]
