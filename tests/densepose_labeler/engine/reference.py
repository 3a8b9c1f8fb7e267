"""The reference networks' recorded outputs, and our networks with the same seeded weights.

The recordings of all 27 models are in tests/data/reference/goldens.npz, made by `compact_goldens`. Seeded weights are
a function of an array's name and shape alone, so models with the same backbone, pyramid, RPN and box head have the
same weights there.
"""

from __future__ import annotations

import functools
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from densepose_labeler import checkpoints, zoo
from densepose_labeler.engine.rcnn import DensePoseRCNN
from densepose_labeler.preprocessing import resize, to_batch

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "tests" / "data" / "reference"
GOLDENS = REFERENCE / "goldens.npz"

OFFICIAL = [name for name, spec in zoo.load().items() if spec.family == "official"]


def _seeded_weights() -> ModuleType:
    spec = importlib.util.spec_from_file_location("seeded_weights", REFERENCE / "seeded_weights.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


seeded_weights = _seeded_weights()


@functools.lru_cache(maxsize=1)
def golden_index() -> dict[str, dict[str, str]]:
    """For each model, the array of each of its recorded keys; models that agree name the same array."""
    with np.load(GOLDENS) as data:
        index: dict[str, dict[str, str]] = json.loads(str(data["index"]))
        return index


@functools.lru_cache(maxsize=32)
def golden(name: str) -> dict[str, np.ndarray]:
    """What was recorded of a model, by key."""
    with np.load(GOLDENS) as data:
        return {key: data[array] for key, array in golden_index()[name].items()}


@functools.lru_cache(maxsize=1024)
def _seeded_tensor(key: str, shape: tuple[int, ...]) -> Tensor:
    return torch.from_numpy(seeded_weights.seeded_array(key, shape))


def seeded_network(name: str) -> DensePoseRCNN:
    """Our network of a model with the weights of the recordings, loaded as strictly as a checkpoint."""
    with torch.device("meta"):
        network = DensePoseRCNN(zoo.get(name).network).eval().requires_grad_(False)
    state = {
        key: _seeded_tensor(key, shape) for key, shape in seeded_weights.inventory(name) if "cell_anchors" not in key
    }
    expected = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    network.load_state_dict(checkpoints.fitted(state, expected, name), assign=True)
    return network


@functools.lru_cache(maxsize=1)
def person() -> np.ndarray:
    """uint8 [1024, 768, 3] RGB."""
    return np.asarray(Image.open(REFERENCE / "person.png").convert("RGB"))


def person_batch() -> tuple[Tensor, tuple[int, int]]:
    """The person as the official models' input, and its unpadded (height, width)."""
    spec = zoo.get("R_50_FPN_s1x").network.input
    resized = resize(person(), spec)
    return to_batch([resized], spec, torch.device("cpu")), (resized.shape[0], resized.shape[1])


def sampled_error(values: Tensor, recorded: dict[str, np.ndarray], key: str) -> float:
    """Largest deviation at the recorded samples, in parts of the map's largest magnitude."""
    channel_step, step = recorded[f"{key}_step"]
    ours = values[:, ::channel_step, ::step, ::step].numpy()
    assert ours.shape == recorded[key].shape
    return float(np.abs(ours - recorded[key]).max() / recorded[f"{key}_absmax"])
