"""What lens and sensor do to pictures, on the device: `staging.photograph` with grain from the device's generator."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tools.people.staging import expose, lens


def blurred(picture: Tensor, deviation: float) -> Tensor:
    """Gaussian blur of float32 [H, W, 3] with mirrored edges, cut at four standard deviations."""
    reach = int(4 * deviation + 0.5)
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (offsets / deviation) ** 2)
    kernel = torch.from_numpy((weights / weights.sum()).astype(np.float32)).to(picture.device)
    out = picture.permute(2, 0, 1)
    for axis in (1, 2):
        count = out.shape[axis]
        index = torch.arange(-reach, count + reach, device=picture.device).remainder(2 * count)
        padded = out.index_select(axis, torch.minimum(index, 2 * count - 1 - index))
        shape = (1, 1, -1, 1) if axis == 1 else (1, 1, 1, -1)
        out = functional.conv2d(padded[:, None], kernel.view(shape))[:, 0]
    return out.permute(1, 2, 0)


def photograph(image: Tensor, seed: int) -> Tensor:
    """A picture uint8 [H, W, 3] as a camera takes it: the same lens as on the host, another draw of the grain."""
    taken = lens(np.random.default_rng([seed, 78]))
    out = expose(image, taken)
    if taken.blur > 0:
        out = blurred(out, taken.blur)
    noise = torch.Generator(image.device).manual_seed(seed)
    out = out + torch.randn((*image.shape[:2], 1), generator=noise, device=image.device) * taken.grain
    return (out.clamp(0, 1) * 255).to(torch.uint8)
