"""A fabric baked into a texture must look, through its UV, like the fabric itself."""

import numpy as np
from numpy.typing import NDArray

from tools.cycles.atlas import bake
from tools.people.fabrics import albedo
from tools.people.scene import Material, Mesh


def _sheet(pattern: str, colours: tuple, steps: int = 9) -> Mesh:
    """A square metre and a half of cloth in an odd number of triangles."""
    step = np.linspace(-0.75, 0.75, steps, dtype=np.float32)
    x, z = (g.ravel() for g in np.meshgrid(step, step))
    points = np.stack([x, np.zeros_like(x), z], 1)
    corner = (np.arange(steps - 1)[:, None] * steps + np.arange(steps - 1)).ravel()
    faces = np.concatenate([np.stack([corner, corner + 1, corner + steps], 1),
                            np.stack([corner + 1, corner + steps + 1, corner + steps], 1)])  # fmt: skip
    material = Material("cloth", colours, pattern, {"scale": 0.3, "ratio": 0.5})
    return Mesh("sheet", points, faces[:-1].astype(np.int32), points, material)


def _sample(texture: NDArray[np.uint8], uv: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bilinear lookup, texel centres at half numbers, origin at the lower left."""
    height, width = texture.shape[:2]
    x, y = uv[:, 0] * width - 0.5, uv[:, 1] * height - 0.5
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = (x - x0)[:, None], (y - y0)[:, None]
    rows = texture[::-1].astype(np.float32) / 255

    def at(i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.float32]:
        return rows[np.clip(j, 0, height - 1), np.clip(i, 0, width - 1)]

    low = at(x0, y0) * (1 - fx) + at(x0 + 1, y0) * fx
    high = at(x0, y0 + 1) * (1 - fx) + at(x0 + 1, y0 + 1) * fx
    return low * (1 - fy) + high * fy


def test_smooth_fabric_is_met_everywhere_up_to_the_triangles_edges() -> None:
    mesh = _sheet("plain", ((0.5, 0.5, 0.5),))
    mesh = Mesh(mesh.name, mesh.vertices, mesh.faces, mesh.rest, Material("cloth", ((0.5, 0.5, 0.5),), "shaded"))

    def shaded(_: Material, rest: NDArray[np.float32]) -> NDArray[np.float32]:
        return 0.5 + 0.5 * rest / 0.75

    uv, texture = bake(mesh, shaded, 0.02)
    rng = np.random.default_rng(1)
    weight = rng.dirichlet([0.3, 0.3, 0.3], 4000).astype(np.float32)  # many close to edges and corners
    face = rng.integers(0, len(mesh.faces), 4000)
    point = np.einsum("nk,nkd->nd", weight, mesh.rest[mesh.faces[face]])
    seen = _sample(texture, np.einsum("nk,nkd->nd", weight, uv[face]))
    assert np.abs(seen - shaded(mesh.material, point)).max() < 0.006


def test_stripes_keep_their_place_and_share() -> None:
    mesh = _sheet("stripes", ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)))
    uv, texture = bake(mesh, albedo, 0.01)
    rng = np.random.default_rng(2)
    weight, face = rng.dirichlet([1, 1, 1], 6000).astype(np.float32), rng.integers(0, len(mesh.faces), 6000)
    point = np.einsum("nk,nkd->nd", weight, mesh.rest[mesh.faces[face]])
    seen = _sample(texture, np.einsum("nk,nkd->nd", weight, uv[face]))[:, 0]
    truth = albedo(mesh.material, point)[:, 0]
    assert np.mean(np.abs(seen - truth) > 0.5) < 0.06
    assert 0.4 < truth.mean() < 0.6


def test_plain_cloth_costs_no_texture() -> None:
    uv, texture = bake(_sheet("plain", ((0.2, 0.4, 0.6),)), albedo, 0.001)
    assert texture.shape == (2, 2, 3)
    assert (texture == np.array([51, 102, 153])).all()
    assert uv.shape == (127, 3, 2)
