from __future__ import annotations

from pathlib import Path

import pytest

from curation.config import ScreenConfig
from curation.errors import CurationError
from curation.screen import Person, judge, read_people
from manifests.labels import LabelRow, LabelSet
from manifests.reasons import ImageReason, LabelStatus, View
from tests.curation.conftest import STANDING, person, write_labels

CONFIG = ScreenConfig()


def seen(
    parts: tuple[int, ...] = STANDING, score: float = 0.9, height: float = 0.8, pixels: int = 100, top: float = 0.0
) -> Person:
    counts = [0] * 25
    for part in parts:
        counts[part] = pixels
    return Person(score, height, top, tuple(counts))


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
    assert judge(view, people, CONFIG) == expected


def test_thresholds_are_the_configurations() -> None:
    detail = [seen(parts=(5, 6), height=0.1, score=0.3)]
    assert judge(View.UNKNOWN, detail, CONFIG)[1] is ImageReason.NO_PERSON
    lenient = ScreenConfig(min_score=0.3, min_regions=1, min_person_height=0.1)
    assert judge(View.UNKNOWN, detail, lenient) == (View.MODEL, None)


def test_a_few_pixels_are_no_region() -> None:
    counts = [0] * 25
    counts[2], counts[23], counts[17], counts[3] = 1000, 9, 500, 20
    one = Person(0.9, 1.0, 0.0, tuple(counts))
    assert one.regions(0.01) == ["torso", "hands", "upper arms"]
    assert one.regions(0.0) == ["torso", "hands", "upper arms", "head"]


def test_people_are_read_without_their_maps(tmp_path: Path) -> None:
    sure, shy = person(box=(100, 40, 220, 360)), person((23, 24), 0.4, (0, 0, 30, 40))
    write_labels(tmp_path, {"a": (sure, shy), "b": (), "c": (sure,)})
    found = read_people(LabelSet(tmp_path / "labels" / "embedded"), {"a", "b"})
    assert set(found) == {"a", "b"} and found["b"] == ()
    assert [(one.height, one.top) for one in found["a"]] == [(0.8, 0.1), (0.1, 0.0)]
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
