"""A folder in HR-VITON's layout (of VITON-HD, 2021): people in `image/`, garments of the same name in `cloth/`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from curation.config import HrVitonConfig
from curation.errors import CurationError
from curation.records import SourceRecord
from curation.sources.base import Importer, Tick, picture_files
from manifests.ledger import Sighting
from manifests.reasons import View

_FOLDS = ("train", "test")
_NESTED = ("", "data", "zalando-hd-resized")  # where the published archives put the folds
_VIEWS = {"image": View.MODEL, "cloth": View.PACKSHOT}


class HrVitonSource:
    """The photographs of both folds, on request with the garment pictures; the prepared maps are not imported.

    Person and garment of one name are one product, and so one group.
    """

    def __init__(self, config: HrVitonConfig, importer: Importer) -> None:
        self.config = config
        self.importer = importer

    def records(self, tick: Tick) -> Iterator[SourceRecord]:
        """
        Raises:
            CurationError: there is no `train/image` or `test/image` where the configuration points.
        """
        root = self._root()
        kinds = ("image", "cloth") if self.config.cloth else ("image",)
        folders = [(root / fold / kind, kind) for fold in _FOLDS for kind in kinds]
        files = [(file, kind) for folder, kind in folders for file in picture_files(folder)]
        for number, (file, kind) in enumerate(files, start=1):
            key = file.relative_to(root).as_posix()
            sighting = Sighting(
                source=self.config.source,
                page_url="",
                image_url=f"{self.config.source}:{key}",
                image_key=key,
                position=0,
                product_id=file.stem,
                view=_VIEWS[kind],
                gender=self.config.gender,
            )
            yield SourceRecord(self.importer.add(file), sighting)
            tick(number, len(files))

    def _root(self) -> Path:
        for nested in _NESTED:
            root = self.config.path / nested
            if any((root / fold / "image").is_dir() for fold in _FOLDS):
                return root
        raise CurationError(
            f"{self.config.path} is not in HR-VITON's layout: point curation.sources.hr_viton at the folder that "
            "holds train/image and test/image"
        )
