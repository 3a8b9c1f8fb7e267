"""`python -m tools.renders_eval.surface OUT.npz`: samples of the body's surface with geodesic distances between them.

The body is the mean adult of anny at rest, scaled to a standing height of 1.70 m. Samples are farthest-point samples of
its vertices (by the heat method of Crane, Weischedel and Wardetzky 2013, in potpourri3d); a vertex where charts meet is
a sample of each of them. Distances between samples near each other are exact polyhedral geodesics (Mitchell, Mount and
Papadimitriou 1987, in pygeodesic), those between others the shortest way from sample to sample. `--check` compares some
of the latter with exact ones.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from densepose_labeler.metrics.surface import Surface

HEIGHT = 1.70  # metres
PLACES = 2500
STEPS = 255
NEAR, AROUND = 0.22, 0.3  # metres, straight: up to where distances are exact, and the piece of body they are found on
HEAD, FEET = (23, 24), (5, 6)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def body() -> tuple[Floats, Ints, NDArray[np.uint8], Floats]:
    """The largest connected piece of the charted mean adult: vertices [V, 3] in metres, faces [F, 3], part [F] and
    uv [F, 3, 2]. Eyeballs and teeth are pieces of their own and left out."""
    from tools.people.bodies import rig
    from tools.people.charts import charts

    chart = charts()
    points = np.asarray(chart.mesh.mix @ rig().rest)
    faces = chart.mesh.faces.astype(np.int64)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = coo_matrix((np.ones(len(edges)), edges.T), (len(points), len(points)))
    piece = connected_components(graph, directed=False)[1]
    keep = piece[faces[:, 0]] == np.bincount(piece[faces[:, 0]]).argmax()
    used, flat = np.unique(faces[keep], return_inverse=True)
    points = points[used]
    points *= HEIGHT / np.ptp(points[:, 2])
    return points, flat.reshape(-1, 3), chart.part[keep], chart.uv[keep].astype(float)


def spread(points: Floats, faces: Ints, count: int) -> Ints:
    """Farthest-point samples, the crown first: vertices [count]."""
    import potpourri3d

    solver = potpourri3d.MeshHeatMethodDistanceSolver(points, faces)
    chosen = [int(points[:, 2].argmax())]
    nearest = solver.compute_distance(chosen[0])
    while len(chosen) < count:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, solver.compute_distance(chosen[-1]))
    return np.array(chosen)


def geodesics(points: Floats, faces: Ints, chosen: Ints) -> Floats:
    """Distances [N, N] between the chosen vertices: a metric, and nowhere shorter than the straight line."""
    from pygeodesic.geodesic import PyGeodesicAlgorithmExact

    straight = cdist(points[chosen], points[chosen])
    out = np.full_like(straight, np.inf)
    for row, vertex in enumerate(chosen):
        piece = faces[(np.linalg.norm(points - points[vertex], axis=1) < AROUND)[faces].all(1)]
        used, flat = np.unique(piece, return_inverse=True)
        solver = PyGeodesicAlgorithmExact(points[used], flat.reshape(-1, 3))
        measured = np.full(len(points), np.inf)
        measured[used] = solver.geodesicDistances(np.array([np.searchsorted(used, vertex)]), None)[0]
        out[row] = np.where((straight[row] < NEAR) & (measured[chosen] < 2 * AROUND), measured[chosen], np.inf)
    out = np.maximum(np.minimum(out, out.T), straight)
    np.fill_diagonal(out, 0)
    _shorten(out)
    return out


@nb.njit(cache=True)
def _shorten(distance):  # type: ignore[no-untyped-def]
    count = distance.shape[0]
    for k in range(count):
        for i in range(count):
            first = distance[i, k]
            for j in range(count):
                other = first + distance[k, j]
                if other < distance[i, j]:
                    distance[i, j] = other


def samples(chosen: Ints, faces: Ints, part: NDArray[np.uint8], uv: Floats) -> tuple[NDArray[np.uint8], Floats, Ints]:
    """What parts the chosen vertices are points of: part uint8 [N], uv [N, 2] and the vertex's place in `chosen`.

    Where a chart closes round a limb a vertex may have two U, V in one part; both count.
    """
    place = np.full(int(faces.max()) + 1, -1)
    place[chosen] = np.arange(len(chosen))
    at = place[faces]
    rows = np.concatenate([at[..., None], np.broadcast_to(part[:, None, None], (*at.shape, 1)), np.round(uv, 4)], 2)
    kept = np.unique(rows[at >= 0], axis=0)
    return kept[:, 1].astype(np.uint8), kept[:, 2:], kept[:, 0].astype(np.int64)


def check(points: Floats, faces: Ints, chosen: Ints, distance: Floats, sources: int) -> dict[str, float]:
    """How far distances are from exact ones, from some sources spread over the body."""
    from pygeodesic.geodesic import PyGeodesicAlgorithmExact

    solver = PyGeodesicAlgorithmExact(points, faces)
    errors = []
    for row in np.linspace(0, len(chosen) - 1, sources).astype(int):
        true = solver.geodesicDistances(np.array([chosen[row]]), None)[0][chosen]
        far = true > 0.02
        errors.append(distance[row][far] / true[far] - 1)
    joined = np.concatenate(errors)
    return {
        "least error": float(joined.min()),
        "mean error": float(joined.mean()),
        "largest error": float(joined.max()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.renders_eval.surface", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--places", type=int, default=PLACES)
    parser.add_argument(
        "--check", type=int, default=0, metavar="SOURCES", help="compare with exact distances from so many"
    )
    options = parser.parse_args()
    points, faces, face_part, face_uv = body()
    chosen = spread(points, faces, options.places)
    distance = geodesics(points, faces, chosen)
    part, uv, vertex = samples(chosen, faces, face_part, face_uv)
    unit = float(distance.max()) / STEPS
    steps = np.round(distance / unit).astype(np.uint8)[np.triu_indices(len(chosen), 1)]
    crown, soles = (vertex[np.isin(part, which)] for which in (HEAD, FEET))
    report: dict[str, Any] = {
        "places": len(chosen),
        "samples": len(part),
        "fewest of a part": int(np.bincount(part)[1:].min()),
        "spacing": float(np.where(distance > 0, distance, 9).min(1).mean()),
        "head to foot": float(distance[np.ix_(crown, soles)].max()),
        "longest": float(distance.max()),
        "unit": unit,
    }
    if options.check:
        report |= check(points, faces, chosen, distance, options.check)
    Surface(part, uv, vertex, steps, unit, "vestiary").write(options.out, compress=True)
    print("\n".join(f"{name}: {value:.4g}" for name, value in report.items()))
    print(f"{options.out}: {options.out.stat().st_size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
