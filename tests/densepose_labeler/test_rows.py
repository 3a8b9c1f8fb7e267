from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from densepose_labeler import zoo
from densepose_labeler.decoding_ahead import Decoded
from densepose_labeler.label_sets import Options, ResolvedSet
from densepose_labeler.rows import label_batch
from manifests.instances import Instance
from manifests.reasons import LabelStatus


def _choosy(images: Sequence[np.ndarray]) -> list[tuple[Instance, ...]]:
    """Finds nobody in black pictures, one person in others, and refuses a batch with a narrow picture."""
    if any(image.shape[1] < 3 for image in images):
        raise ValueError("too narrow\nfor me")
    person = Instance((0, 0, 2, 2), 0.5, (0, 0, 2, 2), np.ones((2, 2, 3), np.uint8))
    return [(person,) if image.any() else () for image in images]


def test_every_picture_gets_its_row_and_a_refused_one_costs_no_other(tmp_path: Path) -> None:
    (tmp_path / "weights.safetensors").write_bytes(b"")
    one = ResolvedSet("named", zoo.get("embedded"), Options(0.5, False, 1), tmp_path / "weights.safetensors")
    batch = [
        Decoded("person", np.ones((5, 4, 3), np.uint8), "", 0.0),
        Decoded("broken", None, "undecodable: cut", 0.0),
        Decoded("narrow", np.ones((5, 1, 3), np.uint8), "", 0.0),
        Decoded("black", np.zeros((5, 4, 3), np.uint8), "", 0.0),
    ]
    rows = {row.image_id: row for row in label_batch(one, _choosy, batch)}
    assert {image_id: row.status for image_id, row in rows.items()} == {
        "person": LabelStatus.OK,
        "broken": LabelStatus.ERROR,
        "narrow": LabelStatus.ERROR,
        "black": LabelStatus.NO_PERSON,
    }
    assert rows["narrow"].error == "not labelled: too narrow for me"
    assert (rows["narrow"].width, rows["narrow"].height) == (1, 5)
    assert (rows["broken"].width, rows["broken"].error) == (None, "undecodable: cut")
    assert rows["person"].error is None
    assert {(row.model, row.fingerprint) for row in rows.values()} == {("named", one.fingerprint)}
    assert len(rows["person"].instances) == 1
