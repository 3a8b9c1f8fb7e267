"""Opening a dataset: the one line of training code."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from manifests.image_store import ImageStore
from manifests.labels import LabelSet
from manifests.reasons import ImageStatus, LabelStatus
from manifests.schema import FORMAT_VERSION

if TYPE_CHECKING:
    from manifests.torch_dataset import TorchDataset

DESCRIPTION = "vestiary.json"

_MADE_BY = {
    "images": "`vestiary curate` makes it",
    "index": "`vestiary label` makes it",
}


class DatasetError(Exception):
    """A directory that cannot be read as a dataset; the message says why and what to do."""


def open(path: str | Path) -> Dataset:
    """Open a dataset directory.

    Example:
        >>> import manifests
        >>> ds = manifests.open("data/demo")
        >>> ds.images.groupby(["source", "gender", "status"]).size()

    Raises:
        DatasetError: there is no such directory, it is not a dataset, its format is newer than this version reads,
            or a file that every dataset has is missing.
    """
    root = Path(path)
    if not root.is_dir():
        raise DatasetError(f"there is no directory {root}; `make dataset` makes data/demo")
    description = root / DESCRIPTION
    if not description.is_file():
        raise DatasetError(
            f"{root} is not a finished dataset: it has no {DESCRIPTION}. "
            "If a run was interrupted, the same command again finishes it."
        )
    try:
        about = json.loads(description.read_text(encoding="utf-8"))
        version = int(about["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{description} is damaged ({error}); run `vestiary dataset` to write it again") from error
    if version > FORMAT_VERSION:
        raise DatasetError(
            f"{root} has format {version}, this vestiary reads up to {FORMAT_VERSION}: `pip install -U vestiary`"
        )
    dataset = Dataset(root, about)
    dataset.table_path("images")
    return dataset


class Dataset:
    """A dataset directory, read lazily.

    Attributes:
        path: the directory.
        about: what `vestiary.json` says: format, configuration, its fingerprint, tool versions.
        store: the original pictures.
    """

    def __init__(self, path: Path, about: dict[str, Any]) -> None:
        self.path = path
        self.about = about
        self.store = ImageStore(path / "images")

    @cached_property
    def images(self) -> pd.DataFrame:
        """One row per distinct image, kept or dropped; columns as `manifests.schema.IMAGES`."""
        frame: pd.DataFrame = self.table("images").to_pandas()
        return frame

    @cached_property
    def index(self) -> pd.DataFrame:
        """One row per image and label set, without the label pictures; columns as `manifests.schema.INDEX`."""
        frame: pd.DataFrame = self.table("index").to_pandas()
        return frame

    @cached_property
    def splits(self) -> dict[str, list[str]]:
        """Split name -> sorted image ids."""
        return {file.stem: file.read_text().split() for file in sorted((self.path / "splits").glob("*.txt"))}

    @property
    def label_sets(self) -> list[str]:
        """Names of the label sets that have at least one part."""
        return sorted({part.parent.name for part in (self.path / "labels").glob("*/part-*.parquet")})

    def table(self, name: Literal["images", "index"]) -> pa.Table:
        """A table as pyarrow has it.

        Raises:
            DatasetError: the file is missing or of a newer format.
        """
        path = self.table_path(name)
        table = pq.read_table(path)
        version = int((table.schema.metadata or {}).get(b"vestiary.format", b"0"))
        if version > FORMAT_VERSION:
            raise DatasetError(f"{path} has format {version}, this vestiary reads up to {FORMAT_VERSION}")
        return table

    def table_path(self, name: str) -> Path:
        path = self.path / f"{name}.parquet"
        if not path.is_file():
            raise DatasetError(f"{self.path} lacks {path.name}: {_MADE_BY.get(name, 'make the dataset again')}")
        return path

    def labels(self, name: str) -> LabelSet:
        """A label set, such as `ds.labels("embedded")`.

        Raises:
            DatasetError: there is none of that name; the message lists those there are.
        """
        if name not in self.label_sets:
            there = ", ".join(self.label_sets) or "none"
            raise DatasetError(f"{self.path} has no label set {name!r} (there are: {there})")
        return LabelSet(self.path / "labels" / name)

    def split(self, name: str) -> list[str]:
        """Sorted image ids of a split.

        Raises:
            DatasetError: there is none of that name; the message lists those there are.
        """
        if name not in self.splits:
            there = ", ".join(self.splits) or "none"
            raise DatasetError(f"{self.path} has no split {name!r} (there are: {there})")
        return self.splits[name]

    def torch(
        self, split: str | None = None, model: str = "embedded", *, flip: float = 0.0, seed: int = 0
    ) -> TorchDataset:
        """A `torch.utils.data.Dataset` of pictures with their part maps; see `manifests.torch_dataset`.

        Args:
            split: name of a split; None for every kept image.
            model: label set. Images that it did not label, or where it failed, are left out.
            flip: probability, 0..1, of a horizontal mirror.
            seed: of the mirrors.
        """
        from manifests.torch_dataset import TorchDataset  # torch takes seconds to import, and tables do not need it

        labels = self.labels(model)
        statuses = labels.summary(["image_id", "status"]).to_pylist()
        wanted = {row["image_id"] for row in statuses if row["status"] != LabelStatus.ERROR}
        if split is not None:
            wanted &= set(self.split(split))
        records = (
            row
            for row in self.table("images").drop_columns(["sightings"]).to_pylist()
            if row["image_id"] in wanted and row["status"] == ImageStatus.KEPT
        )
        return TorchDataset(self.store, labels, records, flip=flip, seed=seed)

    def __repr__(self) -> str:
        return f"manifests.open({str(self.path)!r})"
