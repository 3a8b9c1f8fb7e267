from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from densepose_labeler import zoo
from densepose_labeler.flip_averaging import FLIP_COARSE, FlipAveraging
from densepose_labeler.predictor import Predictor
from manifests import charts
from manifests.parts import FLIP
from tests.densepose_labeler.engine.small import SMALL, small_network

WIDTH = 128
BOXES = torch.tensor([[10.0, 20.0, 70.0, 110.0], [33.5, 8.25, 100.0, 90.75], [0.0, 0.0, 128.0, 128.0]])
MIRRORED = torch.stack((WIDTH - BOXES[:, 2], BOXES[:, 1], WIDTH - BOXES[:, 0], BOXES[:, 3]), 1)


def test_the_coarse_parts_are_exchanged_as_the_models_have_them() -> None:
    assert FLIP_COARSE == (0, 1, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 14)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_picture_and_its_mirror_image_have_mirrored_parts(legacy: bool) -> None:
    """Whatever the weights: for the mirror image both terms of the mean only change places."""
    changes = {"coarse_channels": 15, "decoder_channels": 0} if legacy else {"segm_confidence": True}
    spec = dataclasses.replace(SMALL, densepose=dataclasses.replace(SMALL.densepose, **changes))  # type: ignore[arg-type]
    plain = small_network(spec)
    averaging = FlipAveraging(plain).eval()
    x = torch.randn(1, 3, 128, WIDTH, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        ours = averaging.densepose(averaging.features(x), [BOXES])
        mirror = averaging.densepose(averaging.features(x.flip(3)), [MIRRORED])
        alone = plain.densepose(plain.features(x), [BOXES])
    coarse = list(FLIP_COARSE) if legacy else [0, 1]
    torch.testing.assert_close(mirror.fine_segm.flip(3)[:, list(FLIP)], ours.fine_segm, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(mirror.coarse_segm.flip(3)[:, coarse], ours.coarse_segm, rtol=1e-4, atol=1e-4)
    assert (ours.fine_segm - alone.fine_segm).abs().max() > 1e-2
    for name in ("u", "v"):
        torch.testing.assert_close(getattr(ours, name), getattr(alone, name), rtol=1e-4, atol=1e-4)
    assert set(ours.confidences) == set(alone.confidences)


def test_u_and_v_of_our_own_charts_are_averaged_too() -> None:
    """A picture and its mirror image then have values that the charts' own mirror makes of each other."""
    averaging = FlipAveraging(small_network(), "vestiary").eval()
    x = torch.randn(1, 3, 128, WIDTH, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        ours = averaging.densepose(averaging.features(x), [BOXES])
        mirror = averaging.densepose(averaging.features(x.flip(3)), [MIRRORED])
    inside = 0.5 + torch.stack([ours.u, ours.v]).sub(0.5) / 1000  # `mirror` is about values in 0..1
    of_mirror = 0.5 + torch.stack([mirror.u, mirror.v]).sub(0.5) / 1000
    for part in range(1, 25):
        here = np.full(ours.u.shape[2:], part, np.uint8)
        _, expected = charts.mirror(here, inside[:, 0, part].numpy())
        known = slice(1, 2) if part in (3, 4) else slice(0, 2)  # round the hands U is the picture's own
        np.testing.assert_allclose(of_mirror[known, 0, FLIP[part]].numpy(), expected[known], atol=1e-6)


def test_people_are_those_of_the_picture_and_only_their_parts_change() -> None:
    spec = zoo.ModelSpec(name="small", family="tests", network=SMALL, file="small.pkl")
    pixels = np.random.default_rng(3).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    options = {"score_threshold": 0.0, "max_detections": 2}
    plain = Predictor(small_network(), spec)([pixels, pixels[:, ::-1].copy()], **options)  # type: ignore[arg-type]
    averaging = dataclasses.replace(spec, flip_averaging=True)
    averaged = Predictor(small_network(), averaging)([pixels, pixels[:, ::-1].copy()], **options)  # type: ignore[arg-type]
    changed = 0
    for one, other in zip(plain, averaged, strict=True):
        assert [person.iuv_box for person in one] == [person.iuv_box for person in other] != []
        np.testing.assert_allclose([person.score for person in one], [person.score for person in other], atol=1e-5)
        for first, second in zip(one, other, strict=True):
            same = first.iuv[..., 0] == second.iuv[..., 0]
            changed += int((~same).sum())
            assert np.abs(first.iuv[..., 1:].astype(int) - second.iuv[..., 1:])[same].max(initial=0) <= 1
    assert changed > 0
