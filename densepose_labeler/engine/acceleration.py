"""A network's layers exchanged for faster ones that this machine can run, for inference alone."""

from __future__ import annotations

from typing import Literal, get_args

from torch import nn

from densepose_labeler.engine.layers import fold_frozen_norms

Precision = Literal["float32", "fast", "bf16"]
"""How exactly a network is computed.

`float32`: as the reference does, to rounding. `fast`: in bfloat16 where parts, U and V hardly show it. `bf16`: all in
bfloat16. A processor without units for it computes all three alike.
"""

PRECISIONS: tuple[Precision, ...] = get_args(Precision)

_IN_BFLOAT16: dict[Precision, tuple[str, ...]] = {"float32": (), "fast": ("rpn_head.",), "bf16": ("",)}
"""Parts of the names of the layers that are computed in bfloat16."""


def accelerate(network: nn.Module, precision: Precision = "float32") -> None:
    """Fold frozen normalisation into the convolutions, and compute on Intel AMX what fits it, where there is one.

    In place and for inference on a CPU; the network's state dict no longer has the checkpoint's keys. In float32, maps
    differ from the plain network's by about 2e-5 of their largest magnitude.
    """
    from densepose_labeler.engine import amx, amx_tiles  # numba takes a second to import
    from densepose_labeler.engine.amx_kernels import CHANNELS

    fold_frozen_norms(network)
    if not amx_tiles.available():
        return
    for parent_name, parent in list(network.named_modules()):
        for name, layer in list(parent.named_children()):
            exact = not any(part in f"{parent_name}.{name}." for part in _IN_BFLOAT16[precision])
            if isinstance(layer, nn.Conv2d):
                setattr(parent, name, amx.tile_conv(layer, exact))
            elif isinstance(layer, nn.Linear) and layer.in_features % CHANNELS == 0:
                setattr(parent, name, amx.TileLinear(layer, exact))
