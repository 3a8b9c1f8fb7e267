"""The z-buffer of `tools.people.rasterizer` in plain torch, for a batch of pictures at once.

Every candidate pixel of every triangle's box is tested, a bounded number at a time, and the winner of a pixel is found
with one scatter-max over packed (1/depth, face) keys. Operations and their order are those of the numba rasteriser, in
float64 and without fused arithmetic, so that both see the same face with the same weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tools.people.rasterizer import look_at
from tools.people.scene import Camera


@dataclass(frozen=True)
class Budget:
    """How many triangles, and how many candidate pixels of theirs, are worked on at once."""

    triangles: int
    candidates: int


HOST, ACCELERATOR = Budget(1 << 13, 1 << 14), Budget(1 << 20, 1 << 22)
"""A few MB, about what a processor's cache holds, and about 1 GB of working memory."""


@dataclass(frozen=True)
class Fragments:
    """What a batch of pictures [B, H, W] sees, one entry a covered pixel in ascending order.

    nearest: float32 [B, H, W], 1/depth, 0 where nothing is. pixel: int64 [N], index into B * H * W; face: int64 [N];
    weights: float32 [N, 3], perspective-correct corner weights.
    """

    nearest: Tensor
    pixel: Tensor
    face: Tensor
    weights: Tensor

    @property
    def image(self) -> Tensor:
        """The picture of each covered pixel: int64 [N]."""
        return self.pixel // self.nearest[0].numel()


def project(points: Tensor, cameras: Sequence[Camera], camera_of: Tensor) -> Tensor:
    """World points [V, 3], each seen by the camera `camera_of` [V], to float64 [V, 3]: x, y in pixels and 1/depth.

    Points behind their camera get a 1/depth of -1.
    """
    table = np.zeros((len(cameras), 15))
    for row, camera in zip(table, cameras, strict=True):
        turn, eye, focal = look_at(camera)
        row[:] = [*eye, *turn.ravel(), focal, camera.width / 2, camera.height / 2]
    ex, ey, ez, *axes, length, cx, cy = torch.from_numpy(table).to(points.device)[camera_of].unbind(1)
    x, y, z = points.double().unbind(1)
    x, y, z = x - ex, y - ey, z - ez
    right, down, depth = (axes[k] * x + axes[k + 1] * y + axes[k + 2] * z for k in (0, 3, 6))
    inverse = torch.where(depth > 1e-3, 1.0 / depth, -1.0)
    return torch.stack([length * right * inverse + cx, length * down * inverse + cy, inverse], 1)


