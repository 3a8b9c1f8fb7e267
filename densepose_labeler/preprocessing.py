"""From a picture to the network's input."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from densepose_labeler.engine.spec import InputSpec


def target_size(height: int, width: int, spec: InputSpec) -> tuple[int, int]:
    """(height, width) of the resized picture: short side `min_size`, unless the long one would pass `max_size`."""
    scale = spec.min_size / min(height, width)
    new_height, new_width = (spec.min_size, scale * width) if height < width else (scale * height, spec.min_size)
    longest = max(new_height, new_width)
    if longest > spec.max_size:
        shrink = spec.max_size / longest
        new_height, new_width = new_height * shrink, new_width * shrink
    return max(1, int(new_height + 0.5)), max(1, int(new_width + 0.5))


def resize(image: npt.NDArray[np.uint8], spec: InputSpec) -> npt.NDArray[np.uint8]:
    """Resized copy of an RGB picture uint8 [H, W, 3], with the channels in the network's order.

    Pillow's own bilinear filter on bytes: anti-aliased when shrinking, in fixed-point arithmetic, as the models were
    trained; no other library's resize gives the same values.
    """
    height, width = target_size(image.shape[0], image.shape[1], spec)
    resized = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
    return np.ascontiguousarray(resized[:, :, ::-1]) if spec.channel_order == "BGR" else resized


def to_batch(resized: list[npt.NDArray[np.uint8]], spec: InputSpec, device: torch.device) -> Tensor:
    """Normalised float32 batch [B, 3, H, W] in channels-last memory from resized pictures of one shape.

    Zeros are added on the right and bottom after normalisation, up to multiples of `size_divisibility`.
    """
    pixels = torch.from_numpy(np.stack(resized)).to(device).to(torch.float32)
    mean = torch.tensor(spec.pixel_mean, device=device)
    std = torch.tensor(spec.pixel_std, device=device)
    normalised = (pixels - mean) / std
    bottom, right = (-size % spec.size_divisibility for size in normalised.shape[1:3])
    return F.pad(normalised, (0, 0, 0, right, 0, bottom)).permute(0, 3, 1, 2)
