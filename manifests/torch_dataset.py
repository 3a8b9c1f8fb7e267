"""Pictures and part maps as a torch `Dataset`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset as _TorchBase

from manifests import decoding, iuv
from manifests.charts import MIRRORED, mirror
from manifests.image_store import ImageStore
from manifests.instances import flatten, flatten_weights
from manifests.labels import LabelSet


class Sample(NamedTuple):
    """One picture and its labels, all in one frame.

    Attributes:
        image: uint8 [3, H, W], RGB, EXIF orientation applied.
        parts: uint8 [H, W], 0 background, 1-24 the parts of `manifests.parts.PART_NAMES`.
        uv: float32 [2, H, W], U and V in 0..1; 0 where `uv_valid` is False.
        uv_valid: bool [H, W]: where U and V are known. That is the foreground, except in mirrored pictures of label
            sets whose charts have no mirror table here, and in label sets of parts alone: there it is False throughout.
        weight: float32 [H, W] in 0..1, how much a pixel counts: the share of votes that its part has in the label set
            `consensus`, 1 in others.
        record: the image's row of `images.parquet` without the sightings, plus `model`, `persons`, `flipped`.
    """

    image: torch.Tensor
    parts: torch.Tensor
    uv: torch.Tensor
    uv_valid: torch.Tensor
    weight: torch.Tensor
    record: dict[str, Any]


class TorchDataset(_TorchBase[Sample]):
    """Map-style dataset over some images of one label set, in id order; `manifests.Dataset.torch` makes it.

    It holds ids and file names only, so it pickles into DataLoader workers; whether item i of epoch e is mirrored
    depends on (seed, e, id) alone, not on the worker that loads it. Pictures differ in size: give `collate` to the
    DataLoader, which stacks what can be stacked.

    Args:
        store: the pictures.
        labels: their labels.
        records: the images' rows of `images.parquet`; the store and the label set have every one of them.
        flip: probability, 0..1, of a horizontal mirror.
        seed: of the mirrors.
    """

    def __init__(
        self, store: ImageStore, labels: LabelSet, records: Iterable[dict[str, Any]], *, flip: float, seed: int
    ) -> None:
        if not 0 <= flip <= 1:
            raise ValueError(f"flip is a probability, 0 to 1, not {flip}")
        self.model, self.flip, self.seed, self.epoch = labels.name, flip, seed, 0
        self._store, self._labels = store, labels
        self._records = {record["image_id"]: record for record in records}
        self.image_ids: list[str] = sorted(self._records)

    def set_epoch(self, epoch: int) -> None:
        """Draw other mirrors in the next epoch, as one does with torch's DistributedSampler."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.image_ids)

    def __getitem__(self, index: int) -> Sample:
        if not -len(self) <= index < len(self):
            raise IndexError(f"item {index} of {len(self)}")
        image_id = self.image_ids[index]
        picture = decoding.decode(self._store.read(image_id))
        row = self._labels.read(image_id)
        parts, uv = iuv.unpack(flatten(row.instances, *picture.shape[:2]))
        valid = (parts > 0) & (self._labels.charts != "none")
        weight = flatten_weights(row.instances, *picture.shape[:2])
        flipped = self._is_flipped(image_id)
        if flipped:
            picture, weight = picture[:, ::-1], weight[:, ::-1]
            parts, uv = mirror(parts, uv)
            valid = (parts > 0) & (self._labels.charts == MIRRORED)
            uv = np.where(valid, uv, np.float32(0))
        record = self._records[image_id] | {"model": self.model, "persons": len(row.instances), "flipped": flipped}
        image = picture.transpose(2, 0, 1)
        return Sample(_tensor(image), _tensor(parts), _tensor(uv), _tensor(valid), _tensor(weight), record)

    def _is_flipped(self, image_id: str) -> bool:
        draw = np.random.default_rng([self.seed, self.epoch, int(image_id[:15], 16)])
        return bool(draw.random() < self.flip)


def collate(samples: Sequence[Sample]) -> Sample:
    """Batch samples for a DataLoader: tensors of one shape are stacked, of several shapes kept as a list.

    `record` becomes a list of dictionaries.
    """
    columns = [[getattr(sample, name) for sample in samples] for name in Sample._fields[:-1]]
    batched: list[Any] = [
        torch.stack(column) if len({tensor.shape for tensor in column}) == 1 else column for column in columns
    ]
    return Sample._make([*batched, [sample.record for sample in samples]])


def _tensor(array: npt.NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))