def _boxes(corners: Tensor, width: int, height: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """First column and row of the pixel centres in the boxes of triangles [T, 3, 3], and how many: int64 [T] each."""
    low, high = corners[..., :2].amin(1), corners[..., :2].amax(1)
    size = torch.tensor([width, height], dtype=torch.float64, device=corners.device)
    first = torch.minimum((low - 0.5).ceil().clamp(min=0), size).long()
    last = torch.minimum((high - 0.5).floor(), size - 1).clamp(min=-1).long()
    extent = (last - first + 1).clamp(min=0)
    return first[:, 0], first[:, 1], extent[:, 0], extent[:, 1]


def _edge(ax: Tensor, ay: Tensor, bx: Tensor, by: Tensor, px: Tensor, py: Tensor) -> Tensor:
    return (ax - px) * (by - py) - (ay - py) * (bx - px)


def _weights(corners: Tensor, px: Tensor, py: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Screen-space weights of pixel centres in triangles [N, 9] (x, y, 1/depth of each corner), and 1/depth there."""
    ax, ay, az, bx, by, bz, cx, cy, cz = corners.unbind(1)
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    wa = _edge(bx, by, cx, cy, px, py) / area
    wb = _edge(cx, cy, ax, ay, px, py) / area
    wc = 1.0 - wa - wb
    return wa, wb, wc, wa * az + wb * bz + wc * cz


def rasterise(
    points: Tensor,
    faces: Tensor,
    width: int,
    height: int,
    image_of: Tensor | None = None,
    images: int = 1,
    budget: Budget | None = None,
) -> Fragments:
    """Draw triangles [F, 3] over projected points float64 [V, 3], both sides, the nearest on top.

    image_of: int64 [F], the picture that a face belongs to, of `images` pictures in all.
    The numba loop compares 1/depth in float64 with what it has kept in float32. Among faces that agree in float32 the
    last whose value was rounded down wins, or else the first of all: that is what the key says.
    """
    budget = budget or (HOST if points.device.type == "cpu" else ACCELERATOR)
    device, count = points.device, len(faces)
    best = torch.full((images * height * width,), -1, dtype=torch.int64, device=device)
    for start in range(0, count, budget.triangles):
        corners = points[faces[start : start + budget.triangles].long()]
        x0, y0, wide, tall = _boxes(corners, width, height)
        flat = corners.reshape(-1, 9)
        ax, ay, az, bx, by, bz, cx, cy, cz = flat.unbind(1)
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        some = (wide * tall > 0) & (area != 0) & (az > 0) & (bz > 0) & (cz > 0)
        kept = some.nonzero()[:, 0]
        number = kept + start
        origin = image_of[number] * (height * width) if image_of is not None else torch.zeros_like(kept)
        setup, sizes = flat[kept], (wide * tall)[kept]
        ends = sizes.cumsum(0)
        total = int(ends[-1]) if len(ends) else 0
        x0, y0, wide = x0[kept], y0[kept], wide[kept]
        for begin in range(0, total, budget.candidates):
            stop = min(begin + budget.candidates, total)
            candidate = torch.arange(begin, stop, device=device)
            if total <= budget.candidates:
                owner = torch.repeat_interleave(sizes, output_size=total)
            else:
                owner = torch.searchsorted(ends, candidate, right=True)
            within = candidate - (ends - sizes)[owner]
            row = within // wide[owner]
            x, y = x0[owner] + within - row * wide[owner], y0[owner] + row
            wa, wb, wc, inverse = _weights(setup[owner], x.double() + 0.5, y.double() + 0.5)
            inside = ((wa >= 0) & (wb >= 0) & (wc >= 0)).nonzero()[:, 0]
            owner, inverse = owner[inside], inverse[inside]
            rounded = inverse.float()
            face = number[owner]
            key = torch.where(inverse > rounded.double(), count + face, count - 1 - face)
            pixel = origin[owner] + y[inside] * width + x[inside]
            packed = (rounded.view(torch.int32).long() << 32) | key
            best.scatter_reduce_(0, pixel, packed, "amax")
    pixel = (best >= 0).nonzero()[:, 0]
    won = best[pixel]
    key = won & 0xFFFFFFFF
    face = torch.where(key >= count, key - count, count - 1 - key)
    nearest = torch.zeros(len(best), device=device)
    nearest[pixel] = (won >> 32).int().view(torch.float32)
    return Fragments(
        nearest.view(images, height, width), pixel, face, _corner_weights(points, faces, face, pixel, width, height)
    )


def _corner_weights(points: Tensor, faces: Tensor, face: Tensor, pixel: Tensor, width: int, height: int) -> Tensor:
    """Perspective-correct weights float32 [N, 3] of the faces seen."""
    corners = points[faces[face].long()].reshape(-1, 9)
    within = pixel % (width * height)
    wa, wb, wc, inverse = _weights(corners, (within % width).double() + 0.5, (within // width).double() + 0.5)
    return torch.stack([w * corners[:, 2 + 3 * k] / inverse for k, w in enumerate((wa, wb, wc))], 1).float()


def interpolate(values: Tensor, faces: Tensor, seen: Fragments) -> Tensor:
    """Vertex values [V, K] at the covered pixels: float32 [N, K]."""
    corners = faces[seen.face].long()
    return _mixed((values[corners[:, corner]] for corner in range(3)), seen.weights)


def interpolate_corners(values: Tensor, face: Tensor, weights: Tensor) -> Tensor:
    """Corner values [F, 3, K] on the faces [N], at corner weights [N, 3]: float32 [N, K]."""
    return _mixed((values[face, corner] for corner in range(3)), weights)


def _mixed(corners: Iterable[Tensor], weights: Tensor) -> Tensor:
    """Products in float32, their sum in float64, as the numba rasteriser does."""
    first, second, third = (weights[:, k, None] * values for k, values in enumerate(corners))
    return (first.double() + second.double() + third.double()).float()
