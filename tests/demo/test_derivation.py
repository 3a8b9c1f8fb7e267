from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from demo.derivation import ORIGINAL, Treatment, at_width, derive


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    ramp = np.linspace(0, 255, 800 * 1000 * 3).reshape(1000, 800, 3).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(ramp).save(out, "JPEG", quality=90)
    return out.getvalue()


def test_an_original_keeps_its_bytes(jpeg: bytes) -> None:
    assert derive(jpeg, ORIGINAL) == jpeg
    assert derive(jpeg, Treatment("opted_out")) == jpeg


def test_a_copy_has_other_bytes_and_the_same_picture(jpeg: bytes) -> None:
    copy = derive(jpeg, Treatment("reencoded", quality=60))
    assert copy != jpeg and copy == derive(jpeg, Treatment("reencoded", quality=60))
    difference = np.asarray(Image.open(io.BytesIO(copy)), np.int16) - np.asarray(Image.open(io.BytesIO(jpeg)), np.int16)
    assert np.abs(difference).mean() < 4


def test_a_resized_copy_is_smaller(jpeg: bytes) -> None:
    copy = Image.open(io.BytesIO(derive(jpeg, Treatment("resized", quality=88, scale=0.75))))
    assert copy.size == (600, 750)


def test_a_truncated_file_opens_and_does_not_decode(jpeg: bytes) -> None:
    cut = derive(jpeg, Treatment("truncated", share=0.6))
    assert jpeg.startswith(cut) and len(cut) < len(jpeg)
    image = Image.open(io.BytesIO(cut))
    assert image.size == (800, 1000)
    with pytest.raises(OSError, match="truncated"):
        image.load()


@pytest.mark.parametrize(("width", "expected"), [(None, 800), (1800, 800), (762, 800), (500, 500), (54, 54)])
def test_a_request_for_a_width_gets_the_file_or_a_smaller_copy(jpeg: bytes, width: int | None, expected: int) -> None:
    data = at_width(jpeg, width)
    assert Image.open(io.BytesIO(data)).width == expected
    assert (data == jpeg) == (expected == 800)
