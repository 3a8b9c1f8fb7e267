"""Any folder of images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curation.config import FolderConfig
from curation.errors import CurationError
from curation.records import SourceRecord
from curation.sources.base import Importer, Tick, picture_files
from curation.sources.facts import read_facts
from manifests.ledger import Sighting


class FolderSource:
    """Every picture under a folder, with the facts that its configuration states and, row by row, its CSV file.

    A picture's address is `<source>:<path in the folder>`, so that moving the folder changes nothing.
    """

    def __init__(self, config: FolderConfig, importer: Importer) -> None:
        self.config = config
        self.importer = importer

    def records(self, tick: Tick) -> Iterator[SourceRecord]:
        """
        Raises:
            CurationError: the folder does not exist, or its CSV file is wrong.
        """
        config = self.config
        if not config.path.is_dir():
            raise CurationError(f"no folder {config.path} (curation.sources.folders, source {config.source!r})")
        keys = {file.relative_to(config.path).as_posix(): file for file in picture_files(config.path)}
        facts = read_facts(config.csv) if config.csv else None
        if facts is not None:
            facts.check(set(keys))
        for number, (key, image_id) in enumerate(zip(keys, self.importer.add(keys.values()), strict=True), start=1):
            stated: dict[str, Any] = {
                "page_url": "", "product_id": "", "view": config.view, "gender": config.gender,
                **(facts.of(key) if facts else {}),
            }  # fmt: skip
            sighting = Sighting(
                source=config.source,
                image_url=f"{config.source}:{key}",
                image_key=key,
                position=0,
                synthetic=config.synthetic,
                **stated,
            )
            yield SourceRecord(image_id, sighting)
            tick(number, len(keys))
