"""Pictures that nobody took: what a crawler, a folder or an HTTP client may hand to a decoder.

Quick to make, of every kind, from no file; the same each time but for the dates that encoders write.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from functools import cache

import numpy as np
from PIL import Image, ImageCms

from tests.image_bytes import (
    MAGIC,
    adam7_size,
    bmp_run_length,
    chunk,
    encoded,
    photograph,
    png,
    scan_bomb,
    segment,
    zeros,
)

_ORIENTATION = 0x0112


@cache
def hostile_images() -> tuple[tuple[str, bytes], ...]:
    """Name and bytes of every kind; names are distinct, and begin with the kind.

    Some are sound pictures in an unusual dress, some are broken, some are no pictures, some are bombs.
    """
    makers = (_not_images, _unusual, _odd_shapes, _animations, _bombs, _broken_jpegs, _broken_others, _truncated,
              _flipped, _random)  # fmt: skip
    return tuple(pair for make in makers for pair in make())


def _not_images() -> Iterator[tuple[str, bytes]]:
    yield "empty", b""
    yield "one byte", b"\xff"
    yield "HTML", b"<!DOCTYPE html><html><title>Access Denied</title></html>"
    yield "SVG", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    yield "SVG of entities", f'<!DOCTYPE svg [<!ENTITY e0 "x">{entities}]><svg>&e9;</svg>'.encode()
    yield "PDF", b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n%%EOF"
    yield "JSON", b'{"error": "forbidden"}'
    yield "PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(/etc/passwd) (r) file\n"
    yield "zip", b"PK\x03\x04" + bytes(60)
    yield "gzip", b"\x1f\x8b\x08" + bytes(60)
    yield "zeros", bytes(4096)
    yield "ICO", encoded(photograph((32, 32)), "ICO")
    yield "PPM", encoded(photograph(), "PPM")
    yield "JPEG 2000", encoded(photograph(), "JPEG2000")
    yield "heic", MAGIC["heic"] + bytes(200)


def _unusual() -> Iterator[tuple[str, bytes]]:
    plain = photograph()
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF", "BMP"):
        yield f"sound {kind}", encoded(plain, kind)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[_ORIENTATION] = orientation
        yield f"EXIF orientation {orientation}", encoded(plain, "JPEG", exif=exif, quality=90)
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    yield "EXIF orientation in PNG", encoded(plain, "PNG", exif=exif)
    yield "EXIF orientation in WebP", encoded(plain, "WEBP", exif=exif)
    exif[_ORIENTATION] = 99
    yield "EXIF orientation 99", encoded(plain, "JPEG", exif=exif)
    yield "EXIF corrupt", encoded(plain, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0" * 40)
    yield "EXIF of noise", encoded(plain, "JPEG", exif=b"Exif\0\0" + random.Random(1).randbytes(5000))
    yield "EXIF offset beyond", encoded(plain, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    yield "EXIF that is its own next", encoded(plain, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\x08")
    yield "ICC junk", encoded(plain, "JPEG", icc_profile=random.Random(2).randbytes(3000))
    yield "ICC junk in PNG", encoded(plain, "PNG", icc_profile=random.Random(2).randbytes(3000))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    yield "ICC of another space", encoded(plain, "JPEG", icc_profile=lab)
    yield "CMYK JPEG", encoded(plain.convert("CMYK"), "JPEG", quality=90)
    yield "YCCK JPEG", _as_ycck(encoded(plain.convert("CMYK"), "JPEG", quality=90))
    yield "CMYK TIFF", encoded(plain.convert("CMYK"), "TIFF")
    yield "Lab TIFF", encoded(plain.convert("LAB"), "TIFF")
    grey = np.asarray(plain.convert("L"))
    yield "16-bit grey PNG", encoded(Image.fromarray(grey.astype(np.uint16) * 257), "PNG")
    yield "16-bit RGB PNG", _deep_png(np.asarray(plain))
    yield "16-bit grey TIFF", encoded(Image.fromarray(grey.astype(np.uint16) * 257), "TIFF")
    yield "32-bit grey TIFF", encoded(Image.fromarray(grey.astype(np.int32) << 16), "TIFF")
    yield "float TIFF", encoded(Image.fromarray(grey.astype(np.float32)), "TIFF")
    wild = np.tile(np.array([np.nan, np.inf, -np.inf, 1e38], np.float32), (16, 4))
    yield "float TIFF of nothing finite", encoded(Image.fromarray(wild), "TIFF")
    yield "palette PNG", encoded(plain.quantize(64), "PNG")
    yield "palette and alpha PNG", encoded(plain.quantize(64), "PNG", transparency=bytes(range(0, 256, 4)))
    yield "palette too short PNG", png(8, 8, 8, 3, zlib.compress((b"\0" + b"\xff" * 8) * 8),
                                        before=chunk(b"PLTE", bytes(6)))  # fmt: skip
    yield "1-bit PNG", encoded(plain.convert("1"), "PNG")
    yield "grey and alpha PNG", encoded(plain.convert("LA"), "PNG")
    yield "clear PNG", encoded(Image.new("RGBA", (64, 64), (9, 9, 9, 0)), "PNG")
    yield "colour key PNG", encoded(plain, "PNG", transparency=(255, 255, 255))
    yield "interlaced PNG", png(8, 8, 8, 2, zeros(adam7_size(8, 3)), interlace=1)
    yield "alpha WebP", encoded(plain.convert("RGBA"), "WEBP")
    yield "grey JPEG", encoded(plain.convert("L"), "JPEG")
    yield "progressive JPEG", encoded(plain, "JPEG", progressive=True, quality=90)
    yield "JPEG in RGB", encoded(plain, "JPEG", keep_rgb=True)
    yield "JPEG with restarts", encoded(plain, "JPEG", restart_marker_blocks=1)
    yield "JPEG quality 1", encoded(plain, "JPEG", quality=1)
    yield "JPEG and then HTML", encoded(plain, "JPEG") + b"<html><script>alert(1)</script></html>"
    yield "JPEG twice", encoded(plain, "JPEG") * 2
    yield "JPEG with a comment of 10 MB", _with_comments(encoded(plain, "JPEG"), 160, 65_000)
    yield "JPEG with 100,000 comments", _with_comments(encoded(plain, "JPEG"), 100_000, 1)
    yield "JPEG with fill bytes", b"\xff\xd8" + b"\xff" * 1_000_000 + encoded(plain, "JPEG")[3:]
    yield "BMP upside down", _flip_bmp(encoded(plain, "BMP"))


def _as_ycck(cmyk: bytes) -> bytes:
    """The same data with Adobe's marker changed to say that the channels are YCCK."""
    place = cmyk.index(b"Adobe") + 11
    return cmyk[:place] + b"\2" + cmyk[place + 1 :]


