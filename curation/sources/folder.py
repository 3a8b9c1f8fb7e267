"""Any folder of images."""

from __future__ import annotations

from collections.abc import Iterator

from curation.config import FolderConfig
from curation.errors import CurationError
from curation.records import SourceRecord
from curation.sources.base import Importer, Tick, picture_files
from manifests.ledger import Sighting


class FolderSource:
    """Every picture under a folder, with the facts that its configuration states.

    A picture's address is `<source>:<path in the folder>`, so that moving the folder changes nothing.
    """

    def __init__(self, config: FolderConfig, importer: Importer) -> None:
        self.config = config
        self.importer = importer

    def records(self, tick: Tick) -> Iterator[SourceRecord]:
        """
        Raises:
            CurationError: the folder does not exist.
        """
        config = self.config
        if not config.path.is_dir():
            raise CurationError(f"no folder {config.path} (curation.sources.folders, source {config.source!r})")
        files = picture_files(config.path)
        for number, file in enumerate(files, start=1):
            key = file.relative_to(config.path).as_posix()
            sighting = Sighting(
                source=config.source,
                page_url="",
                image_url=f"{config.source}:{key}",
                image_key=key,
                position=0,
                product_id="",
                view=config.view,
                gender=config.gender,
                synthetic=config.synthetic,
            )
            yield SourceRecord(self.importer.add(file), sighting)
            tick(number, len(files))
