from __future__ import annotations

import sqlite3
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from curation.cache import WorkCache
from curation.inspect import inspect, inspect_images
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
    assert replace(one, size=0) == replace(other, size=0)


def test_a_picture_is_measured_upright(tmp_path: Path) -> None:
    image = scene(5, (800, 1000))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encode(image.rotate(90, expand=True), "JPEG", exif=exif, quality=95, subsampling=0)
    one = inspect(written(tmp_path / "one", encode(image, "JPEG", quality=95, subsampling=0)), MAX_PIXELS)
    other = inspect(written(tmp_path / "other", turned), MAX_PIXELS)
    assert (other.width, other.height) == (800, 1000)
    assert one.phash is not None and other.phash is not None and (one.phash ^ other.phash).bit_count() <= 2
    assert other.brightness == pytest.approx(one.brightness, abs=0.002)


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
    assert len({one.inspection.phash for one in again}) == 3


def test_a_cache_by_a_version_that_measured_other_things_is_made_anew(tmp_path: Path) -> None:
    image = ImageRecord("0", "0.jpg", record("x").sightings)
    written(tmp_path / "0.jpg", encode(scene(0)))
    with sqlite3.connect(tmp_path / "cache.sqlite") as old:
        old.execute("CREATE TABLE inspections (key TEXT, image_id TEXT, format, width, PRIMARY KEY (key, image_id))")
    for _ in range(2):
        with WorkCache(tmp_path / "cache.sqlite") as cache:
            assert next(inspect_images([image], tmp_path, cache, MAX_PIXELS, 1, silent)).inspection.width == 320
