from __future__ import annotations

import dataclasses

import pytest
import torch

from densepose_labeler.engine.spec import BackboneSpec, NetworkSpec
from tests.densepose_labeler.engine.small import SMALL, small_network

LEGACY = dataclasses.replace(
    SMALL, densepose=dataclasses.replace(SMALL.densepose, decoder_channels=0, coarse_channels=15)
)
DEEPLAB = dataclasses.replace(
    SMALL, densepose=dataclasses.replace(SMALL.densepose, head="deeplab", uv_confidence="indep_aniso")
)


@pytest.mark.parametrize("spec", [SMALL, LEGACY, DEEPLAB], ids=["v1convx", "legacy", "deeplab"])
def test_every_parameter_gets_a_gradient(spec: NetworkSpec) -> None:
    network = small_network(spec)
    features = network.features(torch.randn(2, 3, 128, 96))
    logits, deltas = network.rpn(features)
    boxes = [torch.tensor([[5.0, 5.0, 60.0, 90.0]]), torch.tensor([[1.0, 2.0, 90.0, 120.0], [8.0, 8.0, 20.0, 30.0]])]
    scores, offsets = network.box_logits(features, boxes)
    maps = network.densepose(features, boxes)
    assert scores.shape == (3, 2) and offsets.shape == (3, 4) and len(maps) == 3
    outputs = [*logits, *deltas, scores, offsets, maps.u, maps.v, maps.fine_segm, maps.coarse_segm]
    outputs += maps.confidences.values()
    torch.stack([output.square().mean() for output in outputs]).sum().backward()
    assert [name for name, value in network.named_parameters() if value.grad is None] == []
    assert all(bool(value.grad.isfinite().all()) for value in network.parameters() if value.grad is not None)


def test_pyramid_levels_have_one_width_and_halving_sizes() -> None:
    with torch.no_grad():
        features = small_network().features(torch.zeros(1, 3, 160, 96))
    shapes = {name: tuple(level.shape[1:]) for name, level in features.items()}
    assert shapes == {"p2": (32, 40, 24), "p3": (32, 20, 12), "p4": (32, 10, 6), "p5": (32, 5, 3), "p6": (32, 3, 2)}


def test_anchors_match_the_head() -> None:
    network = small_network()
    with torch.no_grad():
        features = network.features(torch.zeros(1, 3, 160, 96))
        logits, _ = network.rpn(features)
    assert [len(level) for level in network.anchors(features)] == [level[0].numel() for level in logits]


def test_maps_of_a_box_do_not_depend_on_the_other_boxes_image() -> None:
    network = small_network()
    box = torch.tensor([[10.0, 10.0, 80.0, 110.0]])
    batch = torch.randn(2, 3, 128, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        both = network.densepose(network.features(batch), [box, box])
        second = network.densepose(network.features(batch[1:]), [box])
    torch.testing.assert_close(both.u[1:], second.u, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(both.u[0], both.u[1], atol=1e-2)


def test_resnets_have_frozen_normalisation_only() -> None:
    with torch.device("meta"):
        network = small_network(dataclasses.replace(SMALL, backbone=BackboneSpec("resnet50", 32)))
    trainable = [name for name, _ in network.named_parameters() if ".norm." in name]
    assert trainable == []
    assert sum("running_var" in name for name in network.state_dict()) == 53
