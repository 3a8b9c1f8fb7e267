"""All 27 official models against the reference implementation, stage by stage, with the same weights on one picture.

Each stage is a test of its own, so that a failure names where the two part. What models have in common is computed
once: with seeded weights, equal names and shapes are equal values, so models of one backbone share the pyramid, and
those of one head its features. `test_what_models_share_is_the_same_network` holds that assumption, and
`test_a_model_of_its_own_shares_nothing` (slow) does without it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor

from densepose_labeler import zoo
from densepose_labeler.chart_result import chart_result, integer_box
from densepose_labeler.engine.chart_predictor import ChartMaps
from densepose_labeler.engine.spec import BoxSpec
from tests.densepose_labeler.engine.compact_goldens import MAP_SAMPLES, RESULT_STEPS
from tests.densepose_labeler.engine.reference import (
    OFFICIAL,
    golden,
    golden_index,
    person,
    person_batch,
    sampled_error,
    seeded_network,
    seeded_weights,
)

TOLERANCE = 1e-4  # of a map's largest magnitude
BOX_TOLERANCE = 0.05  # pixels
LEVELS = ("p2", "p3", "p4", "p5", "p6")
BACKBONE = ("backbone.", "proposal_generator.")
DECODER = "roi_heads.decoder."
HEAD = "roi_heads.densepose_head."


def _depth(name: str) -> str:
    return "101" if name.startswith("R_101") else "50"


def _is_legacy(name: str) -> bool:
    return zoo.get(name).network.densepose.decoder_channels == 0


def _first_like(name: str) -> str:
    """The first model with the same backbone and the same DensePose head: it lends `name` what they share."""
    return next(one for one in OFFICIAL if _branch(one) == _branch(name))


def _branch(name: str) -> tuple[str, str, bool]:
    return _depth(name), zoo.get(name).network.densepose.head, _is_legacy(name)


@functools.lru_cache(maxsize=2)
def _backbone(depth: str) -> dict[str, Tensor]:
    """What the backbone, the pyramid, the RPN and the decoder say of the whole picture."""
    network = seeded_network(f"R_{depth}_FPN_s1x")
    inside: list[tuple[Tensor, ...]] = []
    hook = network.backbone.bottom_up.register_forward_hook(lambda module, given, made: inside.append(made))
    with torch.inference_mode():
        features = network.features(person_batch()[0])
        logits, deltas = network.rpn(features)
        decoded = network.decode(features)
    hook.remove()
    assert decoded is not None
    return {
        **features,
        "f_res2": inside[0][0],
        "f_res5": inside[0][3],
        "rpn_logits_p3": logits[1][:, :, ::8, ::8],
        "rpn_deltas_p3": deltas[1][:, :, ::8, ::8],
        "dec": decoded,
    }


def _pyramid(name: str) -> dict[str, Tensor]:
    return {level: _backbone(_depth(name))[level] for level in LEVELS}


@functools.lru_cache(maxsize=4)
def _detector(depth: str, box: BoxSpec) -> dict[str, Tensor]:
    """What RPN and box head say; the box head is given the recorded proposals, so that its test is its own."""
    name = next(one for one in OFFICIAL if _depth(one) == depth and zoo.get(one).network.box == box)
    network, features, size = seeded_network(name), _pyramid(name), person_batch()[1]
    with torch.inference_mode():
        proposals = network.proposals(features, [size])[0]
        recorded = torch.from_numpy(golden(name)["proposals"])
        class_logits, box_deltas = network.box_logits(features, [recorded])
        found = network.detect(features, [size], score_threshold=0.0, max_detections=3)[0]
    return {
        "n_proposals": torch.tensor(len(proposals.boxes)),
        "proposals": proposals.boxes[:64],
        "proposal_logits": proposals.logits[:64],
        "class_logits": class_logits,
        "box_deltas": box_deltas,
        "boxes": found.boxes * torch.tensor([person().shape[1] / size[1], person().shape[0] / size[0]] * 2),
        "scores": found.scores,
    }


@functools.lru_cache(maxsize=8)
def _head(first: str) -> dict[str, Tensor]:
    """Pooled and head features of the two given boxes."""
    network, size = seeded_network(first), person_batch()[1]
    scale = torch.tensor([size[1] / person().shape[1], size[0] / person().shape[0]] * 2)
    boxes = torch.from_numpy(golden(first)["given_boxes"]).float() * scale
    decoded = None if _is_legacy(first) else _backbone(_depth(first))["dec"]
    with torch.inference_mode():
        pooled = network.pool_densepose(_pyramid(first), [boxes], decoded)
        return {"pooled": pooled, "head": network.roi_heads.densepose_head(pooled)}


@functools.lru_cache(maxsize=1)
def _maps(name: str) -> ChartMaps:
    """Chart maps of the two given boxes, by the model's own predictor."""
    head = _head(_first_like(name))["head"]
    with torch.inference_mode():
        maps: ChartMaps = seeded_network(name).roi_heads.densepose_predictor(head)
        return maps


