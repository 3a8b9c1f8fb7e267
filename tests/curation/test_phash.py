from __future__ import annotations

import io
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image

from curation import phash
from curation.inspect import LEAST_SIDE, measure
from manifests.decoding import MAX_PIXELS, decode_reduced
from tests.curation.conftest import encode, scene


def hash_of(image: Image.Image) -> int:
    return phash.bits(phash.coefficients(np.asarray(image.convert("L"))))


def definition(image: Image.Image) -> int:
    return int(str(imagehash.phash(image)), 16)


def mirror(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def test_the_definition_is_kept_within_two_bits_on_nearly_all_photographs(root: Path) -> None:
    """As files: re-encoded, resized, progressive and not; mirrored as well, which is derived and not computed."""
    pictures = sorted((root / "demo" / "pictures").glob("*.jpg"))[::6]
    assert len(pictures) >= 15
    off, off_mirrored = [], []
    for number, path in enumerate(pictures):
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        scale = (0.4, 0.7, 1.0, 1.6)[number % 4]
        resized = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
        data = encode(resized, "JPEG", quality=(60, 80, 95)[number % 3], progressive=number % 2 == 0)
        reduced = decode_reduced(data, LEAST_SIDE)
        step = round(max(resized.size) / max(reduced.size))
        found = phash.coefficients(np.asarray(reduced.convert("L")), (resized.height / step, resized.width / step))
        assert phash.bits(found) == measure(data, MAX_PIXELS).phash
        with Image.open(io.BytesIO(data)) as opened:
            off.append((phash.bits(found) ^ definition(opened)).bit_count())
            off_mirrored.append((phash.bits(phash.mirrored(found)) ^ definition(mirror(opened))).bit_count())
    assert max(off) <= 4 and max(off_mirrored) <= 4
    assert np.mean(np.array(off) <= 2) >= 0.9 and np.mean(np.array(off_mirrored) <= 2) >= 0.9


@pytest.mark.parametrize("size", [(317, 401), (32, 32), (20, 500), (31, 7)])
def test_the_definition_is_kept_at_any_size(size: tuple[int, int]) -> None:
    for seed in range(4):
        image = scene(seed, size)
        assert (hash_of(image) ^ definition(image)).bit_count() <= 4


@pytest.mark.parametrize("size", [(320, 400), (321, 399)])
def test_mirrored_coefficients_are_those_of_the_mirrored_picture(size: tuple[int, int]) -> None:
    image = scene(3, size)
    straight = phash.coefficients(np.asarray(image.convert("L")))
    assert np.array_equal(phash.mirrored(straight), phash.coefficients(np.asarray(mirror(image).convert("L"))))
    assert phash.bits(phash.mirrored(straight)) != phash.bits(straight)


@pytest.mark.parametrize("size", [(300, 400), (333, 77), (1, 1), (1, 384), (767, 2)])
def test_a_flat_picture_has_one_hash_whatever_its_size_and_tone(size: tuple[int, int]) -> None:
    assert {hash_of(Image.new("L", size, tone)) for tone in (1, 100, 128, 255)} == {2**63}


def test_sums_are_exact() -> None:
    """So that no library's order of additions changes a bit: the largest sum stays below 2**53."""
    for side in (1, 33, 384, 767):
        for extent in (side, max(0.25, side - 0.75)):
            matrix = phash._transform(side, extent)
            most = np.abs(matrix).sum(axis=1).max()
            assert most * most * 255 < 2**53
            assert (matrix == np.rint(matrix)).all() and not matrix[1:].sum(axis=1).any()
