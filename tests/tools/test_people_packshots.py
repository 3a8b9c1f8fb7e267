from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("anny", reason="rendering people needs anny (tools/README.md)")
pytest.importorskip("scipy")

from tools.people import dataset, packshots


def test_clothes_fill_the_frame_and_nobody_wears_them() -> None:
    assert packshots.FIRST_SEED > dataset.HELD_OUT
    clothes = packshots.wardrobe(packshots.FIRST_SEED + 900)
    shot = packshots.sample(clothes, 7, (72, 96))
    again = packshots.sample(clothes, 7, (72, 96))
    assert shot.image.tobytes() == again.image.tobytes()
    assert not shot.iuv.any() and not shot.instance.any() and shot.meta["persons"] == []
    other = packshots.sample(clothes, 8, (72, 96))
    assert np.abs(shot.image.astype(int) - other.image).mean() > 2


def test_a_garment_stands_on_the_floor_in_one_cloth() -> None:
    clothes = packshots.wardrobe(packshots.FIRST_SEED + 901)
    meshes = packshots.garment(clothes, np.random.default_rng(0))
    assert min(float(mesh.vertices[:, 2].min()) for mesh in meshes) == pytest.approx(0.0, abs=1e-5)
    assert all(mesh.material is meshes[0].material for mesh in meshes) and all(mesh.name != "skin" for mesh in meshes)