every_model = pytest.mark.parametrize("name", OFFICIAL)


@every_model
def test_input(name: str) -> None:
    expected, (batch, size) = golden(name), person_batch()
    assert zoo.get(name).network.input == zoo.get("R_50_FPN_s1x").network.input
    assert size == tuple(expected["input_hw"])
    assert batch.shape[2:] == tuple(expected["padded_hw"])
    assert sampled_error(batch, expected, "x_input") == 0


@every_model
def test_backbone(name: str) -> None:
    for key in ("f_res2", "f_res5"):
        assert sampled_error(_backbone(_depth(name))[key], golden(name), key) < TOLERANCE, key


@every_model
def test_pyramid(name: str) -> None:
    for level, values in _pyramid(name).items():
        assert sampled_error(values, golden(name), f"f_{level}") < TOLERANCE, level


@every_model
def test_region_proposal_network(name: str) -> None:
    _close_to_recorded(name, _backbone(_depth(name)), "rpn_logits_p3", "rpn_deltas_p3")


@every_model
def test_proposals(name: str) -> None:
    ours, expected = _detector(_depth(name), zoo.get(name).network.box), golden(name)
    assert int(ours["n_proposals"]) == expected["n_proposals"]
    _close_to_recorded(name, ours, "proposal_logits")
    np.testing.assert_allclose(ours["proposals"], expected["proposals"], atol=BOX_TOLERANCE)


@every_model
def test_box_head(name: str) -> None:
    _close_to_recorded(name, _detector(_depth(name), zoo.get(name).network.box), "class_logits", "box_deltas")


@every_model
def test_detections(name: str) -> None:
    ours, expected = _detector(_depth(name), zoo.get(name).network.box), golden(name)
    np.testing.assert_allclose(ours["boxes"], expected["boxes"], atol=BOX_TOLERANCE)
    np.testing.assert_allclose(ours["scores"], expected["scores"], atol=1e-5)


@pytest.mark.parametrize("name", [name for name in OFFICIAL if not _is_legacy(name)])
def test_decoder(name: str) -> None:
    assert sampled_error(_backbone(_depth(name))["dec"], golden(name), "dec") < TOLERANCE


@every_model
def test_pooled_features(name: str) -> None:
    pooled = _head(_first_like(name))["pooled"][:, ::32, ::4, ::4]
    _close_to_recorded(name, {"dp_pooled": pooled}, "dp_pooled")


@every_model
def test_densepose_head(name: str) -> None:
    _close_to_recorded(name, {"dp_head": _head(_first_like(name))["head"][:, ::64, ::4, ::4]}, "dp_head")


@every_model
def test_chart_maps(name: str) -> None:
    maps, expected = _maps(name), golden(name)
    named = {"coarse_segm": maps.coarse_segm, "fine_segm": maps.fine_segm, "u": maps.u, "v": maps.v}
    named |= maps.confidences
    recorded = {key.removesuffix("_absmax") for key in expected if key.endswith("_absmax")}
    assert set(named) == {key for key in recorded if not key.startswith(("f_", "x_", "dec"))}
    for key, values in named.items():
        _close(_sampled(values), expected[key], float(expected[f"{key}_absmax"]), key)


