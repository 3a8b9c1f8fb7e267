from __future__ import annotations

import collections
import dataclasses
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from densepose_labeler import checkpoints, zoo
from densepose_labeler.checkpoints import CheckpointError, WeightsMissing
from tests.densepose_labeler.engine.small import SMALL, small_network

SPEC = zoo.ModelSpec(name="small", family="tests", network=SMALL, file="small.pkl", url="https://example.org/small.pkl")


def arrays() -> collections.OrderedDict[str, np.ndarray]:
    return collections.OrderedDict((key, value.numpy()) for key, value in small_network().state_dict().items())


def published(state: dict[str, Any]) -> dict[str, Any]:
    """A file's content as the official ones have it: extra constants, torch's metadata on the dictionary."""
    state = collections.OrderedDict(state)
    state._metadata = collections.OrderedDict(version=1)  # type: ignore[attr-defined]
    for level in range(5):
        state[f"proposal_generator.anchor_generator.cell_anchors.{level}"] = np.zeros((3, 4), np.float32)
    state["pixel_mean"] = np.zeros((3, 1, 1), np.float32)
    state["pixel_std"] = np.ones((3, 1, 1), np.float32)
    return {"model": state, "__author__": "Detectron2 Model Zoo"}


def write(path: Path, content: object, protocol: int = 3) -> Path:
    path.write_bytes(pickle.dumps(content, protocol))
    return path


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_official_form_loads_exactly(tmp_path: Path, protocol: int) -> None:
    state = arrays()
    path = write(tmp_path / "small.pkl", published(state), protocol)
    model = checkpoints.load(SPEC, path)
    assert not model.training and not any(value.requires_grad for value in model.parameters())
    for key, value in model.state_dict().items():
        assert value.dtype == torch.float32 and np.array_equal(value.numpy(), state[key]), key


def test_names_of_older_numpy_are_read(tmp_path: Path) -> None:
    """The writers of the official files called the module numpy.core."""
    content = pickle.dumps(published(arrays()), 3).replace(b"numpy._core.multiarray\n", b"numpy.core.multiarray\n")
    assert b"numpy.core.multiarray" in content
    (tmp_path / "small.pkl").write_bytes(content)
    checkpoints.load(SPEC, tmp_path / "small.pkl")


def test_memory_orders_and_precisions(tmp_path: Path) -> None:
    values = {
        "fortran": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        "big": np.arange(4, dtype=">f4"),
        "half": np.arange(3, dtype=np.float16),
        "scalar": np.array(2.5, np.float64),
    }
    for protocol in (2, 3, 5):
        read = checkpoints.read(write(tmp_path / "a.pkl", {"model": values}, protocol))
        assert {key: value.tolist() for key, value in read.items()} == {k: v.tolist() for k, v in values.items()}


def test_safetensors_in_half_precision_and_data_parallel_names(tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    state = {f"module.{key}": value.half() for key, value in small_network().state_dict().items()}
    safetensors.torch.save_file(state, path)
    model = checkpoints.load(dataclasses.replace(SPEC, file=path.name), path)
    for key, value in model.state_dict().items():
        assert value.dtype == torch.float32 and torch.equal(value, state[f"module.{key}"].float())


class Malicious:
    def __reduce__(self) -> Any:
        return os.system, ("echo pwned > pwned",)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (Malicious(), "posix.system"),
        ({"model": {"a": Malicious()}}, "posix.system"),
        ({"model": {"a": np.array([Malicious()], object)}}, "O8"),
        ({"model": {"a": np.arange(3)}}, "i8"),
        ({"model": {"a": np.float32(1)}}, "numpy._core.multiarray.scalar"),
        ({"model": {"a": torch.zeros(2)}}, "torch._utils._rebuild_tensor_v2"),
        ({"model": collections.Counter()}, "collections.Counter"),
        ({"model": {"a": eval}}, "builtins.eval"),
    ],
)
def test_anything_but_arrays_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: object, named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=named.replace(".", r"\.")):
        checkpoints.read(write(tmp_path / "bad.pkl", content))
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "holds a list"),
        ({"model": [1]}, "'model' is a list"),
        ({"model": {"a": "text"}}, "'a' is a str"),
        ({"blobs": {}}, "Caffe2"),
        ({"model": {}, "matching_heuristics": True}, "Caffe2"),
    ],
)
def test_other_content_is_named(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        checkpoints.read(write(tmp_path / "other.pkl", content))


def test_damaged_files_are_checkpoint_errors(tmp_path: Path) -> None:
    whole = pickle.dumps(published(arrays()), 3)
    path = tmp_path / "damaged.pkl"
    for content in (b"", whole[: len(whole) // 2], b"<html>not found</html>", whole[:-1]):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"damaged\.pkl"):
            checkpoints.load(SPEC, path)
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="torch zip"):
        checkpoints.read(path)
    (tmp_path / "damaged.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(CheckpointError, match="safetensors"):
        checkpoints.read(tmp_path / "damaged.safetensors")


def test_another_networks_weights_are_refused(tmp_path: Path) -> None:
    state = arrays()
    state["roi_heads.box_head.fc3.weight"] = state.pop("roi_heads.box_head.fc2.weight")
    state["roi_heads.box_head.fc1.bias"] = np.zeros(7, np.float32)
    with pytest.raises(CheckpointError) as error:
        checkpoints.load(SPEC, write(tmp_path / "small.pkl", {"model": state}))
    message = str(error.value)
    assert "missing roi_heads.box_head.fc2.weight" in message
    assert "unknown roi_heads.box_head.fc3.weight" in message
    assert "roi_heads.box_head.fc1.bias is [7], expected [32]" in message
    state = arrays()
    state["roi_heads.box_head.fc1.bias"][3] = np.nan
    with pytest.raises(CheckpointError, match="not finite"):
        checkpoints.load(SPEC, write(tmp_path / "small.pkl", {"model": state}))


def test_the_zoos_checksum_is_held_against_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "small.pkl", published(arrays()))
    checkpoints.load(dataclasses.replace(SPEC, sha256=checkpoints.sha256(path)), path)
    with pytest.raises(CheckpointError, match="sha256"):
        checkpoints.load(dataclasses.replace(SPEC, sha256="0" * 64), path)


def test_absent_weights_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(checkpoints.CACHE_VARIABLE, str(tmp_path / "cache"))
    with pytest.raises(WeightsMissing) as error:
        checkpoints.load(SPEC)
    place = tmp_path / "cache" / "models" / "small" / "small.pkl"
    assert str(place) in str(error.value) and "https://example.org/small.pkl" in str(error.value)
    place.parent.mkdir(parents=True)
    write(place, published(arrays()))
    assert checkpoints.weights_path(SPEC) == place
    checkpoints.load(SPEC)
    with pytest.raises(WeightsMissing, match="nowhere"):
        checkpoints.weights_path(SPEC, tmp_path / "nowhere.pkl")
    with pytest.raises(WeightsMissing, match="reinstall"):
        checkpoints.weights_path(dataclasses.replace(SPEC, name="other", url=None))


def test_the_cache_is_in_the_home_directory_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(checkpoints.CACHE_VARIABLE, raising=False)
    assert checkpoints.cache_directory() == Path.home() / ".cache" / "vestiary"
