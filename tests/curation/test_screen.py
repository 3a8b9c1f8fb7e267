from __future__ import annotations

from pathlib import Path

import pytest

from curation.config import ScreenConfig
from curation.errors import CurationError
from curation.screen import Person, judge, read_people
from manifests.labels import LabelRow, LabelSet
from manifests.reasons import Facing, ImageReason, LabelStatus, View
from tests.curation.conftest import STANDING, person, write_labels

CONFIG = ScreenConfig()


def seen(
    parts: tuple[int, ...] = STANDING, score: float = 0.9, height: float = 0.8, pixels: int = 100, top: float = 0.0
) -> Person:
    counts = [0] * 25
    for part in parts:
        counts[part] = pixels
    return Person(score, top, top + height, 100_000, tuple(counts))


@pytest.mark.parametrize(
    ("view", "people", "expected"),
    [
        (View.MODEL, [seen()], (View.MODEL, None)),
        (View.UNKNOWN, [seen()], (View.MODEL, None)),
        (View.DETAIL, [seen()], (View.DETAIL, None)),
        (View.PACKSHOT, [seen()], (View.PACKSHOT, ImageReason.PACKSHOT)),
        (View.PACKSHOT, [], (View.PACKSHOT, ImageReason.PACKSHOT)),
        (View.UNKNOWN, [], (View.UNKNOWN, ImageReason.NO_PERSON)),
        (View.MODEL, [], (View.MODEL, ImageReason.NO_PERSON)),
        (View.MODEL, [seen(score=0.4)], (View.MODEL, ImageReason.NO_PERSON)),
        (View.MODEL, [seen(parts=())], (View.MODEL, ImageReason.NO_PERSON)),
        (View.UNKNOWN, [seen(height=0.2)], (View.MODEL, ImageReason.TOO_SMALL)),
        (View.UNKNOWN, [seen(parts=(5, 6, 11, 12))], (View.DETAIL, ImageReason.CROPPED)),
        (View.MODEL, [seen(parts=(1, 2, 15, 16))], (View.MODEL, ImageReason.CROPPED)),
        (View.MODEL, [seen(parts=(1, 2, 15, 19))], (View.MODEL, None)),
        (View.UNKNOWN, [seen(top=0.05)], (View.MODEL, None)),
        (View.UNKNOWN, [seen(parts=(2, 9, 10, 15, 16, 19, 20), top=0.05)], (View.PACKSHOT, ImageReason.PACKSHOT)),
        (View.UNKNOWN, [seen(parts=(2, 9, 10, 15, 16, 19, 20), top=0.0)], (View.MODEL, None)),  # cut by the frame
        (View.MODEL, [seen(parts=(2, 9, 10, 15, 16, 19, 20), top=0.05)], (View.MODEL, None)),  # the shop's word
        (View.UNKNOWN, [seen(height=0.1, pixels=10), seen(pixels=500)], (View.MODEL, None)),
        (View.UNKNOWN, [seen(score=0.99, parts=(5,), pixels=10), seen(score=0.6)], (View.MODEL, None)),
    ],
)
def test_verdicts(view: View, people: list[Person], expected: tuple[View, ImageReason | None]) -> None:
    verdict = judge(view, people, CONFIG)
    assert (verdict.view, verdict.reason) == expected
    assert verdict.persons == sum(one.score >= 0.5 and one.body_pixels > 0 for one in people)


def test_thresholds_are_the_configurations() -> None:
    detail = [seen(parts=(5, 6), height=0.1, score=0.3)]
    assert judge(View.UNKNOWN, detail, CONFIG).reason is ImageReason.NO_PERSON
    lenient = judge(View.UNKNOWN, detail, ScreenConfig(min_score=0.3, min_regions=1, min_person_height=0.1))
    assert (lenient.view, lenient.reason) == (View.MODEL, None)


