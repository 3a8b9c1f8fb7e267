"""Training pictures without end, drawn from a stock of people as they are asked for.

Picture number n of a seed is the same whenever it is drawn, alone or in a batch: the same bytes of ground truth, and on
one kind of device the same picture but for the last bit of its arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tools.people.backdrops import SMOOTH
from tools.people.casting import cast
from tools.people.device.geometry import Resident
from tools.people.device.lens import photograph
from tools.people.device.render import Renderer
from tools.people.scene import Scene
from tools.people.staging import stage
from tools.people.stock import Stock
from tools.train.augment import mirror as mirrored
from tools.train.shards import Sample


@dataclass(frozen=True)
class Batch:
    """Pictures with their labels, on the device: image uint8 [N, H, W, 3] RGB, iuv uint8 [N, H, W, 3] (part, U * 255,
    V * 255), instance uint8 [N, H, W]."""

    image: Tensor
    iuv: Tensor
    instance: Tensor


class Stream:
    """Pictures of the people of a stock, `size` (width, height) pixels each, all different for each number and seed.

    The stock lies on the device as a whole: about 6 MB a person of six poses.
    """

    def __init__(
        self, stock: Stock, device: torch.device | str, size: tuple[int, int], seed: int = 0, supersample: int = 2
    ) -> None:
        resident = Resident(device)
        for somebody in stock.people:
            resident.keep(somebody.arrays())
        self.renderer = Renderer(device, resident)
        self._stock, self._size, self._seed, self._supersample = stock, size, seed, supersample
        self._backdrops = torch.from_numpy(stock.backdrops).to(self.renderer.device)

    def scene(self, number: int) -> Scene:
        """Who is in a picture, and how it is shot."""
        rng = np.random.default_rng([self._seed, number, 9])
        base, neighbour = (self._stock.people[k] for k in rng.integers(len(self._stock.people), size=2))
        persons, props = cast(base, neighbour, rng)
        return stage(persons, self._size, int(rng.integers(1 << 40)), props)[0]

    @torch.inference_mode()
    def batch(self, numbers: Sequence[int]) -> Batch:
        """The pictures of these numbers."""
        stages = self.renderer.stages
        with stages("scene"):
            scenes = [self.scene(number) for number in numbers]
        with stages("backdrop"):
            behind = [self._behind(scene) for scene in scenes]
        images = self.renderer.pictures(scenes, self._supersample, behind)
        with stages("lens"):
            images = torch.stack([photograph(image, scene.seed) for image, scene in zip(images, scenes, strict=True)])
        return Batch(images, *self.renderer.truths(scenes))

    def samples(self, batch: int = 32, first: int = 0, mirror: float = 0.0) -> Iterator[Sample]:
        """Picture after picture without end, drawn `batch` at a time; `mirror` is the chance of each to be mirrored."""
        while True:
            drawn = self.batch(range(first, first + batch))
            rows = zip(*(part.cpu().numpy() for part in (drawn.image, drawn.iuv, drawn.instance)), strict=True)
            for number, row in enumerate(rows, first):
                turned = np.random.default_rng([self._seed, number, 10]).random() < mirror
                yield mirrored(Sample(*row)) if turned else Sample(*row)
            first += batch

    def _behind(self, scene: Scene) -> Tensor | None:
        """A piece of one of the stock's backdrops for a scene whose own would be drawn by the host."""
        if scene.background.kind in SMOOTH or not len(self._backdrops):
            return None
        rng = np.random.default_rng([scene.background.seed, 12])
        picture = self._backdrops[int(rng.integers(len(self._backdrops)))]
        width, height = self._size
        share = min(picture.shape[1] / width, picture.shape[0] / height) * rng.uniform(0.5, 1.0)
        wide, tall = max(1, int(share * width)), max(1, int(share * height))
        left, top = rng.integers(picture.shape[1] - wide + 1), rng.integers(picture.shape[0] - tall + 1)
        piece = picture[top : top + tall, left : left + wide].permute(2, 0, 1)[None].float() / 255
        if rng.random() < 0.5:
            piece = piece.flip(3)
        return functional.interpolate(piece, (height, width), mode="bilinear", antialias=True)[0].permute(1, 2, 0)