@every_model
def test_parts_and_coordinates(name: str) -> None:
    maps, expected = _maps(name), golden(name)
    for index, box in enumerate(torch.from_numpy(expected["given_boxes"]).float()):
        recorded = expected[f"result{index}_xywh"]
        assert np.abs(np.array(integer_box(box)) - recorded).max() <= 1  # float rounding at whole pixels
        result = chart_result(maps[index : index + 1], int(recorded[3]), int(recorded[2])).iuv.numpy()
        counts = np.bincount(result[..., 0].ravel(), minlength=25)
        assert np.abs(counts - expected[f"result{index}_label_counts"]).sum() <= 2e-3 * result[..., 0].size
        key = f"result{index}_iuv"
        step = RESULT_STEPS[key]
        ours, theirs = result.transpose(2, 0, 1)[:, ::step, ::step], expected[key]
        same = ours[0] == theirs[0]
        assert same.mean() >= 0.999
        assert np.abs(ours[1:].astype(int) - theirs[1:])[:, same].max() <= 1


@every_model
def test_what_models_share_is_the_same_network(name: str) -> None:
    """Equal names and shapes are equal seeded weights; equal specifications read them alike."""
    first, layout = f"R_{_depth(name)}_FPN_s1x", dict(seeded_weights.inventory(name))
    own, lent = zoo.get(name).network, zoo.get(first).network
    assert (own.backbone, own.proposals) == (lent.backbone, lent.proposals)
    _same_layout(layout, dict(seeded_weights.inventory(first)), (*BACKBONE, *(() if _is_legacy(name) else (DECODER,))))
    like = _first_like(name)
    own_branch, lent_branch = own.densepose, zoo.get(like).network.densepose
    assert (own_branch.pooler, own_branch.conv_count) == (lent_branch.pooler, lent_branch.conv_count)
    _same_layout(layout, dict(seeded_weights.inventory(like)), (HEAD,))
    sharing_detector = [one for one in OFFICIAL if _depth(one) == _depth(name) and zoo.get(one).network.box == own.box]
    _same_layout(layout, dict(seeded_weights.inventory(sharing_detector[0])), ("roi_heads.box_",))


def test_the_chimpanzee_models_are_one_network() -> None:
    chimpanzees = [name for name in OFFICIAL if "_3x_" in name]
    assert len(OFFICIAL) == 27 and len(chimpanzees) == 5
    for name in chimpanzees[1:]:
        assert golden_index()[name] == golden_index()[chimpanzees[0]]
        assert zoo.get(name).network == zoo.get(chimpanzees[0]).network


@pytest.mark.slow
@pytest.mark.parametrize("name", ["R_101_FPN_s1x", "R_50_FPN_DL_WC1M_3x_Atop10P_CA"])
def test_a_model_of_its_own_shares_nothing(name: str) -> None:
    """The model's own weights run from the picture to the chart maps."""
    network, expected, (batch, size) = seeded_network(name), golden(name), person_batch()
    scale = torch.tensor([size[1] / person().shape[1], size[0] / person().shape[0]] * 2)
    with torch.inference_mode():
        features = network.features(batch)
        maps = network.densepose(features, [torch.from_numpy(expected["given_boxes"]).float() * scale])
        found = network.detect(features, [size], score_threshold=0.0, max_detections=3)[0]
    for level, values in features.items():
        assert sampled_error(values, expected, f"f_{level}") < TOLERANCE, level
    np.testing.assert_allclose(found.boxes / scale, expected["boxes"], atol=BOX_TOLERANCE)
    for key, values in (("fine_segm", maps.fine_segm), ("u", maps.u)):
        _close(_sampled(values), expected[key], float(expected[f"{key}_absmax"]), key)


def _same_layout(
    one: Mapping[str, tuple[int, ...]], other: Mapping[str, tuple[int, ...]], prefixes: tuple[str, ...]
) -> None:
    layouts = [{key: shape for key, shape in layout.items() if key.startswith(prefixes)} for layout in (one, other)]
    assert layouts[0] == layouts[1] != {}


def _sampled(maps: Tensor) -> Tensor:
    step = maps.shape[-1] // MAP_SAMPLES
    return maps[:, :, ::step, ::step]


def _close_to_recorded(name: str, ours: Mapping[str, Tensor], *keys: str) -> None:
    for key in keys:
        recorded = golden(name)[key]
        _close(ours[key], recorded, float(np.abs(recorded).max()), key)


def _close(ours: Tensor, recorded: np.ndarray, largest: float, key: str) -> None:
    assert ours.shape == recorded.shape
    assert float(np.abs(ours.numpy() - recorded).max()) / largest < TOLERANCE, key
