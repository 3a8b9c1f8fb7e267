"""Ground truth of a scene comes from bare bodies: checked on boxes, which need no body model."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

from tools.people.render import LAYERS, layers, picture, truth
from tools.people.scene import Background, Body, Camera, Light, Material, Mesh, Person, Scene

CAMERA = Camera((0.0, -6.0, 1.0), (0.0, 0.0, 1.0), 25.0, 48, 64)
LIGHTS = (Light("sun", strength=0.6, direction=(0.3, -0.8, 0.5)), Light("sky", strength=0.5))


def panel(x0, x1, z0, z1, y):
    points = np.array([[x0, y, z0], [x1, y, z0], [x1, y, z1], [x0, y, z1]], np.float32)
    return points, np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def person(x0, x1, y, part, dressed=True):
    points, faces = panel(x0, x1, 0.2, 1.8, y)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)[faces]
    body = Body(points, faces, np.full(2, part, np.uint8), uv)
    wide, wide_faces = panel(x0 - 0.2, x1 + 0.2, 0.1, 1.9, y - 0.05)
    cloth = Mesh("coat", wide, wide_faces, wide, Material("cloth", ((0.8, 0.1, 0.1),)))
    return Person(body, (cloth,) if dressed else ())


def scene(persons, props=()):
    return Scene(persons, CAMERA, LIGHTS, Background("gradient", ((0.9, 0.9, 0.9),) * 2, None), 1, props)


def test_clothes_change_the_picture_but_not_the_label():
    bare, dressed = scene((person(-0.3, 0.3, 0, 2, False),)), scene((person(-0.3, 0.3, 0, 2),))
    assert np.array_equal(truth(bare)[0], truth(dressed)[0])
    red = picture(dressed)[..., 0].astype(int) - picture(dressed)[..., 2] > 60
    labelled = truth(dressed)[0][..., 0] > 0
    assert red[labelled].all()
    assert (red & ~labelled).sum() > 100
    assert not (picture(bare)[..., 0].astype(int) - picture(bare)[..., 2] > 60).any()


def test_coordinates_run_along_the_corners_and_are_zero_outside():
    iuv, instance = truth(scene((person(-0.3, 0.3, 0, 2),)))
    inside = iuv[..., 0] == 2
    rows, columns = np.nonzero(inside)
    assert (np.diff(iuv[rows[0], columns.min() : columns.max(), 1].astype(int)) > 0).all()
    assert iuv[rows.min(), columns[0], 2] > 240 and iuv[rows.max(), columns[0], 2] < 15
    assert not iuv[~inside].any() and not instance[~inside].any()


def test_the_nearer_person_owns_the_pixel_and_props_hide_bodies():
    near, far = person(-0.1, 0.5, -0.5, 3), person(-0.5, 0.1, 0.5, 4)
    iuv, instance = truth(scene((far, near)))
    assert set(np.unique(instance)) == {0, 1, 2}
    assert (iuv[instance == 2, 0] == 3).all() and (iuv[instance == 1, 0] == 4).all()
    points, faces = panel(-1, 1, 0.0, 1.0, -1.0)
    box = Mesh("box", points, faces, points, Material("prop", ((0.2, 0.2, 0.2),)))
    hidden, _ = truth(scene((far, near), (box,)))
    assert (hidden[..., 0] > 0).sum() < 0.65 * (iuv[..., 0] > 0).sum()


def test_what_somebody_carries_hides_the_body_and_is_a_layer_of_its_own():
    alone = person(-0.3, 0.3, 0, 2)
    points, faces = panel(-0.1, 0.1, 0.5, 0.9, -0.3)
    bag = Mesh("bag", points, faces, points, Material("prop", ((0.2, 0.2, 0.2),)))
    laden = replace(alone, meshes=(*alone.meshes, bag))
    before, after = truth(scene((alone,)))[0][..., 0] > 0, truth(scene((laden,)))[0][..., 0] > 0
    layer = layers(scene((laden,)))
    assert {LAYERS[value] for value in np.unique(layer)} == {"background", "cloth", "prop"}
    assert np.array_equal(after, before & (layer != LAYERS.index("prop"))) and after.sum() < before.sum()
    assert ((layer == LAYERS.index("cloth")) & ~before).any()  # cloth beyond the body is seen, and is no body
    assert not layers(scene(())).any()


def test_a_scene_without_people_has_an_empty_label():
    iuv, instance = truth(scene(()))
    assert not iuv.any() and not instance.any()


def test_same_scene_same_bytes():
    one = scene((person(-0.3, 0.3, 0, 2),))
    assert picture(one).tobytes() == picture(scene((person(-0.3, 0.3, 0, 2),))).tobytes()
