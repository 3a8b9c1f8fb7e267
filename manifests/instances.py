"""One labelled person, and several of them flattened to one map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from manifests.iuv import IUV

CONFIDENCES = ("sigma_2", "kappa_u", "kappa_v", "fine_segm_confidence", "coarse_segm_confidence")
"""Confidence maps a model may estimate (Neverova et al., NeurIPS 2019; Sanakoyeu et al., CVPR 2020)."""

WEIGHT = "weight"
"""Share of the models' votes that a pixel's part has, 0..1, background too: in the label set `consensus` alone."""

PLANES = (*CONFIDENCES, WEIGHT)
"""All that may lie beside the part, U and V of a person."""


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One person found in a picture.

    Attributes:
        box: x0, y0, x1, y1 in source pixels, float32 values.
        score: the detector's, 0..1.
        iuv_box: x, y, width, height in whole source pixels: where `iuv` lies.
        iuv: uint8 [height, width, 3]: part 0-24, U * 255, V * 255.
        confidences: name (of `PLANES`) -> float16 [height, width], raw as the network gives it.

    Raises:
        ValueError: the shapes do not agree, or a part lies outside 0-24.
    """

    box: tuple[float, float, float, float]
    score: float
    iuv_box: tuple[int, int, int, int]
    iuv: IUV
    confidences: Mapping[str, npt.NDArray[np.float16]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _, _, width, height = self.iuv_box
        if self.iuv.shape != (height, width, 3) or self.iuv.dtype != np.uint8:
            raise ValueError(f"iuv is {self.iuv.dtype} {self.iuv.shape}, its box says uint8 {(height, width, 3)}")
        if self.iuv[..., 0].max(initial=0) > 24:
            raise ValueError("iuv has a part index above 24")
        for name, values in self.confidences.items():
            if name not in PLANES or values.shape != (height, width):
                raise ValueError(f"confidence {name!r} of shape {values.shape} does not fit {(height, width)}")

    @property
    def part_pixels(self) -> npt.NDArray[np.int32]:
        """int32 [25]: how many pixels of the box each part has; 0 is background."""
        return np.bincount(self.iuv[..., 0].ravel(), minlength=25).astype(np.int32)


def flatten(instances: Iterable[Instance], height: int, width: int) -> IUV:
    """Draw persons on one map, in ascending score, so that the surest lies on top.

    Boxes that reach over the edge are cut.

    Returns:
        uint8 [height, width, 3]: part, U * 255, V * 255; 0 where nobody is.
    """
    canvas = np.zeros((height, width, 3), np.uint8)
    for instance in sorted(instances, key=lambda one: one.score):
        x, y, w, h = instance.iuv_box
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
        if x0 >= x1 or y0 >= y1:
            continue
        patch = instance.iuv[y0 - y : y1 - y, x0 - x : x1 - x]
        region = canvas[y0:y1, x0:x1]
        np.copyto(region, patch, where=patch[..., :1] > 0)
    return canvas


def flatten_weights(instances: Iterable[Instance], height: int, width: int) -> npt.NDArray[np.float32]:
    """The weights of persons on one map, drawn as `flatten` draws them.

    Returns:
        float32 [height, width] in 0..1; 1 where no person's box lies, and everywhere for persons without weights.
    """
    parts, weights = np.zeros((height, width), np.uint8), np.ones((height, width), np.float32)
    for instance in sorted(instances, key=lambda one: one.score):
        if WEIGHT not in instance.confidences:
            continue
        x, y, w, h = instance.iuv_box
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
        if x0 >= x1 or y0 >= y1:
            continue
        own = np.s_[y0 - y : y1 - y, x0 - x : x1 - x]
        patch, region = instance.iuv[..., 0][own], np.s_[y0:y1, x0:x1]
        np.copyto(weights[region], instance.confidences[WEIGHT][own], where=(patch > 0) | (parts[region] == 0))
        np.copyto(parts[region], patch, where=patch > 0)
    return weights
