"""The last step of a picture's way: into the store, then into the ledger.

Pictures that finish while others are being written are written together: one flush of each directory and one
transaction for all of them. The files are on the disk before their rows are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from manifests.image_store import StoredImage
from scrapers.incoming import Incoming
from scrapers.outcomes import Outcome

if TYPE_CHECKING:
    from scrapers.context import CrawlContext

Record = Callable[[StoredImage | Outcome], None]


class Keeper:
    """Keeps the pictures of one crawl."""

    def __init__(self, context: CrawlContext) -> None:
        self._context = context
        self._waiting: list[tuple[Incoming, Record, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def keep(self, incoming: Incoming, record: Record) -> None:
        """Judge a picture and store it; when this returns, file and row are on the disk.

        Args:
            record: writes the row; called inside a transaction of the ledger.

        Raises:
            OSError: it could not be written.
        """
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((incoming, record, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        await done

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                results = await asyncio.to_thread(self._place, [incoming for incoming, _, _ in batch])
                with self._context.ledger.batch():
                    for (_, record, _), result in zip(batch, results, strict=True):
                        record(result)
            except Exception as error:
                for _, _, done in batch:
                    done.set_exception(error)
            else:
                for _, _, done in batch:
                    done.set_result(None)

    def _place(self, incoming: Sequence[Incoming]) -> list[StoredImage | Outcome]:
        for one in incoming:
            one.settle()
        judged = [one.judge(self._context.config.max_image_pixels) for one in incoming]
        arrivals = [
            (one.path, one.image_id, suffix)
            for one, suffix in zip(incoming, judged, strict=True)
            if one.path is not None and isinstance(suffix, str)
        ]
        stored = iter(self._context.store.adopt(arrivals))
        for one, suffix in zip(incoming, judged, strict=True):
            if isinstance(suffix, Outcome):
                one.discard()
            else:
                one.release()
        return [suffix if isinstance(suffix, Outcome) else next(stored) for suffix in judged]
