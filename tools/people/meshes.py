"""Triangle meshes whose vertices are mixtures of base vertices: subdivision, cutting along iso-lines, smoothing."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from tools.people.bodies import Floats, Ints

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Mixture:
    """A mesh over base vertices: mix, sparse [N, V], rows summing to 1; faces: int32 [F, 3].

    `mix @ base` gives positions on any figure, `mix @ weights` skinning weights, and so on.
    """

    mix: sparse.csr_matrix
    faces: Ints


def from_triangles(triangles: Ints, base_count: int) -> Mixture:
    used, inverse = np.unique(triangles, return_inverse=True)
    mix = sparse.csr_matrix((np.ones(len(used)), (np.arange(len(used)), used)), shape=(len(used), base_count))
    return Mixture(mix, inverse.reshape(-1, 3).astype(np.int32))


def _on_edges(mix: sparse.csr_matrix, edges: Ints, t: Floats) -> sparse.csr_matrix:
    first, second = sparse.diags(1 - t) @ mix[edges[:, 0]], sparse.diags(t) @ mix[edges[:, 1]]
    return sparse.vstack([mix, first + second]).tocsr()


def subdivide(mesh: Mixture) -> Mixture:
    """Every triangle into four, linearly."""
    faces, count = mesh.faces, mesh.mix.shape[0]
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1)
    unique, inverse = np.unique(edges, axis=0, return_inverse=True)
    ab, bc, ca = inverse.reshape(3, -1) + count
    a, b, c = faces.T
    parts = [np.stack(corners, 1) for corners in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    return Mixture(_on_edges(mesh.mix, unique, np.full(len(unique), 0.5)), np.concatenate(parts).astype(np.int32))


def split(mesh: Mixture, field: Floats, where: Mask | None = None) -> tuple[Mixture, Ints]:
    """Cut the triangles that cross `field` = 0 (a value a vertex), of the faces `where` only.

    Returns the mesh, whose every chosen triangle lies on one side, and the original face of each new face.
    """
    faces = mesh.faces
    field = np.where(np.abs(field) < 1e-7, 1e-7, field)
    above = field[faces] > 0
    count = above.sum(1)
    crossing = (count == 1) | (count == 2)
    if where is not None:
        crossing &= where
    index = np.flatnonzero(crossing)
    lone = np.where(count[index, None] == 1, above[index], ~above[index]).argmax(1)
    corner = (lone[:, None] + np.arange(3)) % 3
    a, b, c = np.take_along_axis(faces[index], corner, 1).T
    pairs = np.sort(np.concatenate([np.stack([a, b], 1), np.stack([a, c], 1)]), 1)
    edges, inverse = np.unique(pairs.reshape(-1, 2), axis=0, return_inverse=True)
    start = field[edges[:, 0]]
    t = start / (start - field[edges[:, 1]])
    p, q = inverse.reshape(2, -1) + len(field)
    pieces = [np.stack(corners, 1) for corners in ((a, p, q), (p, b, c), (p, c, q))]
    kept = np.flatnonzero(~crossing)
    out = np.concatenate([faces[kept], *pieces]).astype(np.int32)
    origin = np.concatenate([kept, index, index, index]).astype(np.int32)
    return Mixture(_on_edges(mesh.mix, edges.astype(np.int32), t), out), origin


def select(mesh: Mixture, keep: Mask) -> Mixture:
    """The chosen faces with the vertices they use."""
    used, inverse = np.unique(mesh.faces[keep], return_inverse=True)
    return Mixture(mesh.mix[used], inverse.reshape(-1, 3).astype(np.int32))


def clip(mesh: Mixture, field: Floats) -> Mixture:
    """The part where `field` > 0, cut along the iso-line (field: one value a vertex)."""
    pieces, origin = split(mesh, field)
    extended = np.zeros(pieces.mix.shape[0])
    extended[: len(field)] = np.where(np.abs(field) < 1e-7, 1e-7, field)
    del origin
    return select(pieces, extended[pieces.faces].sum(1) > 0)


def boundary_edges(faces: Ints) -> Ints:
    """Directed edges [B, 2] that belong to one face only, in the direction of their face."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ordered = np.sort(edges, 1).astype(np.int64)
    _, inverse, counts = np.unique(
        ordered[:, 0] * (faces.max() + 1) + ordered[:, 1], return_inverse=True, return_counts=True
    )
    return edges[counts[inverse] == 1]


def smoother(faces: Ints, count: int) -> sparse.csr_matrix:
    """Row-normalised neighbour average [count, count]; border vertices average along the border only."""

    def adjacency(edges: Ints) -> sparse.csr_matrix:
        rows, columns = np.r_[edges[:, 0], edges[:, 1]], np.r_[edges[:, 1], edges[:, 0]]
        matrix = sparse.coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count)).tocsr()
        matrix.data[:] = 1
        return matrix

    border = boundary_edges(faces)
    on_border = np.zeros(count)
    on_border[border.ravel()] = 1
    inner = adjacency(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]))
    matrix = sparse.diags(1 - on_border) @ inner + sparse.diags(on_border) @ adjacency(border)
    degree = np.maximum(np.asarray(matrix.sum(1)).ravel(), 1e-9)
    return (sparse.diags(1 / degree) @ matrix).tocsr()
