from __future__ import annotations

import gzip
import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image
from scrapy.exceptions import DownloadCancelledError, ResponseDataLossError

from manifests.reasons import FetchReason
from scrapers.incoming import HEAD_BYTES, HELD_BYTES, Incoming
from scrapers.outcomes import Outcome
from tests.scrapers.gateway import jpeg


def _received(folder: Path, data: bytes, encoding: str = "", piece: int = 7) -> Incoming:
    folder.mkdir(exist_ok=True)
    incoming = Incoming(folder, 100_000)
    incoming.begin(None, encoding)
    for at in range(0, len(data), piece):
        if not incoming.write(data[at : at + piece]):
            break
    incoming.end()
    incoming.settle()
    return incoming


def _encoded(format_name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, format_name, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("piece", [1, 7, 1_000_000])
def test_a_picture_goes_to_its_part_file_and_is_hashed(tmp_path: Path, piece: int) -> None:
    data = jpeg(1)
    incoming = _received(tmp_path / "parts", data, piece=piece)
    assert incoming.path is not None and incoming.path.read_bytes() == data and incoming.head == b""
    assert incoming.image_id == hashlib.sha256(data).hexdigest() and incoming.size == len(data)
    incoming.discard()
    assert list((tmp_path / "parts").iterdir()) == []


def test_a_large_picture_goes_to_its_part_file_as_it_arrives(tmp_path: Path) -> None:
    incoming = Incoming(tmp_path, 10**7)
    incoming.begin(None, "")
    data = jpeg(1) + bytes(3 * HELD_BYTES)
    for at in range(0, len(data), 1000):
        incoming.write(data[at : at + 1000])
        written = incoming.path.stat().st_size if incoming.path else 0
        assert incoming.size - written <= HELD_BYTES, "memory is bounded"
    incoming.end()
    incoming.settle()
    assert incoming.path is not None and incoming.path.read_bytes() == data
    assert incoming.image_id == hashlib.sha256(data).hexdigest()


def test_the_ending_is_by_the_bytes_and_a_file_cut_short_is_a_picture(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    animated = _encoded("GIF", save_all=True, append_images=frames)
    for data, suffix in (
        (jpeg(1), ".jpg"),
        (_encoded("PNG"), ".png"),
        (animated, ".gif"),
        (jpeg(1)[:-200], ".jpg"),
        (jpeg(1)[:24], ".jpg"),
        (jpeg(1)[:5], ".jpg"),
    ):
        assert _received(tmp_path, data).judge(10**6) == suffix


@pytest.mark.parametrize(
    ("data", "reason", "words"),
    [
        (b"", FetchReason.NOT_IMAGE, "empty"),
        (b" \n", FetchReason.NOT_IMAGE, "empty"),
        (b"<!doctype html><title>soon</title>", FetchReason.NOT_IMAGE, "web page"),
        (b'\xef\xbb\xbf{"error": 1}', FetchReason.NOT_IMAGE, "JSON"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', FetchReason.NOT_IMAGE, "SVG"),
        (bytes(20_000), FetchReason.NOT_IMAGE, "unknown bytes"),
        (b"\x00\x00\x00\x1cftypisom" + bytes(32), FetchReason.VIDEO, "film"),
    ],
)
def test_what_is_no_picture_has_its_reason_and_no_file(
    tmp_path: Path, data: bytes, reason: FetchReason, words: str
) -> None:
    incoming = _received(tmp_path / "parts", data)
    judged = incoming.judge(10**6)
    assert isinstance(judged, Outcome) and judged.reason is reason and words in judged.detail
    assert incoming.path is None and list((tmp_path / "parts").iterdir()) == []


def test_too_many_pixels_by_the_header(tmp_path: Path) -> None:
    incoming = _received(tmp_path, jpeg(1, (60, 90)))
    judged = incoming.judge(5399)
    assert isinstance(judged, Outcome) and judged.reason is FetchReason.TOO_LARGE
    assert incoming.judge(5400) == ".jpg"


def test_reading_stops_where_no_picture_can_come(tmp_path: Path) -> None:
    incoming = Incoming(tmp_path, 10**9)
    incoming.begin(None, "")
    pieces = 0
    while incoming.write(b"<p>page" * 1000):
        pieces += 1
    assert pieces == HEAD_BYTES // 7000 and len(incoming.head) < HEAD_BYTES + 7000


def test_too_many_bytes_declared_sent_or_unpacked(tmp_path: Path) -> None:
    incoming = Incoming(tmp_path, 1000)
    with pytest.raises(DownloadCancelledError, match="1001 bytes declared"):
        incoming.begin(1001, "")
    incoming.begin(None, "")
    with pytest.raises(DownloadCancelledError, match="more than 1000"):
        for _ in range(1000):
            incoming.write(jpeg(1)[:100])
    incoming.begin(None, "gzip")
    with pytest.raises(DownloadCancelledError, match="more than 1000"):
        incoming.write(gzip.compress(jpeg(1)[:20] + bytes(50_000_000)))
    assert incoming.size == 1001, "no more is unpacked than is needed to know"
    incoming.discard()
    assert list(tmp_path.iterdir()) == []


def test_packing_that_nobody_asked_for_is_undone(tmp_path: Path) -> None:
    incoming = _received(tmp_path, gzip.compress(jpeg(1)), "gzip")
    assert incoming.path is not None and incoming.path.read_bytes() == jpeg(1)
    with pytest.raises(ResponseDataLossError, match="breaks off"):
        _received(tmp_path, gzip.compress(jpeg(1))[:-50], "gzip")
    with pytest.raises(ResponseDataLossError, match="broken"):
        _received(tmp_path, jpeg(1), "gzip")


def test_another_attempt_begins_anew(tmp_path: Path) -> None:
    incoming = Incoming(tmp_path, 100_000)
    for data in (jpeg(1)[:100], jpeg(2)):
        incoming.begin(len(data), "")
        incoming.write(data)
    incoming.end()
    incoming.settle()
    assert incoming.path is not None and incoming.path.read_bytes() == jpeg(2)
    assert incoming.image_id == hashlib.sha256(jpeg(2)).hexdigest()
    assert list(tmp_path.iterdir()) == [incoming.path]
