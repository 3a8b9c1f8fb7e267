from __future__ import annotations

import numpy as np
import pytest

from manifests.parts import FLIP
from tests.tools.figures import COLOURS, figure
from tools.train.augment import Framing, augment, frame, mirror, photometric
from tools.train.shards import Sample

FRAMING = Framing(width=96, height=128)


def test_mirror_twice_is_the_same_picture() -> None:
    sample = figure(np.random.default_rng(0))
    twice = mirror(mirror(sample))
    assert np.array_equal(twice.image, sample.image)
    assert np.array_equal(twice.instance, sample.instance)
    assert np.array_equal(twice.iuv[..., 0], sample.iuv[..., 0])
    inner = (sample.iuv[..., 1:] > 0).all(-1) & (sample.iuv[..., 1:] < 254).all(-1)
    assert np.abs(twice.iuv.astype(int) - sample.iuv)[inner].max() <= 1


def test_mirror_exchanges_left_and_right() -> None:
    sample = figure(np.random.default_rng(1))
    mirrored = mirror(sample)
    assert np.array_equal(mirrored.iuv[..., 0], np.asarray(FLIP)[sample.iuv[:, ::-1, 0]])
    assert np.array_equal(mirrored.image, sample.image[:, ::-1])


@pytest.mark.parametrize("seed", range(6))
def test_labels_stay_on_the_picture(seed: int) -> None:
    """Each part is drawn in a colour of its own, so the framed picture itself says what the framed label must be."""
    rng = np.random.default_rng(seed)
    framed = frame(figure(rng), FRAMING, rng)
    assert (
        framed.image.shape == (128, 96, 3) and framed.iuv.shape == (128, 96, 3) and framed.instance.shape == (128, 96)
    )
    body = framed.instance > 0
    assert body.sum() > 200
    assert np.array_equal(body, framed.iuv[..., 0] > 0)
    difference = np.abs(framed.image[body].astype(int) - COLOURS[framed.iuv[..., 0][body]]).max(-1)
    assert np.median(difference) <= 2
    assert (difference < 12).mean() > 0.7  # the rest are blended borders


def test_close_ups_show_part_of_a_person() -> None:
    rng = np.random.default_rng(3)
    sample = figure(rng)
    framing = Framing(width=96, height=128, close_up=1.0)
    rows = [np.nonzero(frame(sample, framing, rng).instance)[0] for _ in range(20)]
    cut = [not len(row) or row.min() == 0 or row.max() == 127 for row in rows]
    assert sum(cut) >= 15


def test_augmentation_follows_its_seed_and_varies() -> None:
    sample = figure(np.random.default_rng(4))
    first, again = (augment(sample, FRAMING, np.random.default_rng(7)) for _ in range(2))
    other = augment(sample, FRAMING, np.random.default_rng(8))
    assert np.array_equal(first.image, again.image) and np.array_equal(first.iuv, again.iuv)
    assert not np.array_equal(first.image, other.image)


def test_light_and_noise_leave_the_geometry() -> None:
    sample = figure(np.random.default_rng(5))
    changed = [photometric(sample.image, np.random.default_rng(seed)) for seed in range(20)]
    assert all(image.shape == sample.image.shape and image.dtype == np.uint8 for image in changed)
    edges = [np.abs(np.diff(image.astype(int).sum(-1), axis=1)) for image in (sample.image, *changed)]
    strong = edges[0] > 150
    assert np.mean([edge[strong].mean() > 2 * edge[~strong].mean() for edge in edges[1:]]) > 0.8


def test_nobody_stays_nobody() -> None:
    empty = Sample(np.full((128, 96, 3), 90, np.uint8), np.zeros((128, 96, 3), np.uint8), np.zeros((128, 96), np.uint8))
    result = augment(empty, FRAMING, np.random.default_rng(6))
    assert not result.iuv.any() and not result.instance.any()


def test_clothes_without_a_wearer_come_close() -> None:
    image = np.zeros((128, 96, 3), np.uint8)
    image[48:80, 36:60] = 255
    empty = Sample(image, np.zeros_like(image), np.zeros((128, 96), np.uint8))
    rng = np.random.default_rng(0)
    framing = Framing(width=96, height=128, zoom=(1.0, 1.0), rotation=0.0, packshot_zoom=3.0)
    shown = [(frame(empty, framing, rng).image == 255).all(-1).sum() / (32 * 24) for _ in range(30)]
    assert min(shown) > 0.5 and max(shown) > 4
