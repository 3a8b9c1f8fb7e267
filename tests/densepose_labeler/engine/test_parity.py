"""The engine against the reference implementation, stage by stage, with the same weights on the same picture."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch

from densepose_labeler import zoo
from densepose_labeler.chart_result import chart_result, integer_box
from densepose_labeler.engine.chart_predictor import ChartMaps
from densepose_labeler.engine.rcnn import DensePoseRCNN
from densepose_labeler.engine.roi_align import pool_levels
from densepose_labeler.engine.spec import BoxSpec
from tests.densepose_labeler.engine.reference import (
    OFFICIAL,
    golden,
    golden_path,
    person,
    person_batch,
    sampled_error,
    seeded_network,
)

TOLERANCE = 1e-4  # of a map's largest magnitude
BOX_TOLERANCE = 0.05  # pixels
DETECTORS = ("R_50_FPN_s1x", "R_50_FPN_DL_WC1M_3x_Atop10P_CA")  # one of each box pooler
BRANCHES = ("R_50_FPN_s1x", "R_50_FPN_s1x_legacy", "R_50_FPN_DL_WC2M_s1x")  # every head, every output


@functools.lru_cache(maxsize=2)
def _shared(depth: str) -> tuple[dict[str, torch.Tensor], torch.Tensor | None]:
    """Pyramid and decoder map, which all models of one depth have in common."""
    network = seeded_network(f"R_{depth}_FPN_s1x")
    with torch.inference_mode():
        features = network.features(person_batch()[0])
        return features, network.decode(features)


@functools.lru_cache(maxsize=4)
def _detector(depth: str, box: BoxSpec) -> dict[str, torch.Tensor]:
    """What RPN and box head say, which all models of one depth and box specification have in common."""
    name = next(one for one in OFFICIAL if _depth(one) == depth and zoo.get(one).network.box == box)
    network, (features, _), size = seeded_network(name), _shared(depth), person_batch()[1]
    with torch.inference_mode():
        logits, deltas = network.rpn(features)
        proposals = network.proposals(features, [size])[0]
        class_logits, box_deltas = network.box_logits(features, [proposals.boxes])
        found = network.detect(features, [size], score_threshold=0.0, max_detections=3)[0]
    return {
        "rpn_logits_p3": logits[1][:, :, ::8, ::8],
        "rpn_deltas_p3": deltas[1][:, :, ::8, ::8],
        "proposals": proposals.boxes,
        "proposal_logits": proposals.logits,
        "class_logits": class_logits,
        "box_deltas": box_deltas,
        "boxes": found.boxes * torch.tensor([person().shape[1] / size[1], person().shape[0] / size[0]] * 2),
        "scores": found.scores,
    }


def _depth(name: str) -> str:
    return "101" if name.startswith("R_101") else "50"


def _models(fast: tuple[str, ...]) -> list[object]:
    return [pytest.param(name, marks=() if name in fast else pytest.mark.slow) for name in OFFICIAL]


def _recorded(name: str) -> dict[str, np.ndarray]:
    if golden_path(name) is None:
        pytest.skip(f"no recording of {name} in this checkout")
    return golden(name)


def test_input_is_the_references() -> None:
    expected = golden("R_50_FPN_s1x")
    batch, size = person_batch()
    assert size == tuple(expected["input_hw"])
    assert batch.shape[2:] == tuple(expected["padded_hw"])
    assert sampled_error(batch, expected, "x_input") == 0


@pytest.mark.parametrize("name", _models(DETECTORS))
def test_detector(name: str) -> None:
    expected = _recorded(name)
    _check_features(_shared(_depth(name))[0], None, expected)
    ours = _detector(_depth(name), zoo.get(name).network.box)
    for key in ("rpn_logits_p3", "rpn_deltas_p3"):
        _close(ours[key], expected[key])
    assert len(ours["proposals"]) == expected["n_proposals"]
    for key in ("proposal_logits", "class_logits", "box_deltas"):
        _close(ours[key][:64], expected[key])
    np.testing.assert_allclose(ours["proposals"][:64], expected["proposals"], atol=BOX_TOLERANCE)
    np.testing.assert_allclose(ours["boxes"], expected["boxes"], atol=BOX_TOLERANCE)
    np.testing.assert_allclose(ours["scores"], expected["scores"], atol=1e-5)


@pytest.mark.parametrize("name", _models(BRANCHES))
def test_densepose_branch(name: str) -> None:
    expected = _recorded(name)
    network = seeded_network(name)
    features, decoded = _shared(_depth(name))
    with torch.inference_mode():
        if network.roi_heads.decoder is not None:
            _check_features({}, decoded, expected)
        _check_branch(network, features, decoded, person_batch()[1], expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["R_101_FPN_s1x", "R_50_FPN_DL_WC1M_3x_Atop10P_CA"])
def test_a_model_of_its_own_shares_nothing(name: str) -> None:
    """The shortcut of sharing pyramids between models, checked: here the model's own weights run from the picture."""
    network, expected = seeded_network(name), golden(name)
    with torch.inference_mode():
        features = network.features(person_batch()[0])
        _check_features(features, network.decode(features), expected)


