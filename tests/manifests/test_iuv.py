from __future__ import annotations

import numpy as np
import pytest

from manifests import iuv

RNG = np.random.default_rng(1)


def test_packing_truncates_and_clamps_as_the_reference_does() -> None:
    uv = np.array([[[-0.2, 0.0, 0.4999, 1.0, 3.0]], [[1 / 255, 1.999 / 255, 0.999, 254.9 / 255, 0.5]]], np.float32)
    packed = iuv.pack(np.array([[0, 1, 2, 23, 24]]), uv)
    assert packed[0, :, 0].tolist() == [0, 1, 2, 23, 24]
    assert packed[0, :, 1].tolist() == [0, 0, 127, 255, 255]
    assert packed[0, :, 2].tolist() == [1, 1, 254, 254, 127]


def test_unpacking_is_within_one_step_and_zero_outside() -> None:
    parts = RNG.integers(0, 25, (30, 20))
    uv = RNG.random((2, 30, 20), np.float32)
    back, coordinates = iuv.unpack(iuv.pack(parts, uv))
    assert np.array_equal(back, parts) and coordinates.dtype == np.float32
    inside = parts > 0
    assert np.abs(coordinates - uv)[:, inside].max() <= 1 / 255 + 1e-6
    assert (coordinates[:, ~inside] == 0).all()


def test_png_is_lossless_and_repeatable() -> None:
    array = RNG.integers(0, 25, (7, 11, 3), np.uint8)
    data = iuv.encode_png(array)
    assert np.array_equal(iuv.decode_png(data), array) and iuv.encode_png(array) == data


@pytest.mark.parametrize("data", [b"", b"no png", iuv.encode_png(np.zeros((4, 4, 3), np.uint8))[:40]])
def test_broken_bytes_are_a_clear_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="IUV PNG"):
        iuv.decode_png(data)
