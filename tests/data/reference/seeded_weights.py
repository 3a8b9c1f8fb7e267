"""Deterministic weights for a parity check, from a model's key and shape list alone.

`inventory.json` lists, for each of the 27 models, every state-dict key of the reference network with its shape.
`seeded_state_dict` fills such a list with float32 arrays that depend only on (seed, key, shape): the goldens beside
this file were made by loading exactly these arrays into the reference network.

The scales keep activations between about 0.1 and 10 and spread the detector's scores, so a wrong norm, bias, stride or
resize shows in the output.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def inventory(model: str) -> list[tuple[str, tuple[int, ...]]]:
    """Key and shape of every parameter and buffer of `model`, in order."""
    data = json.loads((HERE / "inventory.json").read_text())
    return [(key, tuple(shape)) for key, shape in data["layouts"][data["models"][model]]]


def seeded_array(key: str, shape: tuple[int, ...], seed: int = 7) -> np.ndarray:
    """The array of one key."""
    rng = np.random.RandomState(zlib.crc32(f"{seed}:{key}".encode()))

    def normal(std: float) -> np.ndarray:
        return (rng.standard_normal(shape) * std).astype(np.float32)

    def uniform(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, shape).astype(np.float32)

    if key == "pixel_mean":
        return np.array([103.53, 116.28, 123.675], np.float32).reshape(shape)
    if key == "pixel_std":
        return np.ones(shape, np.float32)
    if key.endswith("running_var"):
        return uniform(0.5, 2.0)
    if key.endswith("running_mean"):
        return normal(0.2)
    if key.endswith(".weight") and len(shape) == 1:  # FrozenBN or GroupNorm scale
        scale = 0.25 if "conv3.norm" in key else 0.02 if "stem.conv1.norm" in key else 1.0
        return uniform(0.5, 1.5) * np.float32(scale)
    if key.endswith(".bias"):
        if "densepose_predictor.u_" in key or "densepose_predictor.v_" in key:
            return uniform(0.2, 0.8)
        return normal(0.1 if "norm" in key or ".convs." in key else 0.05)
    if "rpn_head.objectness_logits" in key:
        return normal(0.03)
    if "rpn_head.anchor_deltas" in key:
        return normal(0.02)
    if "box_predictor.cls_score" in key:
        return normal(0.008)
    if "box_predictor.bbox_pred" in key:
        return normal(0.004)
    if "densepose_predictor" in key:  # transposed convolutions: (in, out, k, k)
        gain = 0.5 if ".u_" in key or ".v_" in key else 1.0
        return normal(gain * np.sqrt(2.0 / (shape[0] * shape[2] * shape[3])))
    fan_in = int(np.prod(shape[1:]))
    gain = 1.0 if "fpn_" in key or "decoder.predictor" in key else 2.0
    return normal(np.sqrt(gain / fan_in))


def seeded_state_dict(model: str, seed: int = 7) -> dict[str, np.ndarray]:
    """Float32 arrays for every key of `model` (anchors excepted: they are constants)."""
    return {key: seeded_array(key, shape, seed) for key, shape in inventory(model) if "cell_anchors" not in key}
