"""Names of label sets made definite: which network, which weights, which options, and the fingerprint of all three."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from densepose_labeler import checkpoints, zoo
from densepose_labeler.config import Backend, LabelConfig, VariantConfig
from densepose_labeler.detectron2_backend import Detectron2Predictor, supports
from densepose_labeler.planning import LabelError
from densepose_labeler.precision import Precision
from densepose_labeler.predictor import Predictor
from manifests.instances import Instance
from manifests.settings import fingerprint

Labeller = Callable[[Sequence[npt.NDArray[np.uint8]]], list[tuple[Instance, ...]]]
"""uint8 [H, W, 3] RGB pictures -> the people of each, surest first. Those of one shape may go through together."""

_T = TypeVar("_T")

ALL = "all"
"""Asks for every official model."""

REVISION = 1
"""Raised when the engine's results change beyond rounding, so that labels of an earlier one are made again."""


@dataclass(frozen=True, slots=True)
class Options:
    """What shapes the labels of a model: least score 0..1, only the largest person, at most so many an image, the
    segmentation averaged with the mirror image's, and how exactly the network is computed."""

    score_threshold: float
    largest_only: bool
    max_detections: int
    flip_averaging: bool = False
    precision: Precision = "float32"


@dataclass(frozen=True)
class ResolvedSet:
    """A label set ready to be made.

    Attributes:
        name: of the set and its directory.
        spec: the model, with the input size of this set.
        weights: the file.
        backend: what runs the network: ours, or the user's own detectron2.
    """

    name: str
    spec: zoo.ModelSpec
    options: Options
    weights: Path
    backend: Backend = "engine"

    @cached_property
    def weights_sha256(self) -> str:
        return checkpoints.weights_sha256(self.spec, self.weights)

    @cached_property
    def fingerprint(self) -> str:
        """Of the network, the weights, the options and a foreign backend; not of the device, threads or batch size."""
        options = dataclasses.asdict(self.options)
        for later, usual in (("flip_averaging", False), ("precision", "float32")):
            if options[later] == usual:
                del options[later]  # labels made before there was this option keep their fingerprint
        determining = {
            "revision": REVISION,
            "weights": self.weights_sha256,
            "network": dataclasses.asdict(self.spec.network),
            "options": options,
        }
        return fingerprint(determining if self.backend == "engine" else determining | {"backend": self.backend})

    def load(self, device: str) -> Labeller:
        """Read the weights; the function returned runs on `device`.

        Raises:
            checkpoints.CheckpointError: the file is damaged or of another network.
            LabelError: the backend is not installed, has no such network, does not average mirror images or computes
                in float32 alone.
        """
        options = dataclasses.asdict(self.options)
        flip, precision = options.pop("flip_averaging"), options.pop("precision")
        if self.backend == "engine":
            return partial(self.predictor(device), **options)
        flip = flip and supports(self.spec.network)  # where it is not, that is what the user has to hear
        if flip or precision != "float32":
            what = "flip averaging" if flip else f"precision {precision!r}"
            raise LabelError(f"{self.name}: {what} is the engine's; leave it out with {self.backend}")
        model = checkpoints.load(self.spec, self.weights)
        return partial(Detectron2Predictor(model, self.spec, device), **options)

    def predictor(self, device: str) -> Predictor:
        """The engine's, with this set's precision and flip averaging; people are asked for when it is called.

        Raises:
            checkpoints.CheckpointError: the file is damaged or of another network.
        """
        spec = dataclasses.replace(self.spec, flip_averaging=self.options.flip_averaging)
        return Predictor(checkpoints.load(spec, self.weights), spec, device, self.options.precision)


def resolve(names: Sequence[str], config: LabelConfig) -> tuple[ResolvedSet, ...]:
    """The label sets of these names, in order, each once.

    A name is a variant of `config.sets`, a model of the zoo (or of `config.zoo`), or "all" for every official model.

    Raises:
        LabelError: there is no such name, or a variant has the name of a model.
        zoo.ZooError: `config.zoo` is wrong.
        checkpoints.WeightsMissing: the weights of one are not on this machine.
    """
    models = zoo.load(config.zoo)
    taken = sorted(set(config.sets) & set(models))
    if taken:
        raise LabelError(f"[label.sets.{taken[0]}] has the name of a model: choose another, its labels would mix")
    resolved, missing = [], []
    for name in expand(names, models):
        variant = config.sets.get(name) or VariantConfig(base=name)
        spec, options, backend = specify(name, variant, config, models)
        try:
            resolved.append(ResolvedSet(name, spec, options, checkpoints.weights_path(spec), backend))
        except checkpoints.WeightsMissing as error:
            missing.append(str(error))
    if missing:
        raise checkpoints.WeightsMissing("\n".join(missing))
    return tuple(resolved)


def expand(names: Sequence[str], models: Mapping[str, zoo.ModelSpec]) -> tuple[str, ...]:
    """`names`, each once, with "all" replaced by every official model."""
    official = [name for name, spec in models.items() if spec.family == "official"]
    return tuple(dict.fromkeys(one for name in names for one in (official if name == ALL else [name])))


def specify(
    name: str, variant: VariantConfig, config: LabelConfig, models: Mapping[str, zoo.ModelSpec]
) -> tuple[zoo.ModelSpec, Options, Backend]:
    """What a variant comes to where it leaves things to the configuration and to the model.

    Raises:
        LabelError: there is no such model.
    """
    if variant.base not in models:
        known = [*models, *config.sets]
        near = difflib.get_close_matches(variant.base, known, 3, 0.5) or known
        where = f" (base of [label.sets.{name}])" if name in config.sets else ""
        raise LabelError(f"no model or label set {variant.base!r}{where}; did you mean {', '.join(near)}?")
    spec = models[variant.base]
    options = Options(
        score_threshold=_first(variant.score_threshold, config.score_threshold, spec.score_threshold),
        largest_only=_first(variant.largest_only, config.largest_only),
        max_detections=_first(variant.max_detections, config.max_detections),
        flip_averaging=_first(variant.flip_averaging, config.flip_averaging, spec.flip_averaging),
        precision=_first(variant.precision, config.precision),
    )
    backend = variant.backend or (config.backend if supports(spec.network) else "engine")
    return spec.resized(variant.min_size, variant.max_size), options, backend


def choose_devices(name: str) -> tuple[str, ...]:
    """The torch devices for `[label] device`, one worker each.

    "auto" is every CUDA device, or the CPU where there is none; "cuda" every CUDA device; else those that are listed.

    Raises:
        LabelError: there is no such device here.
    """
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    chosen: list[str] = []
    for one in name.split(","):
        if one.startswith("cuda") and not torch.cuda.is_available():
            raise LabelError(f'[label] device is {name!r}, but torch sees no CUDA device here; use "auto" or "cpu"')
        if one.startswith("cuda:") and int(one.removeprefix("cuda:")) >= found:
            raise LabelError(f"[label] device is {name!r}, but torch sees {found} CUDA device(s), counted from 0")
        chosen += [f"cuda:{number}" for number in range(found)] if one == "cuda" and found > 1 else [one]
    return tuple(chosen)


def choose_device(name: str) -> str:
    """The first of `choose_devices`, for work that runs on one."""
    return choose_devices(name)[0]


def _first(*values: _T | None) -> _T:
    """The first value that is stated."""
    return next(value for value in values if value is not None)
