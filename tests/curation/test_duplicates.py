from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from curation.config import CurationConfig
from curation.duplicates import mark_duplicates
from curation.inspect import measure
from curation.neighbours import Neighbours
from curation.records import ImageRecord
from manifests.reasons import CopyKind, ImageReason
from tests.curation.conftest import encode, record

RED, BLUE = bytes([200, 20, 20] * 144), bytes([20, 20, 200] * 144)


def marked(*images: ImageRecord, radius: int = 4) -> dict[str, str | None]:
    found = list(mark_duplicates(images, Neighbours(images, radius, 5.0)))
    assert [one.image_id for one in found] == [one.image_id for one in images]
    assert all((one.reason is ImageReason.NEAR_DUPLICATE) == (one.duplicate_of is not None) for one in found)
    return {one.image_id: one.duplicate_of for one in found}


def test_the_largest_copy_stays() -> None:
    small, large = record("a", size=(300, 400), file_size=9000), record("b", size=(600, 800), phash=3, file_size=100)
    assert marked(small, large) == {"a": "b", "b": None}


def test_of_one_size_the_least_compressed_stays_then_the_smaller_id() -> None:
    assert marked(record("a", file_size=10), record("b", file_size=20)) == {"a": "b", "b": None}
    assert marked(record("b"), record("a")) == {"b": "a", "a": None}


def test_another_colour_is_no_duplicate() -> None:
    assert marked(record("a", colours=RED), record("b", colours=BLUE)) == {"a": None, "b": None}


def test_beyond_the_radius_is_no_duplicate() -> None:
    assert marked(record("a", phash=0), record("b", phash=0b11111)) == {"a": None, "b": None}


def test_similarity_is_not_passed_along_a_chain() -> None:
    chain = [record("a", phash=0), record("b", phash=0b1111), record("c", phash=0b11111111)]
    assert marked(*chain) == {"a": None, "b": "a", "c": None}


def test_what_is_dropped_already_takes_no_part() -> None:
    gone = replace(record("z", size=(9000, 9000)), reason=ImageReason.TOO_SMALL)
    found = list(mark_duplicates([record("a"), gone], Neighbours([record("a"), gone], 4, 5.0)))
    assert [(one.reason, one.duplicate_of) for one in found] == [(None, None), (ImageReason.TOO_SMALL, None)]


def test_a_placeholder_seen_thousands_of_times() -> None:
    images = [record(f"{n:05}") for n in range(2000)]
    found = marked(*images)
    assert found.pop("00000") is None
    assert set(found.values()) == {"00000"}


def test_a_mirrored_copy_is_found_in_the_same_colours_only() -> None:
    half = bytes([200, 20, 20] * 6 + [20, 20, 200] * 6) * 12
    other_half = bytes([20, 20, 200] * 6 + [200, 20, 20] * 6) * 12
    one = record("a", phash=0xF0F0, mirrored=0x0F0F << 32, colours=half)
    copy = record("b", phash=0x0F0F << 32 | 1, mirrored=0xF0F0, colours=other_half)
    (kept, dropped) = mark_duplicates([one, copy], Neighbours([one, copy], 4, 4.0))
    assert kept.duplicate_of is None
    assert (dropped.duplicate_of, dropped.duplicate_kind, dropped.duplicate_distance) == ("a", CopyKind.MIRRORED, 0)
    recoloured = replace(copy, inspection=replace(copy.inspection, colours=half))
    assert marked(one, recoloured) == {"a": None, "b": None}


def test_how_a_copy_was_found_is_recorded() -> None:
    images = [record("a"), record("b", phash=0b11), record("c", phash=0b1111)]
    found = list(mark_duplicates(images, Neighbours(images, 4, 4.0)))
    told = [(one.duplicate_of, one.duplicate_kind, one.duplicate_distance) for one in found]
    assert told == [(None, None, None), ("a", CopyKind.NEAR, 2), ("a", CopyKind.NEAR, 4)]


def test_real_copies_are_found_and_other_colours_are_not(root: Path) -> None:
    """A picture of the demo shops re-encoded, made smaller, mirrored; and with the garment in a darker colour."""
    with Image.open(root / "demo" / "pictures" / "zara-men-t-shirt-navy-front.jpg") as opened:
        image = opened.convert("RGB")
    with Image.open(root / "demo" / "truth" / "zara-men-t-shirt-navy-front.png") as truth:
        torso = np.isin(np.asarray(truth), (1, 2))
    darker = np.asarray(image).copy()
    darker[torso] = darker[torso] * 0.55
    half = (image.width // 2, image.height // 2)
    mirror = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    files = {
        "a": encode(image, "JPEG", quality=92), "b": encode(image, "JPEG", quality=40),
        "c": encode(image.resize(half, Image.Resampling.LANCZOS)), "d": encode(mirror),
        "e": encode(Image.fromarray(darker), "JPEG", quality=91),
    }  # fmt: skip
    images = [ImageRecord(name, name, record(name).sightings, measure(data, 10**7)) for name, data in files.items()]
    defaults = CurationConfig()
    found = list(mark_duplicates(images, Neighbours(images, defaults.hamming_radius, defaults.colour_distance)))
    assert {one.image_id: one.duplicate_kind for one in found} == {
        "a": None, "b": CopyKind.NEAR, "c": CopyKind.NEAR, "d": CopyKind.MIRRORED, "e": None,
    }  # fmt: skip
