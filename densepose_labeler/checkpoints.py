"""Weights from disk into a network, strictly.

A file is held against its checksum, read as named arrays and nothing else (`array_pickle` for the official files), and
has to have exactly the names and shapes of the network. A pickle in the cache is converted once (`converted`).
"""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from densepose_labeler import array_pickle, checksums, converted, zoo
from densepose_labeler.engine.rcnn import DensePoseRCNN
from densepose_labeler.zoo import ModelSpec

CACHE_VARIABLE = "VESTIARY_CACHE"
SHIPPED = Path(__file__).parent / "weights"

LEGACY_EXTRAS = frozenset(
    {"pixel_mean", "pixel_std", *(f"proposal_generator.anchor_generator.cell_anchors.{level}" for level in range(5))}
)
"""Constants that older versions of the library saved beside the weights; the engine derives them itself."""

_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


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
    raise WeightsMissing(missing(spec))


def missing(spec: ModelSpec) -> str:
    """That the weights of a model are not here, and what a user does about it, with and without a network."""
    begin = f"the weights of model {spec.name!r} are not on this machine: "
    moves = f"the cache moves with the environment variable {CACHE_VARIABLE}"
    if spec.url is not None:
        return begin + (
            f"run `vestiary models fetch {spec.name}`, or download {spec.url} by hand "
            f"(or copy the file from a machine that has it) to {cached_path(spec)}; {moves}"
        )
    if spec.name in zoo.load():
        return begin + f"they belong at {SHIPPED / spec.file}, so reinstall the package"
    return begin + (
        f"copy your file to {cached_path(spec)} ({moves}), "
        f"or state its `url` in your zoo file and run `vestiary models fetch {spec.name}`"
    )


def weights_sha256(spec: ModelSpec, file: Path, reread: bool = False) -> str:
    """Checksum of a weights file, which is the zoo's, or for a published model the one recorded at its first use.

    A model without an address is the user's own and may change; its labels are then made anew. A file that has not
    changed since its checksum was recorded is read only if `reread`.

    Raises:
        CheckpointError: it is another.
    """
    digest = checksums.sha256(file) if reread else checksums.current(file)
    if spec.sha256 is not None and digest != spec.sha256:
        raise CheckpointError(f"{file} is not the file of {spec.name!r}: its sha256 is {digest}, not {spec.sha256}")
    first = checksums.recorded(file)
    if spec.sha256 is None and spec.url is not None and first not in (None, digest):
        raise CheckpointError(
            f"{file} has changed since its first use: its sha256 is {digest}, not {first}. Put the first file back, or "
            f"delete it with all that lies beside it and run `vestiary models fetch {spec.name}`"
        )
    return digest


def load(spec: ModelSpec, path: Path | None = None) -> DensePoseRCNN:
    """The network of `spec` with its weights, float32, in evaluation mode, without gradients, on the CPU.

    In the cache, the checksum is recorded after the first use, and a pickle is converted to safetensors beside it,
    which later calls read instead; nothing is written beside files elsewhere.

    Raises:
        WeightsMissing: the file is absent.
        CheckpointError: it is not the file that the zoo or the record of its first use means, or is not a checkpoint
            of this network.
    """
    file = weights_path(spec, path)
    digest = weights_sha256(spec, file)
    model, expected = _network(spec)
    arrays = converted.read(file, digest) if file.suffix == ".pkl" else None
    state = fitted(read(file) if arrays is None else arrays, expected, str(file))
    if file.is_relative_to(cache_directory()):
        _keep(file, digest, state if arrays is None else None)
    model.load_state_dict(state, strict=True, assign=True)
    return model


def check(spec: ModelSpec, path: Path) -> None:
    """Read a weights file and compare it with the network, array by array.

    Raises:
        CheckpointError: it is damaged or does not fit.
    """
    fitted(read(path), _network(spec)[1], str(path))


def _keep(file: Path, digest: str, state: dict[str, Tensor] | None) -> None:
    """Record a file's checksum and, of a pickle that was read as such, make the copy. A read-only cache stays as is."""
    try:
        if state is not None and file.suffix == ".pkl":
            converted.write(file, digest, state)
        checksums.record(file, digest)
        if state is None:  # the copy was sound: once its time has settled, it need not be read twice
            copy = converted.copy_path(file)
            checksums.record(copy, checksums.recorded(copy) or checksums.sha256(copy))
    except OSError as error:
        if error.errno not in _READ_ONLY:
            raise


def _network(spec: ModelSpec) -> tuple[DensePoseRCNN, dict[str, tuple[int, ...]]]:
    """The network without values, and the names and shapes of its weights."""
    with torch.device("meta"):
        model = DensePoseRCNN(spec.network).eval().requires_grad_(False)
    return model, {name: tuple(value.shape) for name, value in model.state_dict().items()}


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
    # Always copies: arrays that are mapped from a file lie otherwise in memory, which can change results' last bits.
    result = {name: value.to(torch.float32, copy=True) for name, value in kept.items()}
    for name, value in result.items():
        if not math.isfinite(float(value.sum())) and not value.isfinite().all():
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
    try:
        return {name: torch.from_numpy(values) for name, values in array_pickle.read(path).items()}
    except array_pickle.PickleError as error:
        raise CheckpointError(f"{path}: {error}") from error
