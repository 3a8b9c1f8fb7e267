"""A network's layers exchanged for faster ones that this machine can run, for inference alone."""

from __future__ import annotations

from torch import nn

from densepose_labeler.engine.layers import fold_frozen_norms
from densepose_labeler.engine.winograd import winograd_conv
from densepose_labeler.precision import Precision

_IN_BFLOAT16: dict[Precision, tuple[str, ...]] = {"float32": (), "fast": ("decoder.",), "bf16": ("",)}
"""Parts of the names of the layers that are computed in bfloat16.

`fast` leaves boxes and scores as they are: with random weights, bfloat16 in the pyramid moves the surest box by two
pixels, which shows in every part map, and the DensePose head alone changes 0.8 % of the pixels, the decoder 0.3 %.
"""


def accelerate(network: nn.Module, precision: Precision = "float32") -> None:
    """Fold frozen normalisation into the convolutions, and exchange these for faster ones.

    On Intel AMX, where there is one, whatever fits its tiles; elsewhere wide 3x3 convolutions by Winograd's algorithm.
    In place and for inference on a CPU; the network's state dict no longer has the checkpoint's keys. In float32, maps
    differ from the plain network's by about 2e-5 of their largest magnitude.
    """
    from densepose_labeler.engine import amx, amx_tiles  # numba takes a second to import
    from densepose_labeler.engine.amx_kernels import CHANNELS

    fold_frozen_norms(network)
    tiles = amx_tiles.available()
    for parent_name, parent in list(network.named_modules()):
        for name, layer in list(parent.named_children()):
            exact = not any(part in f"{parent_name}.{name}." for part in _IN_BFLOAT16[precision])
            if isinstance(layer, nn.Conv2d):
                setattr(parent, name, amx.tile_conv(layer, exact) if tiles else winograd_conv(layer))
            elif tiles and isinstance(layer, nn.Linear) and layer.in_features % CHANNELS == 0:
                setattr(parent, name, amx.TileLinear(layer, exact))
