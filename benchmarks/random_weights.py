"""The official models with random weights, for `benchmarks/label.py`: files of the published layout, and their zoo."""

from __future__ import annotations

import collections
import dataclasses
import json
import pickle
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from densepose_labeler import zoo
from densepose_labeler.engine.spec import NetworkSpec
from tests.densepose_labeler.engine.reference import seeded_weights

GROWN = {"width": 4.0, "height": 16.0}
"""How many times wider and higher the biased regression makes a proposal, before the picture's edge cuts it."""


@lru_cache(maxsize=2048)
def random_array(key: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """The models' arrays of one name and shape are the same."""
    values: npt.NDArray[np.float32] = seeded_weights.seeded_array(key, shape)
    return values


def write_weights(model: str, path: Path) -> None:
    """Random weights of a model as the official files hold theirs: arrays by name, the author, saved constants too."""
    shapes = [(key, shape) for key, shape in seeded_weights.inventory(model) if "cell_anchors" not in key]
    state = collections.OrderedDict((key, random_array(key, shape)) for key, shape in shapes)
    grown = 5 * np.log([1, 1, *GROWN.values()], dtype=np.float32)  # the regression's deltas are divided by 5
    state["roi_heads.box_predictor.bbox_pred.bias"] = state["roi_heads.box_predictor.bbox_pred.bias"] + grown
    proposals = zoo.get(model).network.proposals
    for level, size in enumerate(proposals.anchor_sizes):
        sides = [(np.sqrt(size**2 / ratio), np.sqrt(size**2 / ratio) * ratio) for ratio in proposals.anchor_ratios]
        anchors = np.array([(-w / 2, -h / 2, w / 2, h / 2) for w, h in sides], np.float32)
        state[f"proposal_generator.anchor_generator.cell_anchors.{level}"] = anchors
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        pickle.dump({"model": state, "__author__": "Detectron2 Model Zoo"}, file, protocol=3)


def zoo_entry(name: str, network: NetworkSpec) -> str:
    """A zoo file with one model."""
    return f"""format = 1
[families.random]
description = "random weights"
score_threshold = 0.0
[models.{name}]
family = "random"
file = "{name}.pkl"
network = {_toml(dataclasses.asdict(network))}
"""


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value)
