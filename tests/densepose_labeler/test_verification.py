from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from densepose_labeler.planning import LabelError
from densepose_labeler.verification import Verification, compare, verify
from manifests.instances import Instance
from tests.densepose_labeler.small_world import World, add_pictures, picture, write_table


def _person(x: float = 10.25, y: float = 20.25, score: float = 0.9) -> Instance:
    """40 x 50 pixels whose middle 20 x 50 are body."""
    iuv = np.zeros((50, 40, 3), np.uint8)
    iuv[:, 10:30] = np.random.default_rng(int(x)).integers(1, 25, (50, 20, 3))
    return Instance((x, y, x + 40.5, y + 50.5), score, (int(x), int(y), 40, 50), iuv)


def _changed(one: Instance, row: int, column: int, channel: int, by: int) -> Instance:
    iuv = one.iuv.copy()
    iuv[row, column, channel] = (int(iuv[row, column, channel]) + by) % 25
    return replace(one, iuv=iuv)


def test_the_same_people_in_another_order_agree() -> None:
    people = [_person(), _person(200.25, score=0.8), _person(30.25, score=0.7)]
    result = compare("a", people, people[::-1])
    assert result.within_tolerances
    assert (result.persons, result.matched, result.regridded) == ((3, 3), 3, 0)
    assert (result.box, result.coordinates, result.agreement) == (0.0, 0, 1.0)
    assert result.foreground == result.agreeing == 3 * 50 * 20


def test_nobody_on_either_side_agrees_and_somebody_on_one_does_not() -> None:
    assert compare("a", [], []).within_tolerances
    assert compare("a", [], []).agreement == 1.0
    assert not compare("a", [_person()], []).within_tolerances
    assert not compare("a", [], [_person()]).within_tolerances
    elsewhere = compare("a", [_person()], [_person(100.25)])
    assert (elsewhere.persons, elsewhere.matched) == ((1, 1), 0)
    assert not elsewhere.within_tolerances


def test_a_box_may_differ_by_a_twentieth_of_a_pixel() -> None:
    one = _person()
    x0, y0, x1, y1 = one.box
    near, far = (replace(one, box=(x0, y0, x1 + by, y1)) for by in (0.04, -0.06))
    assert compare("a", [one], [near]).within_tolerances
    result = compare("a", [one], [far])
    assert result.box == pytest.approx(0.06)
    assert not result.within_tolerances


def test_one_pixel_in_a_thousand_may_have_another_part() -> None:
    one = _person()  # of 1000 foreground pixels
    other = _changed(one, 5, 15, 0, 1)
    assert compare("a", [one], [other]).agreement == pytest.approx(0.999)
    assert compare("a", [one], [other]).within_tolerances
    assert not compare("a", [one], [_changed(other, 6, 15, 0, 1)]).within_tolerances


def test_background_on_one_side_alone_is_disagreement() -> None:
    one = _person()
    iuv = one.iuv.copy()
    iuv[:, 30] = (7, 1, 1)  # fifty pixels more
    result = compare("a", [one], [replace(one, iuv=iuv)])
    assert (result.foreground, result.agreeing) == (1050, 1000)


def test_coordinates_may_differ_by_one_step_where_the_part_is_the_same() -> None:
    one = replace(_person(), iuv=np.full((50, 40, 3), 9, np.uint8))
    step, two = _changed(one, 5, 15, 1, -1), _changed(one, 5, 15, 2, -2)
    assert compare("a", [one], [step]).coordinates == 1
    assert compare("a", [one], [step]).within_tolerances
    assert compare("a", [one], [two]).coordinates == 2
    assert not compare("a", [one], [two]).within_tolerances
    elsewhere = _changed(_changed(one, 5, 15, 0, 1), 5, 15, 2, 6)
    assert compare("a", [one], [elsewhere]).coordinates == 0


def test_boxes_on_both_sides_of_a_whole_pixel_are_told_apart_from_differences() -> None:
    one = replace(_person(), box=(10.25, 20.25, 50.75, 70.25))
    moved = replace(one, box=(10.25, 20.26, 50.75, 70.25), iuv_box=(10, 20, 40, 49), iuv=one.iuv[1:])
    result = compare("a", [one], [moved])
    assert (result.matched, result.regridded, result.foreground) == (1, 1, 0)
    assert Verification((result,)).within_tolerances
    assert not Verification((result, result)).within_tolerances  # once is chance


def test_an_engine_agrees_with_itself_on_the_first_pictures_that_decode(world: World) -> None:
    ids = add_pictures(world, [picture(n) for n in range(4)] + [b"\xff\xd8\xff not a picture"])
    write_table(world)
    told: list[tuple[str, int, int]] = []
    result = verify(
        world.dataset, "tiny", world.config(score_threshold=0.0), 3, "engine", progress=lambda *one: told.append(one)
    )
    assert [image.image_id for image in result.images] == sorted(ids[:4])[:3]
    assert all(image.persons == (3, 3) and image.agreement == 1.0 and image.box == 0.0 for image in result.images)
    assert result.within_tolerances
    assert told[-1] == ("verify tiny", 3, 3)
    assert not (world.dataset / "labels").exists()


def test_where_nobody_is_found_nothing_is_verified(world: World) -> None:
    add_pictures(world, [picture(0)])
    with pytest.raises(LabelError, match="finds nobody on 1 images"):
        verify(world.dataset, "tiny", world.config(score_threshold=0.999), 3, "engine")
