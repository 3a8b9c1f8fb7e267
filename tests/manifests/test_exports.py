from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import manifests
from manifests.exports import LAYOUTS, Layout, export, read, render
from manifests.palettes import PARULA, colourise, indices


def blobs() -> np.ndarray:
    """uint8 [120, 90, 3]: every part as a patch, borders at odd places of the JPEG's blocks."""
    parts = np.kron(np.arange(25, dtype=np.uint8).reshape(5, 5), np.ones((23, 17), np.uint8))
    flat = np.zeros((120, 90, 3), np.uint8)
    flat[3:118, 2:87, 0] = parts
    flat[..., 1:] = np.where(flat[..., :1] > 0, (77, 201), 0)
    return flat


@pytest.mark.parametrize("layout", LAYOUTS)
def test_indices_can_be_read_back(layout: Layout) -> None:
    flat = blobs()
    back = read(render(flat, layout), layout)
    assert back.shape == flat.shape[:2]
    share = (back == flat[..., 0])[flat[..., 0] > 0].mean()
    assert share == 1.0 if layout != "viton-hd" else share >= 0.99


def test_viton_hd_is_parula_on_black_at_full_size() -> None:
    picture = np.asarray(Image.open(io.BytesIO(render(blobs(), "viton-hd"))))
    assert picture.shape == (120, 90, 3) and picture[0, 0].max() <= 3
    middle_of_part_2 = picture[3 + 11, 2 + 2 * 17 + 8].astype(int)
    assert np.abs(middle_of_part_2 - PARULA[2]).max() <= 2


def test_reading_colours_tells_how_far_off_they_are() -> None:
    picture = colourise(np.array([[0, 5, 24]], np.uint8), PARULA).copy()
    picture[0, 1, 0] += 3
    parts, distances = indices(picture, PARULA)
    assert parts.tolist() == [[0, 5, 24]] and distances.tolist() == [[0.0, 3.0, 0.0]]


def test_a_published_picture_reads_back_to_labels(root: Path) -> None:
    sample = root.parent / "shared/sites/densepose/sample_image-densepose_2110e83.jpg"
    if not sample.is_file():
        pytest.skip("the recorded sample is not here")
    parts, distances = indices(np.asarray(Image.open(sample).convert("RGB")), PARULA)
    person = parts > 0
    assert 0.05 < person.mean() < 0.9 and (distances[person] <= 6).mean() > 0.9


def test_an_export_goes_on_where_it_was(dataset_path: Path, tmp_path: Path) -> None:
    ds = manifests.open(dataset_path)
    first = export(ds, "embedded", "catvton", tmp_path / "out")
    assert (first.written, first.present, first.readable) == (2, 0, 1.0)  # the dropped image has no picture
    files = sorted((tmp_path / "out" / "densepose").iterdir())
    assert [path.stem for path in files] == sorted(ds.images.loc[ds.images["status"] == "kept", "image_id"])
    files[0].unlink()
    again = export(ds, "embedded", "catvton", tmp_path / "out")
    assert (again.written, again.present) == (1, 1)
    assert export(ds, "embedded", "iuv", tmp_path / "out", split="eval").written == 1


def test_a_wrong_layout_lists_the_right_ones(dataset_path: Path, tmp_path: Path) -> None:
    with pytest.raises(manifests.DatasetError, match="there are viton-hd, viridis, catvton, iuv"):
        export(manifests.open(dataset_path), "embedded", "vitonhd", tmp_path)  # type: ignore[arg-type]
