"""Progress while a crawl runs: a live line on a terminal, a log line now and then elsewhere."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from scrapy import signals
from scrapy.settings import SETTINGS_PRIORITIES, BaseSettings
from scrapy.utils.asyncio import create_looping_call
from scrapy.utils.log import get_scrapy_root_handler

from manifests.reasons import FetchReason
from scrapers.context import context_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

_CHATTY = ("scrapy", "scrapy-playwright", "twisted", "asyncio")


class ProgressDisplay:
    """Shows counts; quietens the framework's own log unless the user asked for a level (`-L`)."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._live: Progress | None = None
        self._loop = create_looping_call(self._tick)
        quieten(crawler.settings)
        crawler.signals.connect(self._opened, signal=signals.spider_opened)
        crawler.signals.connect(self._closed, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ProgressDisplay:
        return cls(crawler)

    def _opened(self) -> None:
        context = context_of(self._crawler)
        interval = context.config.progress_seconds
        if sys.stderr.isatty():
            columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
            self._live = Progress(*columns, console=Console(stderr=True), transient=True)
            self._live.start()
            self._live.add_task(context.source)
            if (handler := get_scrapy_root_handler()) is not None and isinstance(handler, logging.StreamHandler):
                handler.setStream(sys.stderr)  # rich has put itself there: log lines appear above the live line
            interval = 0.5
        self._loop.start(interval, now=False)

    def _tick(self) -> None:
        context = context_of(self._crawler)
        line = f"{context.source}: {describe(context.counts)}"
        if self._live is not None:
            self._live.update(self._live.task_ids[0], description=line)
        else:
            logger.info(line)

    def _closed(self) -> None:
        if self._loop.running:
            self._loop.stop()
        if self._live is not None:
            self._live.stop()
            if (handler := get_scrapy_root_handler()) is not None and isinstance(handler, logging.StreamHandler):
                handler.setStream(sys.stderr)


def quieten(settings: BaseSettings) -> None:
    """Leave only warnings of the frameworks in the log, unless the command line asked for a level."""
    if (settings.getpriority("LOG_LEVEL") or 0) < SETTINGS_PRIORITIES["cmdline"]:
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)


def describe(counts: Mapping[str, int]) -> str:
    """The counts in one line."""
    known = sum(number for name, number in counts.items() if name.startswith("image:known"))
    refused = sum(counts.get(f"image:{reason}", 0) for reason in FetchReason)
    parts = [f"{counts.get('page:ok', 0)} pages", f"{counts.get('products', 0)} products"]
    parts += [f"{counts.get('image:stored', 0)} pictures stored", f"{known} known", f"{refused} refused"]
    return ", ".join(parts)
