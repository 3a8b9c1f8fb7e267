"""Accelerated networks are held to the same recordings of the reference implementation as plain ones."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from densepose_labeler.chart_result import chart_result
from densepose_labeler.engine import amx_tiles
from densepose_labeler.engine.acceleration import accelerate
from tests.densepose_labeler.engine.compact_goldens import RESULT_STEPS
from tests.densepose_labeler.engine.reference import (
    OFFICIAL,
    golden,
    person,
    person_batch,
    sampled_error,
    seeded_network,
)
from tests.densepose_labeler.engine.small import small_network

TOLERANCE = 1e-4  # of a map's largest magnitude
BOX_TOLERANCE = 0.05  # pixels
EVERYDAY = ("R_50_FPN_s1x", "R_50_FPN_s1x_legacy", "R_50_FPN_DL_WC2M_s1x", "R_50_FPN_DL_WC1M_3x_Atop10P_CA")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in EVERYDAY else pytest.mark.slow) for name in OFFICIAL]
)
def test_an_official_network_agrees_with_its_recording(name: str) -> None:
    check_agreement(name)


@pytest.mark.parametrize("name", [pytest.param("R_50_FPN_s1x", marks=pytest.mark.slow), "R_50_FPN_DL_WC2M_s1x"])
def test_a_processor_without_tiles_agrees_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amx_tiles, "available", lambda: False)
    check_agreement(name)


@torch.inference_mode()
def check_agreement(name: str) -> None:
    network, expected, (batch, size) = seeded_network(name), golden(name), person_batch()
    accelerate(network)
    scale = torch.tensor([size[1] / person().shape[1], size[0] / person().shape[0]] * 2)
    features = network.features(batch)
    for level, values in features.items():
        assert sampled_error(values, expected, f"f_{level}") < TOLERANCE, level
    found = network.detect(features, [size], score_threshold=0.0, max_detections=3)[0]
    np.testing.assert_allclose(found.boxes / scale, expected["boxes"], atol=BOX_TOLERANCE)
    np.testing.assert_allclose(found.scores, expected["scores"], atol=1e-5)
    maps = network.densepose(features, [torch.from_numpy(expected["given_boxes"]).float() * scale])
    for index in range(len(maps)):
        _, _, width, height = expected[f"result{index}_xywh"]
        result = chart_result(maps[index : index + 1], int(height), int(width)).iuv.numpy()
        key = f"result{index}_iuv"
        step = RESULT_STEPS[key]
        ours, theirs = result.transpose(2, 0, 1)[:, ::step, ::step], expected[key]
        same = ours[0] == theirs[0]
        assert same.mean() >= 0.999
        assert np.abs(ours[1:].astype(int) - theirs[1:])[:, same].max() <= 1


@torch.inference_mode()
def test_it_may_be_called_twice_and_leaves_the_plain_network_alone() -> None:
    plain = small_network()
    network = copy.deepcopy(plain)
    accelerate(network)
    accelerate(network)
    x = torch.randn(1, 3, 96, 64, generator=torch.Generator().manual_seed(0))
    ours, theirs = network.features(x), plain.features(x)
    for level, values in theirs.items():
        assert float((ours[level] - values).abs().max() / values.abs().max()) < TOLERANCE
