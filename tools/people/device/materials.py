"""The colour of surfaces, for all the materials of a batch at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tools.people.device.geometry import Resident, Surfaces
from tools.people.device.rasterizer import Fragments, interpolate_corners
from tools.people.fabrics import paint
from tools.people.scene import Material

LEVELS = 4
"""Most colours that patterns use; a material with fewer repeats its last one."""


def albedo(materials: Sequence[Material], material_of: Tensor, rest: Tensor) -> Tensor:
    """Colours float32 [N, 3], sRGB in 0..1, of `materials[material_of]` at rest-space points [N, 3].

    Materials of one pattern with the same kinds of parameters are evaluated together.
    """
    device = rest.device
    kinds = [(material.pattern, *sorted(material.parameters)) for material in materials]
    groups = sorted(set(kinds))
    tables = np.array(
        [[*m.colours, *[m.colours[-1]] * (LEVELS + 1 - len(m.colours))] for m in materials], np.float32
    ).reshape(-1, LEVELS + 1, 3)
    colours = torch.from_numpy(tables).to(device)
    group_of = torch.tensor([groups.index(kind) for kind in kinds], device=device)[material_of]
    out = torch.zeros(len(rest), 3, device=device)
    for number, (pattern, *names) in enumerate(groups):
        here = (group_of == number).nonzero()[:, 0]
        own = material_of[here]
        numbers = np.array(
            [
                [material.parameters[name] for name in names] if kind == groups[number] else [0.0] * len(names)
                for kind, material in zip(kinds, materials, strict=True)
            ],
            np.float32,
        ).reshape(len(materials), len(names))
        columns = torch.from_numpy(numbers).to(device)[own].unbind(1)
        p = dict(zip(names, columns, strict=True))
        at = rest[here].unbind(1)
        out[here] = paint(pattern, p, lambda level, own=own: colours[own, level], LEVELS - 1, at)  # type: ignore[misc]
    return out


def textured(shown: Surfaces, resident: Resident, seen: Fragments, source: Tensor) -> tuple[Tensor, Tensor]:
    """Which of the N covered pixels show a textured mesh, int64 [M], and their colours float32 [M, 3], sRGB in 0..1.

    source: int64 [N], what each of them shows.
    """
    device = source.device
    count = len(shown.meshes) + len(shown.strands)
    table = np.zeros((count, 5), np.int64)
    corners: list[Tensor] = []
    texels: list[Tensor] = []
    first, corner_count, texel_count = 0, 0, 0
    for index, mesh in enumerate(shown.meshes):
        if mesh.texture is not None and mesh.uv is not None:
            height, width = mesh.texture.shape[:2]
            table[index] = [corner_count - first, texel_count, width, height, 1]
            corners.append(resident.tensor(mesh.uv))
            texels.append(resident.tensor(mesh.texture).reshape(-1, 3))
            corner_count, texel_count = corner_count + len(mesh.faces), texel_count + width * height
        first += len(mesh.faces)
    rows = torch.from_numpy(table).to(device)
    here = (rows[:, 4][source] > 0).nonzero()[:, 0]
    if not corners:
        return here, torch.zeros(0, 3, device=device)
    shift, start, width, height, _ = rows[source[here]].unbind(1)
    u, v = interpolate_corners(torch.cat(corners), seen.face[here] + shift, seen.weights[here]).unbind(1)
    row = torch.minimum(((1 - v) * height).long().clamp(min=0), height - 1)
    column = torch.minimum((u * width).long().clamp(min=0), width - 1)
    return here, torch.cat(texels)[start + row * width + column].float() / 255