def test_what_was_seen_is_told_whatever_the_verdict() -> None:
    flat = judge(View.PACKSHOT, [seen()], CONFIG)
    assert (flat.reason, flat.persons, flat.facing) == (ImageReason.PACKSHOT, 1, Facing.FRONT)
    small = judge(View.MODEL, [seen(height=0.1, pixels=10), seen(score=0.2)], CONFIG)
    assert small.reason is ImageReason.TOO_SMALL and small.person_height == pytest.approx(0.1)
    assert small.person_share == pytest.approx(len(STANDING) * 10 / 100_000)
    nobody = judge(View.MODEL, [], CONFIG)
    assert (nobody.persons, nobody.person_share, nobody.regions, nobody.head_cut) == (0, None, None, None)


@pytest.mark.parametrize(
    ("front", "back", "expected"),
    [(90, 10, Facing.FRONT), (75, 25, Facing.FRONT), (74, 26, Facing.SIDE), (50, 50, Facing.SIDE),
     (26, 74, Facing.SIDE), (25, 75, Facing.BACK), (0, 1, Facing.BACK), (0, 0, Facing.UNKNOWN)],
)  # fmt: skip
def test_front_and_back_by_the_torso(front: int, back: int, expected: Facing) -> None:
    counts = [0, back, front, *[10] * 22]
    assert Person(0.9, 0.0, 1.0, 1000, tuple(counts)).facing(0.75) is expected


def test_what_the_frame_cuts_off() -> None:
    legs, bust = (5, 6, 9, 10, 13, 14), (2, 15, 16, 23, 24)
    expected = {
        (STANDING, 0.0, 1.0): (False, False),  # touching the edges, but all there
        (legs, 0.0, 0.9): (True, False),
        (legs, 0.1, 0.8): (False, False),  # a model that hides behind a bag is not cut by the frame
        (bust, 0.1, 0.9): (False, True),
        (bust, 0.1, 0.6): (False, False),
        ((2, 15, 16), 0.01, 0.98): (True, True),
    }
    for (parts, top, height), cut in expected.items():
        verdict = judge(View.MODEL, [seen(parts, top=top, height=height)], CONFIG)
        assert (verdict.head_cut, verdict.feet_cut) == cut, (parts, top, height)


def test_a_few_pixels_are_no_region() -> None:
    counts = [0] * 25
    counts[2], counts[23], counts[17], counts[3] = 1000, 9, 500, 20
    one = Person(0.9, 0.0, 1.0, 10_000, tuple(counts))
    assert one.regions(0.01) == ["torso", "hands", "upper arms"]
    assert one.regions(0.0) == ["torso", "hands", "upper arms", "head"]


def test_people_are_read_without_their_maps(tmp_path: Path) -> None:
    sure, shy = person(box=(100, 40, 220, 360)), person((23, 24), 0.4, (0, 0, 30, 40))
    write_labels(tmp_path, {"a": (sure, shy), "b": (), "c": (sure,)})
    found = read_people(LabelSet(tmp_path / "labels" / "embedded"), {"a", "b"})
    assert set(found) == {"a", "b"} and found["b"] == ()
    assert [(one.height, one.top) for one in found["a"]] == [pytest.approx((0.8, 0.1)), pytest.approx((0.1, 0.0))]
    assert found["a"][0].pixels == 320 * 400
    assert found["a"][0].score == pytest.approx(0.9)
    assert found["a"][0].part_pixels == tuple(sure.part_pixels.tolist())


def test_unlabelled_images_are_told(tmp_path: Path) -> None:
    labels = LabelSet(tmp_path / "labels" / "embedded")
    with pytest.raises(CurationError, match="2 of 2 images have no labels"):
        read_people(labels, {"a", "b"})
    write_labels(tmp_path, {"a": ()})
    with pytest.raises(CurationError, match="1 of 2 images have no labels"):
        read_people(LabelSet(tmp_path / "labels" / "embedded"), {"a", "b"})


def test_failed_labels_are_told(tmp_path: Path) -> None:
    labels = LabelSet(tmp_path / "labels" / "embedded")
    labels.write_part(0, [LabelRow("a", "embedded", "w", "f", LabelStatus.ERROR, "out of memory", None, None)])
    with pytest.raises(CurationError, match="a: out of memory"):
        read_people(labels, {"a"})
