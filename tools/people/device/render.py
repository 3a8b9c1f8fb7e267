"""Pictures and ground truth of a batch of scenes, on the device from meshes to bytes.

The labels are those of `tools.people.render` exactly; the pictures agree with its to about a level, because sines and
powers round differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from tools.people import backdrops
from tools.people.device.geometry import Resident, Surfaces, bodies, enlarged, surfaces
from tools.people.device.materials import albedo, textured
from tools.people.device.rasterizer import Fragments, interpolate, interpolate_corners, project, rasterise
from tools.people.device.shading import Shadows, creases, shade, shadows
from tools.people.device.stages import Stages
from tools.people.render import LAYERS, layer_of
from tools.people.scene import Scene
from tools.people.shading import to_display, to_linear


class Renderer:
    """Draws batches of scenes of one size on a device.

    resident: arrays of the scenes that are on the device already; everything else is copied for each batch.
    """

    def __init__(self, device: torch.device | str, resident: Resident | None = None) -> None:
        self.device = torch.device(device)
        self.resident = resident or Resident(self.device)
        self.stages = Stages(self.device)

    @torch.inference_mode()
    def pictures(
        self, scenes: Sequence[Scene], supersample: int = 2, behind: Sequence[Tensor | None] | None = None
    ) -> Tensor:
        """The scenes as they look: uint8 [B, H, W, 3] sRGB (see `render.picture`).

        behind: float32 [H, W, 3] on the device, sRGB in 0..1, for the scenes whose own background it replaces.
        """
        width, height = _size(scenes)
        with self.stages("geometry"):
            shown = surfaces(scenes, self.resident)
        with self.stages("shadows"):
            cast = shadows(scenes, shown, self.resident)
        with self.stages("backdrop"):
            out = self._backdrops(scenes, cast, supersample, behind or [None] * len(scenes))
        with self.stages("visible surface"):
            seen = self._seen(scenes, shown, supersample)
            here = interpolate(shown.values, shown.faces, seen)
            source = shown.source[seen.face]
        with self.stages("albedo"):
            colour = self._colours(shown, source, here, seen)
        with self.stages("light"):
            out.view(-1, 3)[seen.pixel] = self._light(scenes, shown, cast, seen, source, here, colour)
        with self.stages("display"):
            total = torch.zeros(len(scenes), height, width, 3, device=self.device)
            for row in range(supersample):
                for column in range(supersample):
                    total += out[:, row::supersample, column::supersample]
            return (to_display(total / supersample**2) * 255).round().to(torch.uint8)

    @torch.inference_mode()
    def truths(self, scenes: Sequence[Scene]) -> tuple[Tensor, Tensor]:
        """Ground truth: iuv uint8 [B, H, W, 3] and instance uint8 [B, H, W] (see `render.truth`)."""
        width, height = _size(scenes)
        with self.stages("truth"):
            bare = bodies(scenes, self.resident)
            points = project(bare.vertices, [scene.camera for scene in scenes], bare.camera_of)
            seen = rasterise(points, bare.faces, width, height, bare.image_of, len(scenes))
            part = bare.part[seen.face]
            uv = torch.where(part[:, None] > 0, interpolate_corners(bare.uv, seen.face, seen.weights), 0.0)
            iuv = torch.zeros(len(scenes) * height * width, 3, dtype=torch.uint8, device=self.device)
            iuv[seen.pixel] = torch.cat([part[:, None], (uv * 255).clamp(0, 255).to(torch.uint8)], 1)
            instance = torch.zeros_like(iuv[:, 0])
            instance[seen.pixel] = bare.person[seen.face]
            return iuv.view(-1, height, width, 3), instance.view(-1, height, width)

    @torch.inference_mode()
    def layers(self, scenes: Sequence[Scene]) -> Tensor:
        """What the picture shows at each pixel's centre: uint8 [B, H, W] (see `render.layers`)."""
        width, height = _size(scenes)
        shown = surfaces(scenes, self.resident)
        seen = self._seen(scenes, shown, 1)
        props = {id(prop.vertices) for scene in scenes for prop in scene.props}
        kinds = ["prop" if id(mesh.vertices) in props else layer_of(mesh.material.kind) for mesh in shown.meshes]
        kinds += [layer_of(curve.material.kind) for curve in shown.strands]
        values = torch.tensor([LAYERS.index(kind) for kind in kinds], dtype=torch.uint8, device=self.device)
        out = torch.zeros(len(scenes) * height * width, dtype=torch.uint8, device=self.device)
        out[seen.pixel] = values[shown.source[seen.face]]
        return out.view(-1, height, width)

    def _seen(self, scenes: Sequence[Scene], shown: Surfaces, supersample: int) -> Fragments:
        cameras = [enlarged(scene.camera, supersample) for scene in scenes]
        points = project(shown.values[:, 3:6], cameras, shown.vertex_image)
        width, height = cameras[0].width, cameras[0].height
        return rasterise(points, shown.faces, width, height, shown.image[shown.source], len(scenes))

    def _colours(self, shown: Surfaces, source: Tensor, here: Tensor, seen: Fragments) -> Tensor:
        """Linear albedo [N, 3] of the covered pixels."""
        colour = albedo(shown.materials, source, here[:, 6:9])
        index, texels = textured(shown, self.resident, seen, source)
        colour[index] = texels
        return to_linear(colour) * here[:, 9:10]

    def _light(
        self,
        scenes: Sequence[Scene],
        shown: Surfaces,
        cast: Shadows,
        seen: Fragments,
        source: Tensor,
        here: Tensor,
        colour: Tensor,
    ) -> Tensor:
        """Radiance [N, 3] of the covered pixels."""
        gloss = [(1 - m.roughness) * (1.0 if m.kind != "skin" else 0.6) for m in shown.materials]
        hair = [material.kind == "hair" for material in shown.materials]
        image, position = seen.image, here[:, 3:6]
        eyes = torch.tensor([scene.camera.eye for scene in scenes], dtype=torch.float32, device=self.device)
        view = eyes[image] - position
        view = view / torch.linalg.vector_norm(view, dim=1, keepdim=True)
        normal = here[:, :3] / (torch.linalg.vector_norm(here[:, :3], dim=1, keepdim=True) + 1e-9)
        lit = []
        for maps in torch.from_numpy(cast.map_of).to(self.device).unbind(1):
            arrives = torch.zeros(len(image), device=self.device)
            index = (maps[image] >= 0).nonzero()[:, 0]
            arrives[index] = cast.lit(position[index] + normal[index] * 0.004, maps[image[index]])
            lit.append(arrives)
        return shade(
            colour,
            normal,
            view,
            torch.tensor(hair, dtype=torch.bool, device=self.device)[source],
            torch.tensor(gloss, dtype=torch.float32, device=self.device)[source],
            creases(seen.nearest, 9.0).view(-1)[seen.pixel],
            scenes,
            image,
            lit,
        )

    def _backdrops(
        self, scenes: Sequence[Scene], cast: Shadows, supersample: int, behind: Sequence[Tensor | None]
    ) -> Tensor:
        """Linear light from behind the people, with their shadows on the floor: float32 [B, H, W, 3]."""
        like = torch.zeros(0, device=self.device)
        out = []
        for scene, own, given in zip(scenes, cast.map_of, behind, strict=True):
            if given is None and scene.background.kind in backdrops.SMOOTH:
                given = backdrops.smooth(scene.background, scene.camera, like)
            elif given is None:
                given = torch.from_numpy(backdrops.picture(scene.background, scene.camera)).to(self.device)
            large = _repeated(to_linear(given), supersample)
            floor = self._floor(scene, [number for number in own if number >= 0], cast, supersample)
            if floor is not None:
                large = large * _repeated(floor, 2)[: large.shape[0], : large.shape[1], None]
            out.append(large)
        return torch.stack(out)

    def _floor(self, scene: Scene, maps: Sequence[int], cast: Shadows, supersample: int) -> Tensor | None:
        """How light the floor is under everybody's shadow, at half the size; see `render._floor_shade`."""
        background, camera = scene.background, enlarged(scene.camera, supersample)
        if background.kind not in ("studio", "street") or background.floor is None or not maps:
            return None
        half = replace(camera, width=camera.width // 2, height=camera.height // 2)
        like = torch.zeros(0, device=self.device)
        points, seen = backdrops.floor_points(half, background.floor, like=like)
        index = (seen.view(-1) > 0).nonzero()[:, 0]
        strengths = [light.strength for light in scene.lights if light.kind == "sun"]
        total = max(sum(light.strength for light in scene.lights), 1e-6)
        out = torch.ones_like(seen)
        for number, strength in zip(maps, strengths, strict=True):
            where = torch.full_like(index, number)
            arrives = cast.lit(points.view(-1, 3)[index], where, 2.5)
            out.view(-1)[index] -= (1 - arrives) * seen.view(-1)[index] * (0.6 * strength / total)
        for person in scene.persons:
            feet = person.body.vertices[person.body.vertices[:, 2] < 0.09]
            if len(feet):
                out = out * backdrops.contact(points, seen, feet)
        return out


def _size(scenes: Sequence[Scene]) -> tuple[int, int]:
    sizes = {(scene.camera.width, scene.camera.height) for scene in scenes}
    if len(sizes) != 1:
        raise ValueError(f"a batch has pictures of one size, not {sorted(sizes)}; draw each size as a batch of its own")
    return sizes.pop()


def _repeated(picture: Tensor, times: int) -> Tensor:
    return picture.repeat_interleave(times, 0).repeat_interleave(times, 1)
