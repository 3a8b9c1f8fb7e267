"""What every component of one crawl shares: configuration, ledger, store, and the switch that stops it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from manifests.image_store import ImageStore
from manifests.ledger import Fetch, FetchKind, Ledger
from scrapers.config import CrawlConfig, ShopConfig
from scrapers.exit_status import ExitStatus
from scrapers.memory import Memory
from scrapers.outcomes import Outcome, Stopped
from scrapers.politeness.host_policies import HostPolicies
from scrapers.tally import Tally

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

KIND = "vestiary_kind"
"""Request.meta key: what is asked for, a `FetchKind` or "tdmrep"."""


@dataclass
class CrawlContext:
    """One crawl of one shop.

    Attributes:
        source: the shop's name, as in the ledger.
        dataset: the dataset directory.
        policies: what the hosts' robots.txt say.
        is_partial: the command line narrowed the configured crawl down.
        refresh: pages that were read more seconds ago are looked at again; None for never.
        counts: what the report and the progress display show.
        stopped: why no further request is sent; None while the crawl runs.
    """

    crawler: Crawler
    source: str
    config: CrawlConfig
    shop: ShopConfig
    dataset: Path
    ledger: Ledger
    policies: HostPolicies
    is_partial: bool = False
    refresh: float | None = None
    memory: Memory = field(init=False)
    tally: Tally = field(init=False)
    store: ImageStore = field(init=False)
    counts: Counter[str] = field(default_factory=Counter)
    stopped: tuple[ExitStatus, str] | None = None

    def __post_init__(self) -> None:
        self.store = ImageStore(self.dataset / "images")
        self.tally = Tally(self.counts)
        self.memory = Memory(self.ledger, self.source, self.refresh)

    def record(self, url: str, kind: FetchKind, outcome: Outcome) -> None:
        """Record a fetch that brought nothing."""
        self.counts[f"{kind}:{outcome.reason}"] += 1
        self.ledger.record_fetch(
            Fetch(
                url=url,
                kind=kind,
                source=self.source,
                outcome=outcome.reason,
                http_status=outcome.http_status,
                signals=outcome.signals,
                detail=outcome.detail,
            )
        )

    def stop(self, status: ExitStatus, detail: str) -> None:
        """Send no further request and close the spider; the first reason given stays."""
        if self.stopped is not None:
            return
        self.stopped = (status, detail)
        logger.error("%s: stopping (%s): %s", self.source, status.name.lower(), detail)
        engine = self.crawler.engine
        task = asyncio.ensure_future(engine.close_spider_async(reason=status.name.lower()))
        _TASKS.add(task)
        task.add_done_callback(_TASKS.discard)

    @property
    def is_stopping(self) -> bool:
        """True once no further request may be sent: after `stop`, and after a signal from outside."""
        if self.stopped is None and not self.crawler.crawling:
            self.stopped = (ExitStatus.INTERRUPTED, "interrupted; the same command again goes on")
        return self.stopped is not None

    def check_running(self) -> None:
        """Raise `Stopped` once the crawl is stopping."""
        if self.is_stopping and self.stopped is not None:
            raise Stopped(f"the crawl is stopping: {self.stopped[1]}")


_TASKS: set[asyncio.Future[Any]] = set()  # asyncio keeps only weak references to running tasks


def context_of(crawler: Crawler) -> CrawlContext:
    """The context of a running crawl."""
    return cast("CrawlContext", crawler.spider.context)  # type: ignore[union-attr]
