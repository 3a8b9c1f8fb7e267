"""What a horizontal mirror does to U and V.

The charts of the embedded model are our own and mirror exactly: a point of the left body and its mirror image on the
right one have the same coordinates, but for the parts where the direction turns round. The official DensePose charts
mirror by a table (`UV_symmetry_transforms.mat`) that may not be shipped, so for those label sets U and V of mirrored
pictures are unknown here.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from manifests.parts import FLIP

Charts = Literal["official", "vestiary", "none"]
"""Whose U, V a label set holds: DensePose's own atlas, the embedded model's, or none: parts alone. The part numbers are
the same."""

MIRRORED: Charts = "vestiary"
"""The charts that `mirror` knows."""

TURN_U = np.zeros(25, bool)
"""Parts whose U becomes 1 - U in a mirror."""
TURN_V = np.zeros(25, bool)
"""Parts whose V becomes 1 - V in a mirror."""
COUNT_BACK_U = np.zeros(25, bool)
"""Parts whose U, a share of a turn, becomes 0.5 - U in a mirror."""
TURN_U[[5, 6, 23, 24]] = True  # heel to toe and back to front run the other way on the other side
TURN_V[[1, 2]] = True  # the torso's V runs from the person's left to the right
COUNT_BACK_U[[3, 4]] = True  # round a hand U is an angle, counted from the back of one hand and the palm of the other


def mirror(
    parts: npt.NDArray[np.uint8], uv: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Mirror a part map and its coordinates horizontally, exchanging left and right parts.

    Args:
        parts: uint8 [H, W], 0-24.
        uv: float32 [2, H, W] in 0..1, in the embedded model's charts.

    Returns:
        The same shapes and ranges; U and V stay 0 where the part is 0.
    """
    parts, uv = np.asarray(FLIP, np.uint8)[parts[:, ::-1]], uv[:, :, ::-1]
    u = np.where(TURN_U[parts], 1 - uv[0], np.where(COUNT_BACK_U[parts], (0.5 - uv[0]) % 1, uv[0]))
    turned = np.stack([u, np.where(TURN_V[parts], 1 - uv[1], uv[1])])
    return parts, np.where(parts > 0, turned, np.float32(0)).astype(np.float32)