def _deep_png(rgb: np.ndarray) -> bytes:
    deep = (rgb.astype(">u2") * 257).reshape(rgb.shape[0], -1)
    return png(rgb.shape[1], rgb.shape[0], 16, 2, zlib.compress(b"".join(b"\0" + row.tobytes() for row in deep)))


def _with_comments(jpeg: bytes, count: int, size: int) -> bytes:
    return jpeg[:2] + segment(0xFE, b"x" * size) * count + jpeg[2:]


def _flip_bmp(bmp: bytes) -> bytes:
    return bmp[:22] + struct.pack("<i", -struct.unpack("<i", bmp[22:26])[0]) + bmp[26:]


def _odd_shapes() -> Iterator[tuple[str, bytes]]:
    for width, height in ((1, 1), (1, 65_500), (65_500, 1), (2, 2), (33, 1)):
        yield f"shape {width}x{height} JPEG", encoded(Image.new("RGB", (width, height), "teal"), "JPEG")
        yield f"shape {width}x{height} PNG", encoded(Image.new("RGB", (width, height), "teal"), "PNG")
    yield "shape 1x1000000 PNG", png(1, 1_000_000, 8, 0, zeros(2_000_000))
    yield "shape 1000000x1 PNG", png(1_000_000, 1, 8, 0, zeros(1_000_001))
    yield "shape 0x0 PNG", png(0, 0, 8, 2, b"")
    yield "shape 0x0 JPEG", _resized_jpeg(0, 0)
    yield "flat white", encoded(Image.new("RGB", (300, 400), "white"), "JPEG")
    yield "flat black", encoded(Image.new("RGB", (300, 400)), "PNG")


def _resized_jpeg(width: int, height: int, frame: int = 0xC0) -> bytes:
    jpeg = encoded(photograph(), "JPEG")
    place = jpeg.index(b"\xff\xc0")
    size = struct.pack(">HH", height, width)
    return jpeg[:place] + bytes([0xFF, frame]) + jpeg[place + 2 : place + 5] + size + jpeg[place + 9 :]


