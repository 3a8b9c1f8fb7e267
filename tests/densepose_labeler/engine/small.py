"""A small network of the family, quick enough for every test."""

from __future__ import annotations

import torch

from densepose_labeler.engine.rcnn import DensePoseRCNN
from densepose_labeler.engine.spec import (
    BackboneSpec,
    BoxSpec,
    DensePoseSpec,
    InputSpec,
    NetworkSpec,
    PoolerSpec,
    ProposalSpec,
)

SMALL = NetworkSpec(
    input=InputSpec(96, 192, "RGB", (127.0, 127.0, 127.0), (128.0, 128.0, 128.0)),
    backbone=BackboneSpec("efficientnet_lite0", 32),
    proposals=ProposalSpec(pre_nms_topk=100, post_nms_topk=40),
    box=BoxSpec(fc_dim=32),
    densepose=DensePoseSpec(decoder_channels=32, conv_count=2, conv_dim=32, pooler=PoolerSpec(14)),
)


def small_network(spec: NetworkSpec = SMALL, seed: int = 0) -> DensePoseRCNN:
    """Random weights that depend on the seed alone, scaled so that the signal neither dies nor explodes."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = DensePoseRCNN(spec).eval()
        for layer in network.modules():
            if isinstance(layer, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        return network
