from __future__ import annotations

import dataclasses

import pytest
import torch
import torch.nn.functional as F

from densepose_labeler.engine.chart_predictor import CONFIDENCE_FLOOR, ChartMaps, ChartPredictor
from densepose_labeler.engine.densepose_head import DeepLabHead, DilatedConv, V1ConvXHead
from densepose_labeler.engine.spec import DensePoseSpec


def test_a_dilation_wider_than_the_map_sees_its_centre_tap_alone() -> None:
    layer = DilatedConv(6, 4, dilation=20)
    x = torch.randn(2, 6, 20, 20)
    full = F.conv2d(x, layer.weight, padding=20, dilation=20)
    torch.testing.assert_close(layer(x), full, atol=1e-5, rtol=0)
    near = DilatedConv(6, 4, dilation=19)
    torch.testing.assert_close(near(x), F.conv2d(x, near.weight, padding=19, dilation=19))


@pytest.mark.parametrize("kind", [V1ConvXHead, DeepLabHead])
def test_heads_keep_the_map_size(kind: type[V1ConvXHead] | type[DeepLabHead]) -> None:
    spec = DensePoseSpec(conv_count=2, conv_dim=64)
    with torch.no_grad():
        assert kind(32, spec).eval()(torch.randn(3, 32, 28, 28)).shape == (3, 64, 28, 28)


@pytest.mark.parametrize(
    ("uv", "segm", "names"),
    [
        ("none", False, ()),
        ("iid_iso", False, ("sigma_2",)),
        ("indep_aniso", True, ("sigma_2", "kappa_u", "kappa_v", "fine_segm_confidence", "coarse_segm_confidence")),
    ],
)
def test_predictor_has_the_maps_of_its_confidence_model(uv: str, segm: bool, names: tuple[str, ...]) -> None:
    spec = dataclasses.replace(DensePoseSpec(), uv_confidence=uv, segm_confidence=segm)
    predictor = ChartPredictor(16, spec)
    with torch.no_grad():
        maps = predictor(torch.randn(2, 16, 7, 7))
    assert spec.confidence_names == tuple(maps.confidences) == names
    assert maps.coarse_segm.shape == (2, 2, 28, 28)
    assert maps.fine_segm.shape == maps.u.shape == maps.v.shape == (2, 25, 28, 28)
    for name in names:
        assert maps.confidences[name].shape == (2, 1 if "segm" in name else 25, 28, 28)


def test_one_wide_convolution_equals_one_each_and_confidences_weigh_the_segmentation() -> None:
    spec = DensePoseSpec(segm_confidence=True)
    predictor = ChartPredictor(16, spec)
    x = torch.randn(1, 16, 7, 7)

    def alone(layer: str) -> torch.Tensor:
        return F.interpolate(predictor.get_submodule(layer)(x), scale_factor=2, mode="bilinear", align_corners=False)

    with torch.no_grad():
        maps = predictor(x)
        torch.testing.assert_close(maps.u, alone("u_lowres"), atol=1e-5, rtol=1e-5)
        confidence = F.softplus(alone("fine_segm_confidence_lowres")) + CONFIDENCE_FLOOR
        torch.testing.assert_close(maps.confidences["fine_segm_confidence"], confidence, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(maps.fine_segm, alone("index_uv_lowres") * confidence, atol=1e-5, rtol=1e-5)


def test_maps_are_cut_and_joined_by_boxes() -> None:
    with torch.no_grad():
        maps = ChartPredictor(8, DensePoseSpec(uv_confidence="iid_iso"))(torch.randn(5, 8, 4, 4))
    joined = ChartMaps.concatenate([maps[0:2], maps[2:5]])
    assert len(joined) == 5
    assert torch.equal(joined.v, maps.v) and torch.equal(joined.confidences["sigma_2"], maps.confidences["sigma_2"])