def _animations() -> Iterator[tuple[str, bytes]]:
    frames = [photograph((48, 64), seed) for seed in range(3)]
    for kind, name in (("GIF", "GIF"), ("PNG", "APNG"), ("WEBP", "WebP"), ("AVIF", "AVIF"), ("TIFF", "TIFF")):
        yield f"animated {name}", encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    yield "animated MPO", encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    frame = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    start = b"GIF89a\1\0\1\0\x80\0\0" + bytes(6)
    yield "animated GIF of 100,000 frames", start + frame * 100_000 + b";"
    large = start[:6] + struct.pack("<HH", 30_000, 30_000) + start[10:]
    yield "animated GIF on a wide canvas", large + frame * 50 + b";"
    yield "animated APNG that declares 2 billion frames", _apng(2_000_000_000)
    yield "TIFF of 20,000 pages", _tiff_pages(20_000)
    yield "TIFF that is its own next page", _tiff_pages(1, circular=True)


def _apng(frames: int) -> bytes:
    return png(8, 8, 8, 0, zeros(72), before=chunk(b"acTL", struct.pack(">II", frames, 0)))


def _tiff_pages(count: int, *, circular: bool = False) -> bytes:
    tags = ((256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 1), (279, 1))
    size = 2 + 12 * len(tags) + 4
    entries = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    pages = [entries + struct.pack("<I", 9 + size * (n + 1) if n + 1 < count else 9 * circular) for n in range(count)]
    return b"II*\0" + struct.pack("<I", 9) + b"\0" + b"".join(pages)


def _bombs() -> Iterator[tuple[str, bytes]]:
    little = zlib.compress(bytes(100_000))
    yield "bomb PNG 50,000 x 50,000", png(50_000, 50_000, 8, 2, little)
    yield "bomb PNG of the largest size", png(2**31 - 1, 2**31 - 1, 8, 2, little)
    yield "bomb PNG interlaced", png(40_000, 40_000, 16, 6, little, interlace=1)
    yield "bomb PNG data beyond its size", png(4, 4, 8, 2, zeros(200_000_000))
    inflated = zlib.compress(bytes(60_000_000), 9)
    yield "bomb PNG text", png(8, 8, 8, 0, zeros(72), before=chunk(b"zTXt", b"x\0\0" + inflated))
    yield "bomb PNG text many times", png(8, 8, 8, 0, zeros(72), before=chunk(b"zTXt", b"x\0\0" + inflated) * 50)
    yield "bomb PNG profile", png(8, 8, 8, 0, zeros(72), before=chunk(b"iCCP", b"x\0\0" + inflated))
    yield "bomb PNG of 200,000 chunks", png(8, 8, 8, 0, zeros(72), before=chunk(b"teSt", b"") * 200_000)
    yield "bomb JPEG 65,500 x 65,500", _resized_jpeg(65_500, 65_500)
    yield "bomb JPEG of 2,000 scans", scan_bomb(6_000, 6_000, 2_000)
    yield "bomb JPEG of 200,000 scans", scan_bomb(64, 64, 200_000)
    yield (
        "bomb GIF canvas",
        b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + bytes(3) + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;",
    )
    wide = bytearray(encoded(Image.new("RGB", (16, 16)), "WEBP", lossless=True))
    wide[21:25] = struct.pack("<I", 0x3FFF | 0x3FFF << 14)
    yield "bomb WebP 16,384 x 16,384", bytes(wide)
    yield (
        "bomb BMP 60,000 x 60,000",
        bmp_run_length(60_000, 200)[:18] + struct.pack("<ii", 60_000, 60_000) + bytes(999),
    )
    tiff = encoded(Image.new("L", (8, 8)), "TIFF")
    yield "bomb TIFF size", tiff.replace(struct.pack("<HHII", 256, 4, 1, 8), struct.pack("<HHII", 256, 4, 1, 2**31))
    yield "bomb TIFF tag count", b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 256, 4, 2**32 - 1, 8) + bytes(4)
    yield "bomb AVIF size", _replace_ispe(encoded(photograph(), "AVIF"), 60_000, 60_000)


def _replace_ispe(avif: bytes, width: int, height: int) -> bytes:
    place = avif.index(b"ispe") + 8
    return avif[:place] + struct.pack(">II", width, height) + avif[place + 8 :]


