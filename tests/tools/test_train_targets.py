from __future__ import annotations

import numpy as np
import torch

from densepose_labeler.chart_result import chart_result
from densepose_labeler.engine.boxes import pairwise_iou
from densepose_labeler.engine.chart_predictor import ChartMaps
from tests.tools.figures import figure
from tools.train.shards import Sample
from tools.train.targets import jitter, maps_on_grid, match_anchors, scene


def two_people() -> Sample:
    iuv, instance = np.zeros((64, 96, 3), np.uint8), np.zeros((64, 96), np.uint8)
    iuv[10:50, 5:25] = (2, 100, 50)
    instance[10:50, 5:25] = 1
    iuv[20:60, 40:80] = (1, 30, 200)
    instance[20:60, 40:80] = 4
    iuv[0:3, 90:93] = (23, 0, 0)  # too little to ask for
    instance[0:3, 90:93] = 5
    return Sample(np.zeros((64, 96, 3), np.uint8), iuv, instance)


def test_boxes_enclose_each_person() -> None:
    target = scene(two_people())
    assert target.boxes.tolist() == [[5, 10, 25, 50], [40, 20, 80, 60]]
    assert target.numbers.tolist() == [1, 4]


def test_a_scene_of_nobody_has_no_boxes() -> None:
    empty = Sample(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.uint8))
    assert scene(empty).boxes.shape == (0, 4)


def test_inference_turns_the_target_maps_back_into_the_labels() -> None:
    sample = figure(np.random.default_rng(0))
    target = scene(sample)
    x0, y0, x1, y1 = (int(value) for value in target.boxes[0])
    side = 112
    part, uv = maps_on_grid(target, target.boxes[0], 1, side)
    fine = torch.nn.functional.one_hot(part, 25).permute(2, 0, 1)[None].float()
    coarse = torch.stack([part == 0, part > 0]).float()[None]
    spread = uv[:, None].expand(2, 25, side, side)
    result = chart_result(ChartMaps(coarse, fine, spread[:1], spread[1:]), y1 - y0, x1 - x0).iuv.numpy()
    wanted = sample.iuv[y0:y1, x0:x1]
    assert (result[..., 0] == wanted[..., 0]).mean() > 0.995
    same = (result[..., 0] == wanted[..., 0]) & (wanted[..., 0] > 0)
    error = np.abs(result[same].astype(int) - wanted[same])[:, 1:]
    assert np.median(error) <= 1 and error.mean() < 6  # coordinates jump at the parts' borders


def test_other_people_and_the_outside_are_background() -> None:
    target = scene(two_people())
    part, _ = maps_on_grid(target, torch.tensor([-20.0, 10.0, 80.0, 60.0]), 1, 50)
    assert set(part.unique().tolist()) == {0, 2}
    columns = (part > 0).any(0).nonzero()[:, 0] * 2 - 20
    assert columns.min() >= 4 and columns.max() <= 25
    part, _ = maps_on_grid(target, torch.tensor([0.0, 0.0, 96.0, 64.0]), 4, 32)
    assert set(part.unique().tolist()) == {0, 1}


def test_every_person_gets_an_anchor() -> None:
    boxes = torch.tensor([[10.0, 10.0, 30.0, 90.0], [60.0, 5.0, 61.0, 95.0]])
    anchors = torch.tensor(
        [[10.0, 12.0, 31.0, 88.0], [0.0, 0.0, 50.0, 100.0], [59.0, 0.0, 64.0, 95.0], [80.0, 0, 99, 9]]
    )
    labels, index = match_anchors(anchors, boxes)
    assert labels.tolist() == [1, -1, 1, 0]
    assert index[0] == 0 and index[2] == 1
    assert match_anchors(anchors, torch.zeros(0, 4))[0].tolist() == [0, 0, 0, 0]


def test_jittered_boxes_stay_near() -> None:
    boxes = torch.tensor([[20.0, 20.0, 120.0, 220.0]]).repeat(500, 1)
    moved = jitter(boxes, np.random.default_rng(0))
    iou = pairwise_iou(moved, boxes[:1])[:, 0]
    assert iou.min() > 0.5 and 0.8 < iou.mean() < 0.97
