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
    """What shapes the labels of a model: least score 0..1, only the largest person, at most so many an image."""

    score_threshold: float
    largest_only: bool
    max_detections: int


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
        determining = {
            "revision": REVISION,
            "weights": self.weights_sha256,
            "network": dataclasses.asdict(self.spec.network),
            "options": dataclasses.asdict(self.options),
        }
        return fingerprint(determining if self.backend == "engine" else determining | {"backend": self.backend})

    def load(self, device: str) -> Labeller:
        """Read the weights; the function returned runs on `device`.

        Raises:
            checkpoints.CheckpointError: the file is damaged or of another network.
            LabelError: the backend is not installed, or has no such network.
        """
        kind = Predictor if self.backend == "engine" else Detectron2Predictor
        predictor = kind(checkpoints.load(self.spec, self.weights), self.spec, device)
        return partial(predictor, **dataclasses.asdict(self.options))


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
    official = [name for name, spec in models.items() if spec.family == "official"]
    expanded = [one for name in names for one in (official if name == ALL else [name])]
    return tuple(_resolve(name, config, models) for name in dict.fromkeys(expanded))


def choose_device(name: str) -> str:
    """The torch device for `[label] device`; "auto" is CUDA where there is one.

    Raises:
        LabelError: there is no such device here.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise LabelError(f'[label] device is {name!r}, but torch sees no CUDA device here; use "auto" or "cpu"')
    return name


def _resolve(name: str, config: LabelConfig, models: Mapping[str, zoo.ModelSpec]) -> ResolvedSet:
    variant = config.sets.get(name) or VariantConfig(base=name)
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
    )
    weights = checkpoints.weights_path(spec)
    backend = variant.backend or (config.backend if supports(spec.network) else "engine")
    return ResolvedSet(name, spec.resized(variant.min_size, variant.max_size), options, weights, backend)


def _first(*values: _T | None) -> _T:
    """The first value that is stated."""
    return next(value for value in values if value is not None)
