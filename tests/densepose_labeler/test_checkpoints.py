from __future__ import annotations

import collections
import dataclasses
import errno
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from densepose_labeler import array_pickle, checkpoints, checksums, converted, zoo
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


def test_safetensors_in_half_precision_and_data_parallel_names(tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    state = {f"module.{key}": value.half() for key, value in small_network().state_dict().items()}
    safetensors.torch.save_file(state, path)
    model = checkpoints.load(dataclasses.replace(SPEC, file=path.name), path)
    for key, value in model.state_dict().items():
        assert value.dtype == torch.float32 and torch.equal(value, state[f"module.{key}"].float())


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
    checkpoints.load(dataclasses.replace(SPEC, sha256=checksums.sha256(path)), path)
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
        checkpoints.weights_path(dataclasses.replace(SPEC, name="embedded", url=None))
    with pytest.raises(WeightsMissing, match=rf"copy your file to {tmp_path}/cache/models/mine/small\.pkl .* `url`"):
        checkpoints.weights_path(dataclasses.replace(SPEC, name="mine", url=None))


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published model's pickle in the cache, put there by hand."""
    monkeypatch.setenv(checkpoints.CACHE_VARIABLE, str(tmp_path / "cache"))
    path = checkpoints.cached_path(SPEC)
    path.parent.mkdir(parents=True)
    return write(path, published(arrays()))


def test_first_use_records_the_checksum_and_later_uses_enforce_it(cached: Path) -> None:
    checkpoints.load(SPEC)
    assert checksums.recorded(cached) == checksums.sha256(cached)
    other = arrays()
    other["roi_heads.box_head.fc1.bias"][0] += 1
    write(cached, published(other))
    with pytest.raises(CheckpointError, match=r"changed since its first use.*vestiary models fetch small"):
        checkpoints.load(SPEC)
    own = dataclasses.replace(SPEC, url=None)  # the user's own file may change: its labels follow the checksum
    loaded = checkpoints.load(own)
    assert loaded.state_dict()["roi_heads.box_head.fc1.bias"].tolist() == other["roi_heads.box_head.fc1.bias"].tolist()
    assert checksums.recorded(cached) == checksums.sha256(cached)


def test_a_file_that_does_not_fit_is_not_recorded(cached: Path) -> None:
    write(cached, {"model": {"a": np.zeros(1, np.float32)}})
    with pytest.raises(CheckpointError, match="another network"):
        checkpoints.load(SPEC)
    assert checksums.recorded(cached) is None
    write(cached, published(arrays()))
    checkpoints.load(SPEC)


def test_a_pickle_is_read_once_and_then_its_copy(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = checkpoints.load(SPEC).state_dict()

    def refuse(path: Path) -> None:
        raise AssertionError(f"{path} was unpickled again")

    monkeypatch.setattr(array_pickle, "read", refuse)
    second = checkpoints.load(SPEC).state_dict()
    assert list(first) == list(second) and all(torch.equal(first[key], second[key]) for key in first)
    assert {one.name for one in cached.parent.iterdir()} == {
        "small.pkl", "small.pkl.sha256", "small.safetensors", "small.safetensors.sha256"
    }  # fmt: skip


def test_settled_files_are_not_summed_up_again(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints.load(SPEC)
    for path in (cached, converted.copy_path(cached)):
        os.utime(path, ns=(10**18, 10**18))
    checkpoints.load(SPEC)

    def refuse(path: Path) -> str:
        raise AssertionError(f"{path} was read whole again")

    monkeypatch.setattr(checksums, "sha256", refuse)
    checkpoints.load(SPEC)


@pytest.mark.parametrize("harm", ["flipped", "truncated", "of another pickle", "without a record", "half written"])
def test_a_copy_that_is_not_the_pickles_is_made_anew(cached: Path, harm: str) -> None:
    expected = checkpoints.load(SPEC).state_dict()
    copy = converted.copy_path(cached)
    whole = copy.read_bytes()
    if harm == "flipped":
        copy.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    elif harm == "truncated":
        copy.write_bytes(whole[:-1])
    elif harm == "of another pickle":
        converted.write(cached, "0" * 64, {key: value + 1 for key, value in expected.items()})
    elif harm == "without a record":
        copy.with_name(copy.name + ".sha256").unlink()
    else:
        copy.rename(copy.with_name(f".{copy.name}.999999999-0a0a0a0a.part"))
    loaded = checkpoints.load(SPEC).state_dict()
    assert all(torch.equal(loaded[key], expected[key]) for key in expected)
    assert copy.read_bytes() == whole
    assert not list(cached.parent.glob("*.part"))


def test_a_cache_that_cannot_be_written_still_serves(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "read-only")

    monkeypatch.setattr(converted, "write", refuse)
    checkpoints.load(SPEC)
    assert [one.name for one in cached.parent.iterdir()] == ["small.pkl"]


def test_nothing_is_written_beside_files_outside_the_cache(tmp_path: Path, cached: Path) -> None:
    (tmp_path / "mine").mkdir()
    path = write(tmp_path / "mine" / "small.pkl", published(arrays()))
    checkpoints.load(SPEC, path)
    assert [one.name for one in path.parent.iterdir()] == ["small.pkl"]


def test_the_cache_is_in_the_home_directory_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(checkpoints.CACHE_VARIABLE, raising=False)
    assert checkpoints.cache_directory() == Path.home() / ".cache" / "vestiary"
