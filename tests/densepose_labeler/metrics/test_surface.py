"""Places on the body and the distances between them, also of the official files."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from numpy.typing import NDArray

from densepose_labeler.metrics import official
from densepose_labeler.metrics.surface import Surface, SurfaceError
from tests.densepose_labeler.metrics import golden_files


def _square(surface: Surface) -> NDArray[np.float64]:
    """All distances between vertices, by the definition of the list."""
    table = np.zeros((surface.vertices, surface.vertices))
    table[np.triu_indices(surface.vertices, 1)] = surface.steps * surface.unit
    return table + table.T


def test_distances_are_those_of_the_table() -> None:
    surface = golden_files.surface()
    one, other = (index.ravel() for index in np.indices((len(surface.part),) * 2))
    expected = _square(surface)[surface.vertex[one], surface.vertex[other]]
    np.testing.assert_allclose(surface.distances(one, other), expected, rtol=1e-12)
    assert (surface.distances(one, other) == 0).sum() > len(surface.part)  # some samples share a vertex


def test_off_the_body_is_infinitely_far() -> None:
    surface = golden_files.surface()
    assert surface.distances(np.array([-1, 3, -1]), np.array([0, -1, -1])).tolist() == [np.inf] * 3


def test_the_nearest_sample_of_the_same_part() -> None:
    surface = golden_files.surface()
    samples = np.arange(len(surface.part))
    assert (surface.nearest(surface.part, surface.uv) == samples).all()
    part = np.array([0, 1, 24], np.uint8)
    found = surface.nearest(part, np.array([[0.5, 0.5]] * 3))
    assert found[0] == -1 and surface.part[found[1:]].tolist() == [1, 24]
    members = np.flatnonzero(surface.part == 1)
    assert found[1] == members[np.linalg.norm(surface.uv[members] - 0.5, axis=1).argmin()]


def test_of_two_as_near_the_first_counts() -> None:
    surface = golden_files.surface()
    members = np.flatnonzero(surface.part == 3)
    uv = surface.uv.copy()
    uv[members[:2]] = [[0.4, 0.5], [0.6, 0.5]]
    uv[members[2:]] = 0.0
    moved = dataclasses.replace(surface, uv=uv)
    assert moved.nearest(np.array([3], np.uint8), np.array([[0.5, 0.5]])).tolist() == [members[0]]


@pytest.mark.parametrize("compress", [False, True])
def test_written_and_read_again(tmp_path: Path, compress: bool) -> None:
    surface = golden_files.surface()
    surface.write(tmp_path / "surface.npz", compress=compress)
    again = Surface.read(tmp_path / "surface.npz")
    for name in ("part", "uv", "vertex", "steps", "unit", "charts"):
        assert np.array_equal(getattr(again, name), getattr(surface, name))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"part": None}, "lacks"),
        ({"format": np.int64(9)}, "reads up to 1"),
        ({"distances": np.zeros(10, np.uint8)}, "not those between"),
        ({"charts": np.str_("mine")}, "'mine'"),
        ({"uv": np.full((3, 2), 0.5)}, "shape"),
        ({"part": np.full(287, 7, np.uint8)}, "every part"),
    ],
)
def test_an_unusable_file_says_why(tmp_path: Path, change: dict[str, object], words: str) -> None:
    with np.load(golden_files.FOLDER / "surface.npz") as stored:
        arrays = {name: stored[name] for name in stored.files} | change
    if change.get("part") is not None:
        arrays["part"] = np.full(len(arrays["uv"]), 7, np.uint8)
    path = tmp_path / "surface.npz"
    np.savez(path, **{name: one for name, one in arrays.items() if one is not None})
    with pytest.raises(SurfaceError, match=words) as error:
        Surface.read(path)
    assert "surface.npz" in str(error.value)


def test_a_file_that_is_no_archive_says_so(tmp_path: Path) -> None:
    for data in (b"", b"PK\x03\x04 broken", b"nothing"):
        (tmp_path / "surface.npz").write_bytes(data)
        with pytest.raises(SurfaceError, match=r"surface\.npz"):
            Surface.read(tmp_path / "surface.npz")


def _official(folder: Path, surface: Surface) -> None:
    """The surface in the form of the official files: vertices from 1, distances i > j row by row."""
    columns = {"Part_ID_subdiv": surface.part, "U_subdiv": surface.uv[:, 0], "V_subdiv": surface.uv[:, 1]}
    scipy.io.savemat(folder / official.SAMPLES, {name: one[:, None] for name, one in columns.items()})
    scipy.io.savemat(folder / official.VERTICES, {"index": (surface.vertex + 1)[:, None].astype(np.int32)})
    steps = _square(surface)[np.tril_indices(surface.vertices, -1)].astype(np.float32)[:, None]
    (folder / official.DISTANCES).write_bytes(pickle.dumps({"Pdist_matrix": steps}, protocol=2))


def test_official_files_become_the_same_surface(tmp_path: Path) -> None:
    surface = golden_files.surface()
    _official(tmp_path, surface)
    converted = Surface.read(official.convert(tmp_path))
    assert converted.charts == "official" and (converted.part == surface.part).all()
    np.testing.assert_array_equal(converted.uv, surface.uv)
    one, other = (index.ravel() for index in np.indices((len(surface.part),) * 2))
    np.testing.assert_allclose(converted.distances(one, other), surface.distances(one, other), rtol=1e-6)


def test_official_files_that_cannot_be_used_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SurfaceError, match=r"download https://\S+/densepose/data/SMPL_subdiv\.mat"):
        official.convert(tmp_path)
    _official(tmp_path, golden_files.surface())
    (tmp_path / official.DISTANCES).write_bytes(pickle.dumps({"Pdist_matrix": Path("x")}))
    with pytest.raises(SurfaceError, match="refused: the pickle names pathlib"):
        official.convert(tmp_path)
    (tmp_path / official.DISTANCES).write_bytes(pickle.dumps({"Pdist_matrix": np.zeros((10, 1), np.float32)}))
    with pytest.raises(SurfaceError, match="do not fit each other"):
        official.convert(tmp_path)
    (tmp_path / official.SAMPLES).write_bytes(b"MATLAB 5.0 no")
    with pytest.raises(SurfaceError, match="MATLAB"):
        official.convert(tmp_path)
    assert not (tmp_path / "surface.npz").exists()
