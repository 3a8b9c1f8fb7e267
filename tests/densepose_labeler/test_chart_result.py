from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from densepose_labeler.chart_result import chart_result, integer_box
from densepose_labeler.engine.chart_predictor import ChartMaps


def random_maps(seed: int = 0, size: int = 24, coarse: int = 2) -> ChartMaps:
    generator = torch.Generator().manual_seed(seed)

    def smooth(channels: int) -> Tensor:
        low = torch.randn(1, channels, 6, 6, generator=generator)
        return F.interpolate(low, (size, size), mode="bicubic", align_corners=False)

    confidences = {"sigma_2": smooth(25), "fine_segm_confidence": smooth(1).abs()}
    return ChartMaps(smooth(coarse), smooth(25), smooth(25) + 0.5, smooth(25) + 0.5, confidences)


def by_definition(maps: ChartMaps, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Every channel resampled to source pixels, then the choices: parts and sigma_2 as the text says."""

    def resampled(values: Tensor) -> Tensor:
        return F.interpolate(values, (height, width), mode="bilinear", align_corners=False)[0]

    part = resampled(maps.fine_segm).argmax(0) * (resampled(maps.coarse_segm).argmax(0) > 0)

    def of_part(values: Tensor) -> Tensor:
        return resampled(values).gather(0, part[None])[0] * (part > 0)

    uv = [(of_part(values) * 255).clamp(0, 255).byte() for values in (maps.u, maps.v)]
    return torch.stack((part.byte(), *uv), -1).numpy(), of_part(maps.confidences["sigma_2"]).half().numpy()


@pytest.mark.parametrize(("height", "width"), [(100, 37), (9, 13), (24, 24), (1, 1), (1, 60)])
@pytest.mark.parametrize("coarse", [2, 15])
def test_equals_resampling_every_channel(height: int, width: int, coarse: int) -> None:
    maps = random_maps(coarse=coarse)
    result = chart_result(maps, height, width)
    iuv, sigma = by_definition(maps, height, width)
    ours = result.iuv.numpy()
    assert ours.shape == (height, width, 3) and ours.dtype == np.uint8
    same = ours[..., 0] == iuv[..., 0]
    assert same.mean() > 0.999
    assert np.abs(ours.astype(int) - iuv)[same].max(initial=0) <= 1
    ours_sigma = result.confidences["sigma_2"].numpy()
    assert ours_sigma.dtype == np.float16
    np.testing.assert_allclose(ours_sigma[same], sigma[same], atol=2e-3, rtol=2e-3)
    whole = F.interpolate(maps.confidences["fine_segm_confidence"], (height, width), mode="bilinear")[0, 0]
    np.testing.assert_allclose(result.confidences["fine_segm_confidence"].numpy(), whole.numpy(), atol=2e-3)


def test_coordinates_are_clamped_and_truncated_not_wrapped_or_rounded() -> None:
    maps = random_maps()
    coarse, fine = torch.zeros(1, 2, 24, 24), torch.zeros(1, 25, 24, 24)
    coarse[:, 1], fine[:, 7] = 1, 1
    u, v = torch.full_like(fine, 9.0), torch.full_like(fine, 9.0)
    u[:, 7], v[:, 7] = 1.2, -0.1
    result = chart_result(ChartMaps(coarse, fine, u, v), 5, 6).iuv
    assert result.reshape(-1, 3).unique(dim=0).tolist() == [[7, 255, 0]]
    u[:, 7] = 0.9999
    assert int(chart_result(ChartMaps(coarse, fine, u, v), 5, 6).iuv[0, 0, 1]) == 254
    nobody = ChartMaps(1 - coarse, fine, u, v, maps.confidences)
    empty = chart_result(nobody, 5, 6)
    assert int(empty.iuv.max()) == 0 and float(empty.confidences["sigma_2"].abs().max()) == 0


def test_integer_boxes_truncate_each_value() -> None:
    assert integer_box(torch.tensor([10.9, 20.2, 30.5, 41.9])) == (10, 20, 19, 21)
    assert integer_box(torch.tensor([0.7, 3.0, 1.2, 3.4])) == (0, 3, 1, 1)
