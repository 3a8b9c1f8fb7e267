from __future__ import annotations

from dataclasses import replace

from curation.duplicates import mark_duplicates
from curation.neighbours import Neighbours
from curation.records import ImageRecord
from manifests.reasons import ImageReason
from tests.curation.conftest import record

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
