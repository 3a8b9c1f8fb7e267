"""DensePose's own surface, of the files that its authors publish, as a surface of ours.

The files may not be shipped: a user fetches the three of `FILES` into one folder. They are read as arrays and nothing
else: MATLAB files by scipy, whose reader builds no objects, and the pickle by `array_pickle`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from densepose_labeler import array_pickle
from densepose_labeler.metrics.surface import Surface, SurfaceError

SOURCE = "https://dl.fbaipublicfiles.com/densepose/data/"
SAMPLES, VERTICES, DISTANCES = FILES = ("SMPL_subdiv.mat", "SMPL_SUBDIV_TRANSFORM.mat", "Pdist_matrix.pkl")


def convert(folder: Path) -> Path:
    """Write `folder`/surface.npz of the official files in it; its path.

    The distances keep their precision. The files have the distances between vertices i > j row by row; numbering the
    vertices backwards and reversing the list makes of it i < j row by row.

    Raises:
        SurfaceError: a file is not there, damaged or does not fit the others; the message says where to get it.
        OSError: the disk is full or the folder cannot be written.
    """
    absent = [name for name in FILES if not (folder / name).is_file()]
    if absent:
        raise SurfaceError(
            f"{folder} lacks {', '.join(absent)}: download "
            f"{' and '.join(SOURCE + name for name in absent)} into it and run the same command again"
        )
    parts, u, v = (_column(folder / SAMPLES, name) for name in ("Part_ID_subdiv", "U_subdiv", "V_subdiv"))
    vertices = _column(folder / VERTICES, "index").astype(np.int64)  # counted from 1
    try:
        arrays = array_pickle.read(folder / DISTANCES)
    except array_pickle.PickleError as error:
        raise SurfaceError(f"{folder / DISTANCES}: {error}") from error
    if "Pdist_matrix" not in arrays:
        raise SurfaceError(f"{folder / DISTANCES} has no array Pdist_matrix")
    if not len(parts) == len(u) == len(v) == len(vertices):
        raise SurfaceError(f"{folder / SAMPLES} and {VERTICES} do not belong together: they have other lengths")
    steps = arrays["Pdist_matrix"].ravel()
    count = int((1 + np.sqrt(1 + 8 * len(steps))) // 2)
    try:
        surface = Surface(
            part=parts.astype(np.uint8),
            uv=np.stack([u, v], axis=1).astype(np.float64),
            vertex=count - vertices,
            steps=np.ascontiguousarray(steps[::-1]),
            unit=1.0,
            charts="official",
        )
    except SurfaceError as error:
        raise SurfaceError(f"the files in {folder} do not fit each other: {error}") from error
    surface.write(folder / "surface.npz")
    return folder / "surface.npz"


def _column(path: Path, name: str) -> NDArray[Any]:
    try:
        stored = loadmat(path, variable_names=[name])
    except Exception as error:  # a damaged file can raise nearly anything
        raise SurfaceError(f"{path} cannot be read as a MATLAB file: {error}") from error
    values = np.asarray(stored.get(name)).ravel()
    if values.dtype.kind not in "iuf":
        raise SurfaceError(f"{path} has no array of numbers {name}")
    return values
