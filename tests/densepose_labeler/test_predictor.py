from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from densepose_labeler import zoo
from densepose_labeler.engine.spec import NetworkSpec
from densepose_labeler.predictor import Predictor
from manifests.instances import Instance
from tests.densepose_labeler.engine.reference import golden, person, seeded_network
from tests.densepose_labeler.engine.small import SMALL, small_network

CONFIDENT = dataclasses.replace(
    SMALL, densepose=dataclasses.replace(SMALL.densepose, uv_confidence="iid_iso", segm_confidence=True)
)


def predictor(network: NetworkSpec = SMALL) -> Predictor:
    spec = zoo.ModelSpec(name="small", family="tests", network=network, file="small.safetensors", score_threshold=0.0)
    return Predictor(small_network(network), spec)


@pytest.fixture(scope="module")
def small() -> Predictor:
    return predictor()


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def same(first: tuple[Instance, ...], second: tuple[Instance, ...]) -> bool:
    return len(first) == len(second) and all(
        a.box == b.box and a.score == b.score and a.iuv_box == b.iuv_box and np.array_equal(a.iuv, b.iuv)
        for a, b in zip(first, second, strict=True)
    )


def test_people_lie_in_the_picture_surest_first(small: Predictor) -> None:
    (people,) = small([picture(150, 90)])
    assert len(people) > 1
    scores = [one.score for one in people]
    assert scores == sorted(scores, reverse=True)
    for one in people:
        x, y, width, height = one.iuv_box
        assert 0 <= x < x + width <= 90 and 0 <= y < y + height <= 150
        assert one.iuv.shape == (height, width, 3) and one.iuv.dtype == np.uint8
        assert x == int(one.box[0]) and y == int(one.box[1])
        assert not one.iuv[one.iuv[..., 0] == 0].any()


def test_boxes_of_whole_pixels_hold_their_maps_exactly(small: Predictor) -> None:
    image = picture(150, 90)
    exact = predictor(
        dataclasses.replace(SMALL, densepose=dataclasses.replace(SMALL.densepose, whole_pixel_boxes=True))
    )
    plain, whole = small([image])[0], exact([image])[0]
    assert len(plain) == len(whole) > 1
    for one, other in zip(plain, whole, strict=True):
        x0, y0, x1, y1 = (math.floor(one.box[0]), math.floor(one.box[1]), math.ceil(one.box[2]), math.ceil(one.box[3]))
        assert other.box == (x0, y0, x1, y1) and other.score == one.score
        assert other.iuv_box == (x0, y0, x1 - x0, y1 - y0)
    assert any(one.box != other.box for one, other in zip(plain, whole, strict=True))


def test_a_pictures_result_does_not_depend_on_its_company(small: Predictor) -> None:
    pictures = [picture(150, 90, 1), picture(96, 130, 2), picture(150, 90, 3), picture(150, 90, 1)]
    together = small(pictures, max_detections=2)
    for image, people in zip(pictures, together, strict=True):
        assert same(people, small([image], max_detections=2)[0])
    assert same(together[0], together[3]) and not same(together[0], together[2])


def test_options(small: Predictor) -> None:
    image = picture(150, 90)
    everyone = small([image])[0]
    middle = everyone[len(everyone) // 2].score
    sure = small([image], score_threshold=middle)[0]
    assert 0 < len(sure) < len(everyone) and min(one.score for one in sure) > middle
    assert same(sure, tuple(one for one in everyone if one.score > middle))
    assert len(small([image], max_detections=2)[0]) == 2
    (largest,) = small([image], largest_only=True)[0]

    def area(one: Instance) -> float:
        return (one.box[2] - one.box[0]) * (one.box[3] - one.box[1])

    assert area(largest) == max(area(one) for one in everyone)
    assert small([image], score_threshold=0.9999)[0] == ()
    assert small([]) == []


def test_the_models_own_threshold_is_the_default(small: Predictor) -> None:
    image = picture(150, 90)
    everyone = small([image])[0]
    strict = Predictor(small.model, dataclasses.replace(small.spec, score_threshold=everyone[1].score))
    assert len(strict([image])[0]) == 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 3), (33, 32)])
def test_pictures_of_odd_shapes_pass(small: Predictor, shape: tuple[int, int]) -> None:
    for one in small([picture(*shape)], max_detections=1)[0]:
        assert one.iuv_box[2] <= shape[1] and one.iuv_box[3] <= shape[0]


@pytest.mark.parametrize(
    "image",
    [np.zeros((5, 5), np.uint8), np.zeros((5, 5, 4), np.uint8), np.zeros((5, 5, 3)), np.zeros((0, 5, 3), np.uint8)],
)
def test_other_arrays_are_refused(small: Predictor, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="image 1 is"):
        small([picture(8, 8), image])


def test_confidences_are_half_precision_maps_of_the_box() -> None:
    for one in predictor(CONFIDENT)([picture(150, 90)], max_detections=2)[0]:
        assert set(one.confidences) == {"sigma_2", "fine_segm_confidence", "coarse_segm_confidence"}
        for values in one.confidences.values():
            assert values.dtype == np.float16 and values.shape == one.iuv.shape[:2]
        assert not one.confidences["sigma_2"][one.iuv[..., 0] == 0].any()
        assert one.confidences["fine_segm_confidence"].min() > 0


def test_the_channel_order_and_the_threads_do_not_change_the_frame(small: Predictor) -> None:
    """A picture mirrored along its padding-free axis stays within its own frame: boxes are scaled back per axis."""
    tall, wide = small([picture(300, 60)], max_detections=3)[0], small([picture(60, 300)], max_detections=3)[0]
    assert max(one.box[3] for one in tall) > 150 and max(one.box[2] for one in tall) <= 60
    assert max(one.box[2] for one in wide) > 150 and max(one.box[3] for one in wide) <= 60


@pytest.mark.slow
def test_an_official_network_finds_the_references_boxes() -> None:
    """From the picture to source pixels, with the normalisation folded."""
    expected = golden("R_50_FPN_s1x")
    found = Predictor(seeded_network("R_50_FPN_s1x"), zoo.get("R_50_FPN_s1x"))(
        [person()], score_threshold=0.0, max_detections=3
    )[0]
    np.testing.assert_allclose([one.box for one in found], expected["boxes"], atol=0.05)
    np.testing.assert_allclose([one.score for one in found], expected["scores"], atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_agrees_with_the_cpu(small: Predictor) -> None:
    images = [picture(150, 90, seed) for seed in range(3)]
    on_cuda = Predictor(small_network(), small.spec, "cuda")(images, max_detections=2)
    for people, reference in zip(on_cuda, small(images, max_detections=2), strict=True):
        np.testing.assert_allclose([one.box for one in people], [one.box for one in reference], atol=0.5)
