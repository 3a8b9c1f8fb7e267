"""The same numbers as the official evaluation, on the same detections and annotations."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest

from densepose_labeler.metrics.matching import AREAS
from densepose_labeler.metrics.people import Matched, matched
from densepose_labeler.metrics.precision import Ranked, summary
from densepose_labeler.metrics.similarity import OFFICIAL_KAPPA, PAPER_KAPPA, point_similarity
from manifests.instances import Instance
from tests.densepose_labeler.metrics import golden_files


def _figures(likeness: str, matches: list[Matched]) -> dict[str, float]:
    scores = [one.scores for one in matches]
    ranked = {area: Ranked.gather([one.matchings[likeness][area] for one in matches], scores) for area in AREAS}
    return {name: float(value[0]) for name, value in summary(ranked, np.ones((1, len(matches)))).items()}


def _matches(reorder: Callable[[list[Instance]], list[Instance]] = lambda found: found) -> list[Matched]:
    surface, detections = golden_files.surface(), golden_files.detections()
    return [
        matched(
            reorder(detections.get(one.number, [])),
            one.people or (),
            [person.mask(one.height, one.width) for person in one.people or ()],
            (one.height, one.width),
            surface,
        )
        for one in golden_files.pictures()
    ]


@lru_cache
def _as_given() -> list[Matched]:
    return _matches()


@pytest.mark.parametrize("likeness", ["gps", "gpsm", "iou"])
def test_precision_and_recall(likeness: str) -> None:
    assert _figures(likeness, _as_given()) == pytest.approx(golden_files.results()[likeness], abs=1e-8)


def test_point_similarity_of_every_pair() -> None:
    detections, surface = golden_files.detections(), golden_files.surface()
    expected = golden_files.results()["similarities"]
    compared = 0
    for picture in golden_files.pictures():
        found = sorted(detections.get(picture.number, []), key=lambda one: -one.score)[:20]
        if found and picture.people:
            table = point_similarity(found, picture.people, surface, OFFICIAL_KAPPA)
            np.testing.assert_allclose(table, expected[str(picture.number)], atol=1e-8)
            compared += (table > 0.01).sum()
    assert compared > 20


def test_the_order_of_detections_does_not_matter() -> None:
    # of equally sure detections the first is the surer, so those keep their order
    reordered = _matches(lambda found: sorted(found, key=lambda one: one.score))
    for likeness in ("gps", "gpsm", "iou"):
        assert _figures(likeness, reordered) == pytest.approx(golden_files.results()[likeness], abs=1e-8)


def test_the_paper_is_another_measure() -> None:
    picture = next(one for one in golden_files.pictures() if one.number == 56)
    found = golden_files.detections()[56]
    official, paper = (
        point_similarity(found, picture.people or (), golden_files.surface(), kappa)
        for kappa in (OFFICIAL_KAPPA, PAPER_KAPPA)
    )
    assert (paper >= official - 1e-12).mean() > 0.5 and not np.allclose(paper, official)
