"""Batches that shrink when the device's memory does not hold them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from densepose_labeler.label_sets import Labeller
from densepose_labeler.planning import LabelError
from manifests.instances import Instance


class Halving:
    """A labeller that halves its batch whenever the device runs out of memory, and keeps to the smaller size.

    Between sizes of a batch labels agree to rounding, so the size that was come down to is worth telling.

    Attributes:
        size: pictures at once since memory ran out; None while it has not.
    """

    def __init__(self, labeller: Labeller) -> None:
        self.size: int | None = None
        self._labeller = labeller

    def __call__(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[tuple[Instance, ...]]:
        """As the labeller.

        Raises:
            LabelError: the memory does not hold one picture.
        """
        found: list[tuple[Instance, ...]] = []
        while len(found) < len(images):
            batch = images[len(found) : len(found) + (self.size or len(images))]
            people = self._try(batch)
            if people is not None:
                found += people
            elif len(batch) == 1:
                raise LabelError(
                    "the device's memory does not hold a single picture beside the networks: free it of other "
                    "programs, lower models_at_once or --min-size, or label on the CPU; finished parts are kept"
                )
            else:
                self.size = len(batch) // 2
        return found

    def _try(self, batch: Sequence[npt.NDArray[np.uint8]]) -> list[tuple[Instance, ...]] | None:
        try:
            return self._labeller(batch)
        except torch.cuda.OutOfMemoryError:
            pass  # what the failed batch holds is freed only after the error itself is gone
        torch.cuda.empty_cache()
        return None