def _check_features(
    features: dict[str, torch.Tensor], decoded: torch.Tensor | None, expected: dict[str, np.ndarray]
) -> None:
    for level, values in features.items():
        assert sampled_error(values, expected, f"f_{level}") < TOLERANCE
    if decoded is not None:
        assert sampled_error(decoded, expected, "dec") < TOLERANCE


def _check_branch(
    network: DensePoseRCNN,
    features: dict[str, torch.Tensor],
    decoded: torch.Tensor | None,
    size: tuple[int, int],
    expected: dict[str, np.ndarray],
) -> None:
    scale = torch.tensor([size[1] / person().shape[1], size[0] / person().shape[0]] * 2)
    boxes = torch.from_numpy(expected["given_boxes"]).float() * scale
    if network.roi_heads.decoder is None:
        pooled = pool_levels(features, [boxes], network.spec.densepose.pooler)
    else:
        pooled = network.pool_densepose(features, [boxes], decoded)
    _close(pooled[:, ::32, ::4, ::4], expected["dp_pooled"])
    head = network.roi_heads.densepose_head(pooled)
    _close(head[:, ::64, ::4, ::4], expected["dp_head"])
    maps: ChartMaps = network.roi_heads.densepose_predictor(head)
    named = {"coarse_segm": maps.coarse_segm, "fine_segm": maps.fine_segm, "u": maps.u, "v": maps.v}
    named |= maps.confidences
    recorded_maps = {key.removesuffix("_absmax") for key in expected if key.endswith("_absmax")}
    assert set(named) == {key for key in recorded_maps if not key.startswith(("f_", "x_", "dec"))}
    for key, values in named.items():
        _close(values[:, :, ::8, ::8], expected[key], float(expected[f"{key}_absmax"]))
    for index in range(len(boxes)):
        _check_result(maps[index : index + 1], boxes[index] / scale, index, expected)


def _close(ours: torch.Tensor, recorded: np.ndarray, largest: float | None = None) -> None:
    largest = float(np.abs(recorded).max()) if largest is None else largest
    assert ours.shape == recorded.shape
    assert float(np.abs(ours.numpy() - recorded).max()) / largest < TOLERANCE


def _check_result(maps: ChartMaps, box: torch.Tensor, index: int, expected: dict[str, np.ndarray]) -> None:
    x, y, width, height = integer_box(box)
    recorded = expected[f"result{index}_xywh"]
    assert np.abs(np.array([x, y, width, height]) - recorded).max() <= 1  # float rounding at whole pixels
    result = chart_result(maps, int(recorded[3]), int(recorded[2])).iuv.numpy()
    counts = np.bincount(result[..., 0].ravel(), minlength=25)
    assert np.abs(counts - expected[f"result{index}_label_counts"]).sum() <= 2e-3 * result[..., 0].size
    if f"result{index}_iuv" in expected:
        ours, theirs = result.transpose(2, 0, 1), expected[f"result{index}_iuv"]
    else:
        ours, theirs = result.transpose(2, 0, 1)[:, ::4, ::4], expected[f"result{index}_iuv_step4"]
    same = ours[0] == theirs[0]
    assert same.mean() >= 0.999
    assert np.abs(ours[1:].astype(int) - theirs[1:])[:, same].max() <= 1


def test_the_zoo_has_the_networks_of_the_recordings() -> None:
    assert len(OFFICIAL) == 27
    assert {zoo.get(name).network.box.pooler.aligned for name in OFFICIAL if "3x" in name} == {True}
