from __future__ import annotations

import struct
import zlib
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageFilter

from curation.cache import WorkCache
from curation.inspect import inspect, inspect_images, perceptual_hash, sharpness
from curation.progress import silent
from curation.records import ImageRecord
from manifests.decoding import MAX_PIXELS
from manifests.reasons import ImageReason
from tests.curation.conftest import encode, record, scene


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def bomb() -> bytes:
    """A PNG header that declares 50,000 x 50,000 pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in chunks)


def animation(kind: str) -> bytes:
    return encode(scene(1), kind, save_all=True, append_images=[scene(2), scene(3)], duration=100)


HOSTILE = {
    "truncated": (lambda: encode(scene(1))[:2000], ImageReason.UNDECODABLE, "jpeg"),
    "header alone": (lambda: encode(scene(1))[:20], ImageReason.UNDECODABLE, None),
    "HTML called jpeg": (lambda: b"<!doctype html><title>Access denied</title>", ImageReason.UNDECODABLE, None),
    "empty": (lambda: b"", ImageReason.UNDECODABLE, None),
    "bomb": (bomb, ImageReason.TOO_LARGE, None),
    "animated GIF": (lambda: animation("GIF"), ImageReason.ANIMATED, "gif"),
    "animated WebP": (lambda: animation("WEBP"), ImageReason.ANIMATED, "webp"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_get_a_reason(name: str, tmp_path: Path) -> None:
    make, reason, image_format = HOSTILE[name]
    found = inspect(written(tmp_path / "x.jpg", make()), MAX_PIXELS)
    assert found.reason == reason
    assert found.detail and "\n" not in found.detail
    assert found.phash is None and found.colours is None
    if image_format:
        assert (found.format, found.width, found.height) == (image_format, 320, 400)


def rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    return encode(scene(1).rotate(90, expand=True), "JPEG", exif=exif, quality=95)


UNUSUAL = {
    "CMYK": lambda: encode(scene(1).convert("CMYK"), "JPEG", quality=95),
    "EXIF rotated": rotated,
    "palette": lambda: encode(scene(1).quantize(256), "PNG"),
    "alpha": lambda: encode(scene(1).convert("RGBA"), "PNG"),
    "progressive": lambda: encode(scene(1), "JPEG", progressive=True, quality=90),
    "still GIF": lambda: encode(scene(1).quantize(256), "GIF"),
    "WebP": lambda: encode(scene(1), "WEBP", quality=90),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_encodings_measure_like_the_plain_picture(name: str, tmp_path: Path) -> None:
    plain = inspect(written(tmp_path / "plain.png", encode(scene(1), "PNG")), MAX_PIXELS)
    found = inspect(written(tmp_path / "x", UNUSUAL[name]()), MAX_PIXELS)
    assert found.reason is None
    assert (found.width, found.height) == (320, 400)
    assert found.phash is not None and plain.phash is not None
    assert (found.phash ^ plain.phash).bit_count() <= 4


def test_sixteen_bits_measure_like_eight(tmp_path: Path) -> None:
    grey = np.asarray(scene(1).convert("L"))
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    one = inspect(written(tmp_path / "8.png", encode(Image.fromarray(grey), "PNG")), MAX_PIXELS)
    other = inspect(written(tmp_path / "16.png", encode(deep, "PNG")), MAX_PIXELS)
    assert (one.phash, one.colours, one.sharpness) == (other.phash, other.colours, other.sharpness)


@pytest.mark.parametrize("seed", range(8))
def test_hash_is_imagehashs(seed: int) -> None:
    image = scene(seed, (317, 401))
    assert f"{perceptual_hash(image):016x}" == str(imagehash.phash(image))


def test_sharpness_falls_with_blur_and_not_with_size() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (128, 96, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((384, 512), Image.Resampling.NEAREST)
    twice = image.resize((768, 1024), Image.Resampling.NEAREST)
    assert sharpness(image) == sharpness(twice)
    assert sharpness(image.filter(ImageFilter.GaussianBlur(3))) < sharpness(image) / 10
    assert sharpness(Image.new("RGB", (2, 2))) == 0


def test_too_many_pixels_by_the_configured_limit(tmp_path: Path) -> None:
    path = written(tmp_path / "x.jpg", encode(scene(1)))
    assert inspect(path, 320 * 400).reason is None
    assert inspect(path, 320 * 400 - 1).reason == ImageReason.TOO_LARGE


def test_measured_once(tmp_path: Path) -> None:
    images = []
    for seed in range(3):
        path = written(tmp_path / f"{seed}.jpg", encode(scene(seed)))
        images.append(ImageRecord(str(seed), path.name, record("x").sightings))
    counts: list[tuple[int, int]] = []
    with WorkCache(tmp_path / "cache.sqlite") as cache:
        first = list(inspect_images(images[:2], tmp_path, cache, MAX_PIXELS, 1, silent))
        again = list(
            inspect_images(images, tmp_path, cache, MAX_PIXELS, 1, lambda _, done, total: counts.append((done, total)))
        )
        (tmp_path / "2.jpg").unlink()  # so that it could not be read again
        assert list(inspect_images(images, tmp_path, cache, MAX_PIXELS, 1, silent)) == again
    assert again[:2] == first
    assert counts == [(2, 3), (3, 3)]
    assert [one.inspection.phash for one in again] == [perceptual_hash(Image.open(tmp_path / "0.jpg")),
                                                       *(one.inspection.phash for one in again[1:])]  # fmt: skip
