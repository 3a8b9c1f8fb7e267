"""A scene survives the way through a file, for readers that know nothing of its classes."""

from pathlib import Path

import numpy as np

from tools.cycles.exchange import load, save
from tools.people.fabrics import albedo
from tools.people.scene import Background, Body, Camera, Light, Material, Mesh, Person, Scene, Strands

TRIANGLE = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 1]], np.float32)
FACES = np.array([[0, 1, 2]], np.int32)


def _scene() -> Scene:
    cloth = Mesh("shirt", TRIANGLE, FACES, TRIANGLE, Material("cloth", ((0.1, 0.2, 0.3), (0.9, 0.9, 0.9)), "stripes"))
    skin = Mesh("skin", TRIANGLE + 1, FACES, TRIANGLE, Material("skin", ((0.8, 0.6, 0.5),)),
                np.zeros((1, 3, 2), np.float32), np.full((4, 4, 3), 7, np.uint8))  # fmt: skip
    strands = Strands("bob", np.zeros((5, 4, 3), np.float32), np.ones(5, np.float32), 0.0003, 0.0001,
                      Material("hair", ((0.2, 0.1, 0.1),)))  # fmt: skip
    body = Body(TRIANGLE, FACES, np.array([2], np.uint8), np.zeros((1, 3, 2), np.float32))
    person = Person(body, (skin, cloth), (strands,))
    return Scene((person,), Camera((0, -4, 1), (0, 0, 1), 22.0, 60, 80), (Light("sun"),), Background(), 9)


def test_everything_arrives(tmp_path: Path) -> None:
    save(_scene(), tmp_path / "scene.npz", albedo, 0.1)
    got = load(tmp_path / "scene.npz")
    assert [m["name"] for m in got.meta["meshes"]] == ["skin", "shirt"]
    assert got.meta["meshes"][1]["material"]["pattern"] == "stripes"
    assert got.meta["camera"] == {"eye": [0, -4, 1], "target": [0, 0, 1], "fov": 22.0, "width": 60, "height": 80}
    assert got.meta["bodies"] == 1
    np.testing.assert_array_equal(got.arrays["mesh0.vertices"], TRIANGLE + 1)
    np.testing.assert_array_equal(got.arrays["mesh0.texture"], np.full((4, 4, 3), 7))
    np.testing.assert_array_equal(got.arrays["body0.vertices"], TRIANGLE)
    assert got.arrays["mesh1.texture"].ndim == 3
    assert got.arrays["hair0.points"].shape == (5, 4, 3)


def test_without_fabrics_nothing_is_baked(tmp_path: Path) -> None:
    save(_scene(), tmp_path / "scene.npz", None, 0.0)
    assert load(tmp_path / "scene.npz").arrays["mesh1.texture"].shape == (1, 1, 3)
