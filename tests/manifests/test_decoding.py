from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from manifests.decoding import ImageError, decode, probe
from manifests.reasons import FetchReason, ImageReason

GRADIENT = np.dstack(
    [
        *np.meshgrid(np.arange(64, dtype=np.uint8) * 3, np.arange(48, dtype=np.uint8) * 4),
        np.full((48, 64), 90, np.uint8),
    ]
)


def encoded(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


JPEG = encoded(Image.fromarray(GRADIENT), quality=95)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_every_format_is_told_by_its_bytes_and_decoded(form: str) -> None:
    data = encoded(Image.fromarray(GRADIENT), form)
    header = probe(data)
    assert (header.format, header.width, header.height, header.frames) == (form.lower(), 64, 48, 1)
    picture = decode(data)
    assert picture.shape == (48, 64, 3) and picture.dtype == np.uint8 and picture.flags.c_contiguous
    assert np.abs(picture.astype(int) - GRADIENT).mean() < 12


def test_a_file_is_read_like_bytes(tmp_path: Path) -> None:
    (tmp_path / "wrong-name.png").write_bytes(JPEG)
    assert probe(tmp_path / "wrong-name.png").suffix == ".jpg"
    assert np.array_equal(decode(tmp_path / "wrong-name.png"), decode(JPEG))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!DOCTYPE html><html>Access Denied</html>",
        b'{"error": 1}',
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xff\xd8",
        b"%PDF-1.4",
    ],
)
def test_what_is_no_picture_is_refused_by_its_first_bytes(data: bytes) -> None:
    with pytest.raises(ImageError) as caught:
        decode(data)
    assert caught.value.reason is FetchReason.NOT_IMAGE


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_undecodable_never_half_a_picture(form: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 150, 3), np.uint8)
    data = encoded(Image.fromarray(noise), form)
    with pytest.raises(ImageError) as caught:
        decode(data[: int(len(data) * share)])
    assert caught.value.reason is ImageReason.UNDECODABLE


def test_a_bomb_is_refused_by_its_header_alone() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1_000_000)))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(ImageError) as caught:
        decode(bomb)
    assert caught.value.reason is ImageReason.TOO_LARGE


def test_the_pixel_limit_is_the_callers() -> None:
    with pytest.raises(ImageError, match="64x48"):
        decode(JPEG, max_pixels=64 * 48 - 1)
    assert decode(JPEG, max_pixels=64 * 48).shape == (48, 64, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_to_pixels_and_size(orientation: int) -> None:
    marked = np.zeros((40, 60, 3), np.uint8)
    marked[:20, :30] = 255  # the stored top left corner
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(marked), quality=95, exif=exif)
    picture, header = decode(data), probe(data)
    assert (header.height, header.width) == picture.shape[:2] == ((60, 40) if orientation >= 5 else (40, 60))
    corner = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}
    assert picture[corner[orientation]].min() > 200
    assert picture.mean() == pytest.approx(64, abs=3)


def test_cmyk_grey_palette_and_transparency_become_what_a_person_sees() -> None:
    picture = Image.fromarray(GRADIENT)
    assert np.abs(decode(encoded(picture.convert("CMYK"), quality=95)).astype(int) - GRADIENT).mean() < 4
    grey = decode(encoded(picture.convert("L"), "PNG"))
    assert np.array_equal(grey[..., 0], grey[..., 2])
    assert np.abs(decode(encoded(picture.quantize(256), "PNG")).astype(int) - GRADIENT).mean() < 6
    clear = Image.new("RGBA", (8, 8), (10, 20, 30, 0))
    assert (decode(encoded(clear, "PNG")) == 255).all()
    assert (decode(encoded(clear.convert("LA"), "PNG")) == 255).all()


def test_sixteen_bits_are_scaled_by_range_not_by_content() -> None:
    ramp = np.linspace(0, 65_535, 256, dtype=np.uint16).reshape(16, 16)
    picture = decode(encoded(Image.fromarray(ramp), "PNG"))
    assert picture[0, 0, 0] == 0 and picture[-1, -1, 0] == 255
    assert abs(int(picture[8, 0, 0]) - 128) <= 1


def test_of_an_animation_it_is_told_that_there_are_more_and_the_first_is_taken() -> None:
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert probe(data).frames == 2
    assert tuple(decode(data)[0, 0]) == (255, 0, 0)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF", "BMP"])
def test_damaged_bytes_give_a_picture_or_an_image_error_and_nothing_else(form: str) -> None:
    rng = random.Random(form)
    whole = encoded(Image.fromarray(GRADIENT), form)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            picture = decode(bytes(data), max_pixels=1_000_000)
        except ImageError:
            continue
        assert picture.dtype == np.uint8 and picture.ndim == 3
