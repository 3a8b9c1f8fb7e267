"""Weights from disk into a network, strictly.

The official files are Python pickles. They are read by an unpickler that knows dictionaries, numbers, strings and
arrays and nothing else: a file that names any other class or function is refused before anything of it runs. Arrays
are rebuilt here from their bytes, not by numpy's own unpickling.
"""

from __future__ import annotations

import collections
import hashlib
import math
import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from densepose_labeler.engine.rcnn import DensePoseRCNN
from densepose_labeler.zoo import ModelSpec
from manifests.atomic import write_text

CACHE_VARIABLE = "VESTIARY_CACHE"
SHIPPED = Path(__file__).parent / "weights"

LEGACY_EXTRAS = frozenset(
    {"pixel_mean", "pixel_std", *(f"proposal_generator.anchor_generator.cell_anchors.{level}" for level in range(5))}
)
"""Constants that older versions of the library saved beside the weights; the engine derives them itself."""


class CheckpointError(ValueError):
    """A weights file is damaged, is not what its name says, or does not fit the network."""


class WeightsMissing(FileNotFoundError):
    """The weights of a model are not on this machine; the message says how to get them and where to put them."""


def cache_directory() -> Path:
    """Where downloaded weights live: `$VESTIARY_CACHE`, or `~/.cache/vestiary`."""
    configured = os.environ.get(CACHE_VARIABLE)
    return Path(configured).expanduser() if configured else Path.home() / ".cache" / "vestiary"


def cached_path(spec: ModelSpec) -> Path:
    """Where the cache keeps (or would keep) the weights of a model."""
    return cache_directory() / "models" / spec.name / spec.file


def weights_path(spec: ModelSpec, path: Path | None = None) -> Path:
    """The weights file of a model: `path` where given, else the one that ships with the package, else the cache's.

    Raises:
        WeightsMissing: there is no such file.
    """
    if path is not None:
        if not path.is_file():
            raise WeightsMissing(f"no weights file at {path} for model {spec.name!r}")
        return path
    for candidate in (SHIPPED / spec.file, cached_path(spec)):
        if candidate.is_file():
            return candidate
    if spec.url is None:
        raise WeightsMissing(
            f"the weights of model {spec.name!r} belong at {SHIPPED / spec.file}: reinstall the package"
        )
    raise WeightsMissing(
        f"the weights of model {spec.name!r} are not on this machine: download {spec.url} "
        f"(or copy the file from a machine that has it) to {cached_path(spec)}; "
        f"the cache moves with the environment variable {CACHE_VARIABLE}"
    )


