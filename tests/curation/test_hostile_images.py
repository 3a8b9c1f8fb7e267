from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from manifests.decoding import MAX_PIXELS
from manifests.reasons import ImageReason
from tests.heavy_images import heavy_images
from tests.hostile_images import hostile_images

WORKER = """
import json, sys, time, warnings
from curation.inspect import measure
from manifests.decoding import MAX_PIXELS, ImageError, decode
from tests.heavy_images import heavy_images
from tests.hostile_images import hostile_images

def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) / 1024

warnings.simplefilter("ignore")
for name, data in hostile_images() if sys.argv[1] == "hostile" else [(sys.argv[2], sys.stdin.buffer.read())]:
    begun = time.process_time()
    found = measure(data, MAX_PIXELS)
    spent = time.process_time() - begun
    try:
        decode(data)
        decoded = True
    except ImageError:
        decoded = False
    reason = found.reason and found.reason.value
    print(json.dumps([name, reason, found.detail, found.phash is not None, spent, decoded, peak()]), flush=True)
"""


def run_worker(root: Path, *arguments: str, data: bytes = b"") -> list[list[object]]:
    command = [sys.executable, "-c", WORKER, *arguments]
    done = subprocess.run(command, input=data, stdout=subprocess.PIPE, cwd=root, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def answers(root: Path) -> dict[str, list[object]]:
    """What inspection says of every hostile picture, in a process of its own, so that its memory can be told."""
    return {str(row[0]): row for row in run_worker(root, "hostile")}


def test_every_picture_ends_with_a_measurement_or_a_reason(answers: dict[str, list[object]]) -> None:
    assert answers.keys() == dict(hostile_images()).keys() and len(answers) > 400
    for name, reason, detail, measured, *_ in answers.values():
        assert (reason is None) == bool(measured) == (detail == ""), name
        assert "\n" not in str(detail) and " at 0x" not in str(detail), name  # an address would change from run to run


def test_none_takes_a_second_or_500_megabytes(answers: dict[str, list[object]]) -> None:
    slowest = max(answers.values(), key=lambda row: float(str(row[4])))
    assert float(str(slowest[4])) < 1, slowest
    assert max(float(str(row[6])) for row in answers.values()) < 500


def test_labelling_accepts_what_inspection_kept_and_nothing_else(answers: dict[str, list[object]]) -> None:
    for name, reason, _, _, _, decoded, _ in answers.values():
        assert decoded == (reason in (None, ImageReason.ANIMATED)), name


EXPECTED = {
    "empty": "undecodable", "HTML": "undecodable", "SVG of entities": "undecodable", "PDF": "undecodable",
    "ICO": "undecodable", "JPEG 2000": "undecodable", "heic": "undecodable", "zip": "undecodable",
    "EXIF orientation 6": None, "EXIF corrupt": None, "EXIF of noise": None, "ICC junk": None,
    "CMYK JPEG": None, "YCCK JPEG": None, "16-bit grey PNG": None, "16-bit RGB PNG": None, "1-bit PNG": None,
    "palette and alpha PNG": None, "float TIFF of nothing finite": None, "interlaced PNG": None, "JPEG twice": None,
    "JPEG with 100,000 comments": "too_large", "JPEG with fill bytes": "too_large",
    "JPEG with a comment of 10 MB": None, "shape 1x65500 JPEG": None, "shape 0x0 PNG": "undecodable",
    "shape 1x1 JPEG": None, "shape 1x1000000 PNG": None, "flat white": None,
    "animated GIF": "animated", "animated APNG": "animated", "animated WebP": "animated", "animated AVIF": "animated",
    "animated TIFF": "animated", "animated MPO": None, "animated GIF of 100,000 frames": "animated",
    "TIFF of 20,000 pages": "animated", "TIFF that is its own next page": None,
    "bomb PNG 50,000 x 50,000": "too_large", "bomb PNG data beyond its size": None, "bomb PNG text": "undecodable",
    "bomb PNG of 200,000 chunks": "too_large", "bomb JPEG 65,500 x 65,500": "too_large",
    "bomb JPEG of 2,000 scans": "too_large", "bomb JPEG of 200,000 scans": "too_large",
    "bomb GIF canvas": "too_large", "bomb WebP 16,384 x 16,384": "too_large", "bomb TIFF size": "too_large",
    "broken JPEG without data": "undecodable", "broken JPEG without an end": "undecodable",
    "broken PNG data too short": "undecodable", "broken GIF frame beyond the canvas": "too_large",
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_reason(name: str, answers: dict[str, list[object]]) -> None:
    assert answers[name][1] == EXPECTED[name]


def test_nothing_cut_off_passes_for_a_picture(answers: dict[str, list[object]]) -> None:
    cut = [row for name, row in answers.items() if name.startswith("truncated")]
    assert len(cut) == 8 * 19
    assert {row[1] for row in cut} == {ImageReason.UNDECODABLE}


@pytest.mark.slow
def test_the_costliest_pictures_within_the_limit_stay_within_500_megabytes(root: Path) -> None:
    seen = set()
    for name, data in heavy_images(MAX_PIXELS):
        ((_, reason, _, _, spent, _, peak),) = run_worker(root, "one", name, data=data)
        seen.add(reason)
        assert float(str(peak)) < 500, name
        assert float(str(spent)) < 2, name  # one second on a machine that does nothing else
    assert seen == {None, "too_large"}