def _broken_jpegs() -> Iterator[tuple[str, bytes]]:
    jpeg = encoded(photograph(), "JPEG", quality=90)
    scan = jpeg.index(b"\xff\xda")
    yield "broken JPEG header alone", jpeg[:20]
    yield "broken JPEG without data", jpeg[:scan]
    yield "broken JPEG without tables", jpeg[:2] + jpeg[jpeg.index(b"\xff\xc0") :]
    yield "broken JPEG without an end", jpeg[:-2]
    yield "broken JPEG taller than its data", _resized_jpeg(96, 1000)
    yield "broken JPEG data is zeros", jpeg[: scan + 14] + bytes(len(jpeg) - scan - 14)
    yield "broken JPEG lossless", _resized_jpeg(96, 128, 0xC3)
    yield "broken JPEG arithmetic", _resized_jpeg(96, 128, 0xC9)
    yield "broken JPEG of 12 bits", jpeg.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c")
    yield "broken JPEG of 255 components", jpeg.replace(b"\x00\x80\x00\x60\x03", b"\x00\x80\x00\x60\xff")


def _broken_others() -> Iterator[tuple[str, bytes]]:
    sound = encoded(photograph(), "PNG")
    yield "broken PNG checksum", sound[:40] + bytes([sound[40] ^ 255]) + sound[41:]
    yield "broken PNG without data", MAGIC["png"] + sound[8:33] + chunk(b"IEND", b"")
    yield "broken PNG chunk length", MAGIC["png"] + sound[8:33] + struct.pack(">I", 2**31 - 1) + b"IDAT" + bytes(50)
    yield "broken PNG data too short", png(64, 64, 8, 2, zlib.compress(bytes(100)))
    yield "broken PNG data is noise", png(64, 64, 8, 2, random.Random(3).randbytes(500))
    yield "broken PNG filter", png(8, 8, 8, 0, zlib.compress((b"\x09" + bytes(8)) * 8))
    yield "broken PNG colour type", png(8, 8, 8, 5, zlib.compress(bytes(72)))
    yield "broken GIF without frames", b"GIF89a\x10\0\x10\0\0\0\0;"
    yield "broken GIF code size", b"GIF89a\1\0\1\0\x80\0\0" + bytes(6) + b",\0\0\0\0\1\0\1\0\0\x0f\2D\1\0;"
    yield "broken GIF frame beyond the canvas", (b"GIF89a\1\0\1\0\x80\0\0" + bytes(6)
                                                 + b",\xff\xff\xff\xff\xff\xff\xff\xff\0\2\2D\1\0;")  # fmt: skip
    webp = encoded(photograph(), "WEBP")
    yield "broken WebP length", webp[:4] + b"\xff\xff\xff\x7f" + webp[8:]
    yield "broken WebP of unknown parts", webp[:12] + b"ABCD" + webp[16:]
    yield "broken TIFF offset", b"II*\0\xff\xff\xff\x7f"
    yield "broken BMP bits", (bmp := encoded(photograph(), "BMP"))[:28] + b"\x07\x00" + bmp[30:]
    yield "broken AVIF header alone", encoded(photograph(), "AVIF")[:60]


def _kinds() -> dict[str, bytes]:
    plain = photograph()
    return {
        "JPEG": encoded(plain, "JPEG", quality=90),
        "progressive JPEG": encoded(plain, "JPEG", quality=90, progressive=True),
        **{kind: encoded(plain, kind) for kind in ("PNG", "WEBP", "GIF", "TIFF", "AVIF", "BMP")},
    }


def _truncated() -> Iterator[tuple[str, bytes]]:
    for kind, data in _kinds().items():
        for share in range(1, 20):
            yield f"truncated {kind} {share}/20", data[: len(data) * share // 20]


def _flipped() -> Iterator[tuple[str, bytes]]:
    for kind, whole in _kinds().items():
        rng = random.Random(kind)
        for turn in range(20):
            data = bytearray(whole)
            for _ in range(rng.randint(1, 8)):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            yield f"flipped {kind} {turn}", bytes(data)


def _random() -> Iterator[tuple[str, bytes]]:
    rng = random.Random(4)
    yield "noise", rng.randbytes(4096)
    for kind, magic in MAGIC.items():
        for turn in range(5):
            yield f"noise after {kind} {turn}", magic + rng.randbytes(2000)
