"""Reading COCO-DensePose annotations, and saying what is wrong with them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from densepose_labeler.metrics.annotations import AnnotationError, read
from densepose_labeler.metrics.masks import MaskError

PERSON = {
    "id": 7, "image_id": 3, "category_id": 1, "iscrowd": 0, "bbox": [10.0, 20.0, 51.0, 102.0], "area": 3000.0,
    "segmentation": [[10, 20, 61, 20, 61, 122, 10, 122]],
    "dp_I": [2.0, 0.0, 24.0], "dp_U": [0.25, 0.0, 1.0], "dp_V": [0.5, 0.0, 0.0],
    "dp_x": [0.0, 5.0, 255.0], "dp_y": [127.5, 5.0, 255.0],
}  # fmt: skip
FILE = {
    "info": {},
    "images": [{"id": 4, "file_name": "b.jpg", "width": 90, "height": 140},
               {"id": 3, "file_name": "a.jpg", "width": 90, "height": 140, "strata": {"view": "back"}}],
    "annotations": [PERSON, {**PERSON, "id": 8, "category_id": 18}],
    "categories": [{"id": 1, "name": "person"}, {"id": 18, "name": "dog"}],
}  # fmt: skip


def _write(tmp_path: Path, change: Any = None) -> Path:
    data = copy.deepcopy(FILE)
    if change is not None:
        change(data)
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(data))
    return path


def test_points_lie_in_the_picture_and_background_points_are_left_out(tmp_path: Path) -> None:
    pictures, charts = read(_write(tmp_path))
    assert charts is None and [one.file_name for one in pictures] == ["a.jpg", "b.jpg"]  # by id
    (person,) = pictures[0].people or ()
    assert person.points is not None and person.points.part.tolist() == [2, 24]
    assert person.points.x.tolist() == [10.0, 61.0] and person.points.y.tolist() == [71.0, 122.0]
    assert person.points.uv.tolist() == [[0.25, 0.5], [1.0, 0.0]]
    assert pictures[0].strata == {"view": "back"} and pictures[1].strata == {"people": "0"}


def test_charts_are_as_stated(tmp_path: Path) -> None:
    assert read(_write(tmp_path, lambda data: data["info"].update(charts="vestiary")))[1] == "vestiary"
    with pytest.raises(AnnotationError, match=r"info\.charts is 'mine'"):
        read(_write(tmp_path, lambda data: data["info"].update(charts="mine")))


def test_the_mask_of_parts_is_scaled_to_the_box(tmp_path: Path) -> None:
    left, right = ({"size": [256, 256], "counts": runs} for runs in ([0, 256 * 64, 256 * 192], [256 * 192, 256 * 64]))
    path = _write(tmp_path, lambda data: data["annotations"][0].update(dp_masks=[left, [], right]))
    (person,) = read(path)[0][0].people or ()
    mask = person.mask(140, 90)
    assert (mask.x, mask.y, mask.pixels.shape) == (10, 20, (102, 51))
    columns = mask.pixels.all(axis=0)
    assert columns[:12].all() and columns[-12:].all() and not mask.pixels[:, 14:37].any()


def test_without_parts_the_outline_counts_and_a_mask_must_fit(tmp_path: Path) -> None:
    (person,) = read(_write(tmp_path))[0][0].people or ()
    assert person.mask(140, 90).area == 51 * 102
    (person,) = (
        read(_write(tmp_path, lambda data: data["annotations"][0].update(segmentation={"size": [2, 2], "counts": [4]})))
    )[0][0].people or ()
    with pytest.raises(MaskError, match="the picture"):
        person.mask(140, 90)
    (person,) = (
        read(_write(tmp_path, lambda data: data["annotations"][0].update(dp_masks=[{"size": [2, 2], "counts": [4]}])))
    )[0][0].people or ()
    with pytest.raises(MaskError, match="not 256"):
        person.mask(140, 90)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data["annotations"][0].pop("bbox"), "annotation 7 is damaged: it lacks 'bbox'"),
        (lambda data: data["annotations"][0].pop("dp_I"), "annotation 7 is damaged: it lacks 'dp_I'"),
        (lambda data: data["annotations"][0].update(dp_U=[0.5]), "annotation 7 is damaged: dp_I, dp_U"),
        (lambda data: data["annotations"][0].update(dp_I=[1, 2, 25]), "annotation 7 is damaged: dp_I has a part"),
        (lambda data: data["annotations"][0].update(bbox=[1, 2, -3, 4]), "annotation 7 is damaged: bbox"),
        (lambda data: data["annotations"][0].update(bbox="wide"), "annotation 7 is damaged"),
        (lambda data: data["annotations"].insert(0, 5), "annotation at place 0 is damaged"),
        (lambda data: data["annotations"][0].update(image_id=9), "annotation 7 belongs to no image"),
        (lambda data: data["images"][0].pop("width"), "image 4 is damaged: it lacks 'width'"),
        (lambda data: data["images"][0].update(file_name="../b.jpg"), "image 4 is damaged: its file name"),
        (lambda data: data["images"][0].update(id=3), "image 3 is damaged: another image"),
        (lambda data: data["images"][0].update(height=0), "image 4 is damaged: a picture of 90 x 0"),
        (lambda data: data.update(images=[], annotations=[]), "has no images"),
        (lambda data: data.pop("annotations"), "no COCO annotation file"),
    ],
)
def test_a_damaged_annotation_is_named(tmp_path: Path, change: Any, words: str) -> None:
    path = _write(tmp_path, change)
    with pytest.raises(AnnotationError) as error:
        read(path)
    assert words in str(error.value) and str(path) in str(error.value)


def test_no_file_and_no_json(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="there is no annotation file"):
        read(tmp_path / "annotations.json")
    for text in (b"{", b"\xff\xfe", b"[]", b"3"):
        (tmp_path / "annotations.json").write_bytes(text)
        with pytest.raises(AnnotationError, match=r"annotations\.json"):
            read(tmp_path / "annotations.json")


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="annotation 7"):
        read(_write(tmp_path, lambda data: data["annotations"][0].update(dp_x=[np.nan, 1.0, 2.0])))
