from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from densepose_labeler.service.answers import JSON, NPZ, PNG, negotiate, npz, runs
from densepose_labeler.service.scheduling import Found
from manifests.instances import Instance


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("image/png", PNG),
        ("IMAGE/PNG; q=0.5", PNG),
        ("text/html, image/*;q=0.8, */*;q=0.1", PNG),
        ("application/json;q=0.2, application/x-npz;q=0.9", NPZ),
        ("application/*", JSON),
        ("*/*, application/json;q=0", PNG),
        ("application/json;q=0, image/png;q=0", None),
        ("text/html", None),
        ("image/png;q=high", None),
        (";;;,,,=", None),
    ],
)
def test_the_type_that_the_caller_likes_best(accept: str, kind: str | None) -> None:
    assert negotiate(accept) == kind


def test_runs_say_the_whole_map() -> None:
    parts = np.array([[0, 0, 3], [3, 3, 1]], np.uint8)
    assert runs(parts) == [0, 2, 3, 3, 1, 1]
    random = np.random.default_rng(0).integers(0, 3, (40, 30), np.uint8)
    pairs = np.array(runs(random)).reshape(-1, 2)
    assert np.array_equal(np.repeat(pairs[:, 0], pairs[:, 1]), random.ravel())


def test_the_archive_loads_without_pickle_and_is_the_same_each_time() -> None:
    iuv = np.zeros((2, 3, 3), np.uint8)
    iuv[0, 0] = (2, 100, 200)
    sigma = np.full((2, 3), 0.5, np.float16)
    one = Instance((1.5, 1.0, 4.5, 3.0), 0.75, (1, 1, 3, 2), iuv, {"sigma_2": sigma})
    data = npz(Found((one,), 5, 6))
    assert data == npz(Found((one,), 5, 6))
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        assert archive["iuv"].shape == (5, 6, 3) and archive["iuv"][1, 1].tolist() == [2, 100, 200]
        assert archive["boxes"].tolist() == [[1.5, 1.0, 4.5, 3.0]] and archive["scores"].tolist() == [0.75]
        assert archive["iuv_boxes"].tolist() == [[1, 1, 3, 2]] and archive["part_pixels"][0, 2] == 1
        assert np.array_equal(archive["iuv_0"], iuv) and np.array_equal(archive["sigma_2_0"], sigma)
    with np.load(io.BytesIO(npz(Found((), 5, 6))), allow_pickle=False) as archive:
        assert archive["boxes"].shape == (0, 4) and not archive["iuv"].any()


def test_a_png_in_base64_is_the_persons_own_map() -> None:
    from densepose_labeler.service.answers import _person

    iuv = np.random.default_rng(1).integers(0, 25, (4, 3, 3), np.uint8)
    person = _person(Instance((0.0, 0.0, 3.0, 4.0), 0.9, (0, 0, 3, 4), iuv), "png")
    assert person.iuv_png is not None and person.parts_rle is None
    with Image.open(io.BytesIO(base64.b64decode(person.iuv_png))) as image:
        assert np.array_equal(np.asarray(image), iuv)
