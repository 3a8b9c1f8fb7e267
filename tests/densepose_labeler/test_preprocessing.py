from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from densepose_labeler.engine.spec import InputSpec
from densepose_labeler.preprocessing import resize, target_size, to_batch


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (1024, 768, (1067, 800)),
        (768, 1024, (800, 1067)),
        (800, 800, (800, 800)),
        (480, 640, (800, 1067)),
        (3000, 1000, (1333, 444)),  # the long side binds
        (100, 1000, (133, 1333)),
        (1, 5000, (1, 1333)),  # never nothing
    ],
)
def test_target_size(height: int, width: int, expected: tuple[int, int]) -> None:
    assert target_size(height, width, InputSpec()) == expected


def test_channels_come_in_the_networks_order() -> None:
    image = np.zeros((32, 32, 3), np.uint8)
    image[..., 0] = 200  # red
    assert resize(image, InputSpec(32, 64, "RGB"))[0, 0].tolist() == [200, 0, 0]
    assert resize(image, InputSpec(32, 64, "BGR"))[0, 0].tolist() == [0, 0, 200]


def test_resizing_is_pillows() -> None:
    image = np.random.default_rng(0).integers(0, 256, (70, 50, 3), np.uint8)
    expected = np.asarray(Image.fromarray(image).resize((32, 45), Image.Resampling.BILINEAR))
    assert np.array_equal(resize(image, InputSpec(32, 64, "RGB")), expected)


def test_batch_is_normalised_then_padded_with_zeros() -> None:
    spec = InputSpec(32, 64, "RGB", (1.0, 2.0, 3.0), (2.0, 4.0, 8.0))
    pictures = [np.full((33, 40, 3), value, np.uint8) for value in (11, 27)]
    batch = to_batch(pictures, spec, torch.device("cpu"))
    assert batch.shape == (2, 3, 64, 64) and batch.is_contiguous(memory_format=torch.channels_last)
    assert batch[0, :, 32, 39].tolist() == [5.0, 2.25, 1.0]
    assert batch[1, :, 0, 0].tolist() == [13.0, 6.25, 3.0]
    assert float(batch[:, :, 33:].abs().max()) == 0 and float(batch[:, :, :, 40:].abs().max()) == 0
