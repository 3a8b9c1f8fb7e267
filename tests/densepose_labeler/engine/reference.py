"""The reference networks' recorded outputs, and our networks with the same seeded weights.

Recordings of five models lie in tests/data/reference; those of all 27 in `../shared/reference` of a checkout that has
it. All R-50 models have the same backbone, pyramid, RPN and box head with these weights, so one run of those serves
the branches of twenty models.
"""

from __future__ import annotations

import functools
import importlib.util
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
ALL_GOLDENS = ROOT.parent / "shared" / "reference" / "goldens"

OFFICIAL = [name for name, spec in zoo.load().items() if spec.family == "official"]


def _seeded_weights() -> ModuleType:
    spec = importlib.util.spec_from_file_location("seeded_weights", REFERENCE / "seeded_weights.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


seeded_weights = _seeded_weights()


def golden_path(name: str) -> Path | None:
    for folder in (REFERENCE / "goldens", ALL_GOLDENS):
        if (folder / f"{name}.npz").is_file():
            return folder / f"{name}.npz"
    return None


def golden(name: str) -> dict[str, np.ndarray]:
    path = golden_path(name)
    assert path is not None
    with np.load(path) as data:
        return {key: data[key] for key in data.files}


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
