"""What the spiders stored: the sightings of the dataset's own ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from curation.records import SourceRecord
from curation.sources.base import Tick
from manifests.ledger import Ledger


class LedgerSource:
    """Sightings whose picture was fetched.

    A sighting without bytes (barred, opted out, gone, ...) stays in the ledger, with its reason.

    Args:
        path: `crawl.sqlite`; a dataset without one has no sightings.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def records(self, tick: Tick) -> Iterator[SourceRecord]:
        if not self.path.exists():
            return
        with Ledger(self.path) as ledger:
            total = ledger.sighting_count()
            for number, (sighting, fetch) in enumerate(ledger.sightings(), start=1):
                tick(number, total)
                if fetch is not None and fetch.image_id is not None:
                    yield SourceRecord(fetch.image_id, sighting, fetch.signals)
