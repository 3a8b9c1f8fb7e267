"""Bakes a fabric that is a function of space into a texture: every triangle gets its own little square of texels.

Two triangles share a cell: one below its diagonal, one above. A texel more on every side keeps linear filtering from
reaching into the neighbour.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.people.scene import Material, Mesh

MARGIN = 4
MAX_CELL = 24
MAX_SIDE = 4096


def bake(
    mesh: Mesh, albedo: Callable[[Material, NDArray[Any]], NDArray[Any]], texel: float
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Returns uv float32 [F, 3, 2] (origin at the lower left) and a texture uint8 [h, w, 3] (first row on top).

    `texel` is the wanted size of a texel in metres; cells are between 6 and 24 texels wide, fewer where the texture
    would exceed 4096 texels a side.
    """
    corners = mesh.rest[mesh.faces].astype(np.float32)  # [F, 3, 3]
    if mesh.material.pattern == "plain":
        colour = np.asarray(albedo(mesh.material, corners[:1].mean(1)))
        return np.full((len(corners), 3, 2), 0.5, np.float32), _bytes(colour.reshape(1, 1, 3)).repeat(2, 0).repeat(2, 1)
    edge = float(np.median(np.linalg.norm(corners - np.roll(corners, 1, 1), axis=2)))
    pairs = (len(corners) + 1) // 2
    across = int(np.ceil(np.sqrt(pairs)))
    inner = int(np.clip(np.ceil(edge / texel), 2, min(MAX_CELL, MAX_SIDE // across) - MARGIN))
    cell, span = inner + MARGIN, inner - 1
    # Texel centres in the frames of both triangles: the lower one's right angle is texel (1, 1), the upper one's texel
    # (inner + 2, inner + 2), so that along the diagonal, too, each has its own texels to filter over.
    column, row = (g.ravel() for g in np.meshgrid(np.arange(cell), np.arange(cell)))
    lower = _weights((column - 1) / span, (row - 1) / span)
    upper = _weights((inner + 2 - column) / span, (inner + 2 - row) / span)
    first, second = corners[0::2], corners[1::2]
    if len(second) < len(first):
        second = np.concatenate([second, first[-1:]])
    below = (column + row <= inner + 3)[None, :, None]
    points = np.where(below, np.einsum("tk,fkd->ftd", lower, first), np.einsum("tk,fkd->ftd", upper, second))
    colours = np.concatenate([_bytes(albedo(mesh.material, c)) for c in np.array_split(points.reshape(-1, 3), 16)])
    rows = (pairs + across - 1) // across
    cells = np.zeros((rows * across, cell, cell, 3), np.uint8)
    cells[:pairs] = colours.reshape(pairs, cell, cell, 3)
    texture = cells.reshape(rows, across, cell, cell, 3).transpose(0, 2, 1, 3, 4).reshape(rows * cell, across * cell, 3)
    # Rows of the cell grow with b; the texture's first row is its top, so it is turned over at the end.
    index = np.arange(pairs)
    origin = np.stack([index % across, index // across], 1).astype(np.float32)[:, None] * cell + 0.5
    low = origin + 1 + span * np.array([[0, 0], [1, 0], [0, 1]], np.float32)
    high = origin + inner + 2 - span * np.array([[0, 0], [1, 0], [0, 1]], np.float32)
    uv = np.empty((2 * pairs, 3, 2), np.float32)
    uv[0::2], uv[1::2] = low, high
    uv /= np.array([across * cell, rows * cell], np.float32)
    return uv[: len(corners)], np.ascontiguousarray(texture[::-1])


def _weights(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float32]:
    """Barycentric weights [T, 3] of the points (a, b) in the frame of corners (0, 0), (1, 0), (0, 1)."""
    return np.stack([1 - a - b, a, b], 1).astype(np.float32)


def _bytes(colour: NDArray[Any]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(colour, 0, 1) * 255 + 0.5, np.uint8)
