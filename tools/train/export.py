"""A checkpoint to the file that ships: `python -m tools.train.export CHECKPOINT TARGET`.

The averaged weights, in float16, with the recipe of each stage in the file's metadata. The same checkpoint gives the
same bytes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from densepose_labeler import zoo
from densepose_labeler.engine.spec import NetworkSpec
from manifests.atomic import write_bytes
from tools.train import backbone
from tools.train.loop import plain_state
from tools.train.network import embedded_network


def export(checkpoint: Path, target: Path, pictures: int | None = None, spec: NetworkSpec | None = None) -> int:
    """Write `target` from a checkpoint of the embedded network (or of `spec`); returns its size in bytes.

    Raises:
        ValueError: a weight does not fit into float16.
    """
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    network = embedded_network(spec)
    backbone.prepare(network.backbone.bottom_up)
    network.load_state_dict(saved["network"])
    state = {name: half(name, value) for name, value in plain_state(network, saved["average"]).items()}
    card = {
        "model": "embedded",
        "stages": saved["stages"],
        "backbone": "EfficientNet-Lite0, ImageNet (Apache-2.0)",
        "data": "rendered people" + (f", {pictures} pictures" if pictures else ""),
        "charts": "vestiary: compatible in meaning with DensePose, not numerically the official atlas",
        "licence": "Apache-2.0",
    }
    metadata = {"vestiary": json.dumps(card)}  # one entry: safetensors writes several in no fixed order
    data = save(state, metadata)
    write_bytes(target, data)
    return len(data)


def half(name: str, value: Tensor) -> Tensor:
    """`value` in float16; raises ValueError where that would overflow."""
    result = value.detach().to(torch.float16).contiguous()
    if not bool(torch.isfinite(result).all()):
        raise ValueError(f"{name} reaches {value.abs().max():.3g}, more than float16 holds")
    return result


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--pictures", type=int, help="how many pictures it was trained on, for the metadata")
    parser.add_argument("--model", default="embedded", help="whose network it is")
    parser.add_argument("--zoo", type=Path, help="TOML that declares the model, where it is not shipped")
    options = parser.parse_args()
    spec = zoo.get(options.model, options.zoo).network
    size = export(options.checkpoint, options.target, options.pictures, spec)
    print(f"{options.target}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