def sha256(path: Path) -> str:
    """Checksum of a file as hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record_sha256(path: Path, digest: str) -> None:
    """Write the checksum of a verified file beside it, in the form that `sha256sum --check` reads."""
    write_text(_record_path(path), f"{digest}  {path.name}\n")


def load(spec: ModelSpec, path: Path | None = None) -> DensePoseRCNN:
    """The network of `spec` with its weights, float32, in evaluation mode, without gradients, on the CPU.

    Raises:
        WeightsMissing: the file is absent.
        CheckpointError: its checksum differs from the zoo's or from the one recorded when it was downloaded, or the
            file is not a checkpoint of this network.
    """
    file = weights_path(spec, path)
    record = _record_path(file)
    known = spec.sha256 or (record.read_text().split()[0] if record.is_file() else None)
    if known is not None and sha256(file) != known:
        raise CheckpointError(f"{file} is not the file of {spec.name!r} (its sha256 is not {known}): fetch it again")
    model, state = _network_and_state(spec, file)
    model.load_state_dict(state, strict=True, assign=True)
    return model


def check(spec: ModelSpec, path: Path) -> None:
    """Read a weights file and compare it with the network, array by array.

    Raises:
        CheckpointError: it is damaged or does not fit.
    """
    _network_and_state(spec, path)


def _record_path(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _network_and_state(spec: ModelSpec, file: Path) -> tuple[DensePoseRCNN, dict[str, Tensor]]:
    with torch.device("meta"):
        model = DensePoseRCNN(spec.network).eval().requires_grad_(False)
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    return model, fitted(read(file), expected, str(file))


def fitted(state: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]], place: str) -> dict[str, Tensor]:
    """`state` without the legacy extras, as float32, having exactly the `expected` names and shapes.

    Raises:
        CheckpointError: names are missing or unknown, shapes differ, or a value is not finite.
    """
    if state and all(name.startswith("module.") for name in state):
        state = {name.removeprefix("module."): value for name, value in state.items()}
    kept = {name: value for name, value in state.items() if name not in LEGACY_EXTRAS}
    problems = [f"missing {name}" for name in expected if name not in kept]
    problems += [f"unknown {name}" for name in kept if name not in expected]
    for name, shape in expected.items():
        if name in kept and tuple(kept[name].shape) != shape:
            problems.append(f"{name} is {list(kept[name].shape)}, expected {list(shape)}")
    if problems:
        shown = "; ".join(problems[:5]) + (f"; and {len(problems) - 5} more" if len(problems) > 5 else "")
        raise CheckpointError(f"{place} is a checkpoint of another network: {shown}")
    result = {name: value.to(torch.float32) for name, value in kept.items()}
    for name, value in result.items():
        if not value.isfinite().all():
            raise CheckpointError(f"{place}: {name} holds values that are not finite; the file is damaged")
    return result


def read(path: Path) -> dict[str, Tensor]:
    """The named arrays of a `.safetensors` file or of an official `.pkl` file.

    Raises:
        CheckpointError: the file is damaged, is of another kind, or names anything but arrays.
    """
    if ".safetensors" in path.suffixes:
        try:
            return safetensors.torch.load_file(path)
        except SafetensorError as error:
            raise CheckpointError(f"{path} is not a readable safetensors file: {error}") from error
    with path.open("rb") as file:
        if file.read(4) == b"PK\x03\x04":
            raise CheckpointError(f"{path} is a torch zip file; convert its state dict to safetensors")
        file.seek(0)
        try:
            data = _ArrayUnpickler(file, encoding="latin1").load()
        except CheckpointError as error:
            raise CheckpointError(f"{path}: {error}") from error
        except Exception as error:  # a damaged pickle can raise nearly anything
            raise CheckpointError(f"{path} is not a readable pickle: {type(error).__name__}: {error}") from error
    if not isinstance(data, dict):
        raise CheckpointError(f"{path} holds a {type(data).__name__}, not a dictionary of arrays")
    if "blobs" in data or data.get("matching_heuristics"):
        raise CheckpointError(
            f"{path} is a Caffe2 or Detectron1 file, whose names need a conversion that is not offered"
        )
    state = data.get("model", data)
    if not isinstance(state, dict):
        raise CheckpointError(f"{path}: 'model' is a {type(state).__name__}, not a dictionary of arrays")
    result: dict[str, Tensor] = {}
    for name, value in state.items():
        if not isinstance(value, _Array) or value.values is None:
            raise CheckpointError(f"{path}: {name!r} is a {type(value).__name__}, not an array")
        result[str(name)] = torch.from_numpy(value.values)
    return result


class _Dtype:
    """What a pickle says of a dtype; only plain floating-point ones."""

    def __init__(self, code: str, align: bool = False, copy: bool = True) -> None:
        if code not in ("f2", "f4", "f8"):
            raise CheckpointError(f"array of dtype {code!r}; only float16, float32 and float64 are read")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.dtype = self.dtype.newbyteorder(">" if state[1] == ">" else "<")


class _Array:
    """An array as numpy pickles it: empty first, its shape, dtype and bytes in `__setstate__`."""

    values: npt.NDArray[Any] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, raw = state
        self.values = _array(raw, dtype, shape, "F" if fortran else "C")


def _array(raw: object, dtype: object, shape: object, order: object) -> npt.NDArray[Any]:
    if isinstance(raw, str):
        raw = raw.encode("latin1")
    if not isinstance(dtype, _Dtype) or not isinstance(raw, bytes | bytearray) or not isinstance(shape, tuple):
        raise CheckpointError("an array of the pickle is malformed")
    if not all(isinstance(side, int) and side >= 0 for side in shape):
        raise CheckpointError("an array of the pickle has a malformed shape")
    if math.prod(shape) * dtype.dtype.itemsize != len(raw):
        raise CheckpointError(f"an array of the pickle has {len(raw)} bytes, not what its shape {shape} needs")
    values = np.frombuffer(raw, dtype.dtype).reshape(shape, order="F" if order == "F" else "C")
    return np.array(values, dtype=dtype.dtype.newbyteorder("="), order="C")


class _NdarrayName:
    """Stands for `numpy.ndarray`, which pickles name but never call."""

    def __init__(self, *arguments: object) -> None:
        raise CheckpointError("the pickle calls numpy.ndarray, which checkpoints do not")


def _reconstruct(kind: object, shape: object, code: object) -> _Array:
    if kind is not _NdarrayName:
        raise CheckpointError("the pickle rebuilds something that is not an array")
    return _Array()


def _frombuffer(raw: object, dtype: object, shape: object, order: object) -> _Array:
    result = _Array()
    result.values = _array(raw, dtype, shape, order)
    return result


def _encode(text: object, encoding: object) -> bytes:
    """How pickles before protocol 3 spell bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise CheckpointError("the pickle holds bytes in an unknown form")
    return text.encode("latin1")


_ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("_codecs", "encode"): _encode,
    ("numpy", "ndarray"): _NdarrayName,
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.numeric", "_frombuffer"): _frombuffer,
    ("numpy._core.numeric", "_frombuffer"): _frombuffer,
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise CheckpointError(f"refused: the pickle names {module}.{name}; checkpoints hold arrays only") from None
