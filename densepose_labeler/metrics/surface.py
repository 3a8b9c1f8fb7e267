"""The body's surface as samples with geodesic distances: what a part with U, V is a point of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast, get_args
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from manifests import atomic
from manifests.charts import Charts

FORMAT = 1
_ROWS = 4096
"""Points whose distances to all samples of their part are held in memory together."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class SurfaceError(Exception):
    """A surface that cannot be read or does not fit; the message says which file and why."""


@dataclass(frozen=True, eq=False)
class Surface:
    """Samples of the body's surface.

    Attributes:
        part: uint8 [N], 1-24.
        uv: float64 [N, 2], the sample's place in its part's chart.
        vertex: int64 [N], the sample's row in the distances: several samples may lie at one place, where charts meet.
        steps: geodesic distances between vertices i < j, row by row, [V (V - 1) / 2].
        unit: metres a step.
        charts: whose U, V these are.
    """

    part: NDArray[np.uint8]
    uv: Floats
    vertex: Ints
    steps: NDArray[np.generic]
    unit: float
    charts: Charts = "vestiary"

    def __post_init__(self) -> None:
        count = len(self.part)
        if self.uv.shape != (count, 2) or self.vertex.shape != (count,):
            raise SurfaceError(f"{count} samples have U, V of shape {self.uv.shape} and rows of {self.vertex.shape}")
        absent = sorted(set(range(1, 25)) - set(np.unique(self.part).tolist()))
        if absent or self.part.max() > 24:
            raise SurfaceError(f"samples must lie on every part from 1 to 24 and on no other; {absent} have none")
        if not np.isfinite(self.uv).all():
            raise SurfaceError("some U, V are no numbers")
        exact = self.vertices * (self.vertices - 1) // 2 == len(self.steps)
        if not exact or self.vertex.min() < 0 or self.vertex.max() >= self.vertices:
            raise SurfaceError(f"{len(self.steps)} distances are not those between {self.vertex.max() + 1} vertices")

    @cached_property
    def vertices(self) -> int:
        """How many vertices the distances are between."""
        return int((1 + np.sqrt(1 + 8 * len(self.steps))) // 2)

    @classmethod
    def read(cls, path: Path) -> Surface:
        """Read a surface.npz; docs/metrics.md describes it.

        Raises:
            SurfaceError: it is damaged, of a newer format or inconsistent.
            OSError: it cannot be opened.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            if int(arrays["format"]) > FORMAT:
                raise SurfaceError(f"format {int(arrays['format'])}; this vestiary reads up to {FORMAT}")
            part = arrays["part"]
            charts = str(arrays["charts"]) if "charts" in arrays else "vestiary"
            if charts not in get_args(Charts):
                raise SurfaceError(f"charts {charts!r}; there are {', '.join(get_args(Charts))}")
            return cls(
                part=part.astype(np.uint8),
                uv=arrays["uv"].astype(np.float64),
                vertex=np.asarray(arrays.get("vertex", np.arange(len(part))), np.int64),
                steps=arrays["distances"],
                unit=float(arrays["unit"]) if "unit" in arrays else 1.0,
                charts=cast(Charts, charts),
            )
        except SurfaceError as error:
            raise SurfaceError(f"{path} is no usable surface: {error}") from error
        except KeyError as error:
            raise SurfaceError(f"{path} is no surface: it lacks {error}") from error
        except (BadZipFile, ValueError, EOFError) as error:
            raise SurfaceError(f"{path} cannot be read as a surface: {error}") from error

    def write(self, path: Path, *, compress: bool = False) -> None:
        """Write it as `read` reads it.

        Args:
            compress: smaller where the distances are whole steps; the gigabyte and more of the official ones takes
                minutes and gains little.
        """
        save = np.savez_compressed if compress else np.savez
        with atomic.part_file(path) as part, part.open("wb") as file:
            save(
                file, format=np.int64(FORMAT), part=self.part, uv=self.uv.astype(np.float32),
                vertex=self.vertex.astype(np.int32), distances=self.steps, unit=np.float64(self.unit),
                charts=np.str_(self.charts),
            )  # fmt: skip

    def nearest(self, part: NDArray[np.integer], uv: Floats) -> Ints:
        """The sample of the same part that is nearest in U, V; of several as near, the first.

        Args:
            part: integers [P], 0-24.
            uv: [P, 2].

        Returns:
            int64 [P], samples; -1 where the part is 0.
        """
        found = np.full(len(part), -1, np.int64)
        for one in np.unique(part[part > 0]).tolist():
            (members,), (points,) = self._members[one], np.nonzero(part == one)
            for start in range(0, len(points), _ROWS):
                rows = points[start : start + _ROWS]
                found[rows] = members[cdist(uv[rows], self.uv[members]).argmin(axis=1)]
        return found

    def distances(self, one: Ints, other: Ints) -> Floats:
        """Geodesic distances between samples, in metres.

        Args:
            one, other: int64 [P], samples; -1 stands for a point off the body.

        Returns:
            float64 [P]; infinite where one of the two is off the body.
        """
        missing = (one < 0) | (other < 0)
        a, b = self.vertex[one], self.vertex[other]
        low, high = np.minimum(a, b), np.maximum(a, b)
        # the rows before row i hold (V-1) + (V-2) + ... + (V-i) distances
        place = low * (2 * self.vertices - low - 1) // 2 + high - low - 1
        steps = self.steps[np.where(low == high, 0, place)].astype(np.float64)
        return np.where(missing, np.inf, np.where(low == high, 0.0, steps * self.unit))

    @cached_property
    def _members(self) -> dict[int, tuple[Ints, ...]]:
        return {part: np.nonzero(self.part == part) for part in range(1, 25)}
