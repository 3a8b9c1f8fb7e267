"""The end of a crawl: what came of it in the ledger, on the screen and in the exit status."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from scrapy import signals

from manifests.reasons import FetchReason
from scrapers.context import CrawlContext, context_of
from scrapers.exit_status import ExitStatus
from scrapers.gates import failures, last_good_run, regressions
from scrapers.items import FIELDS

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

EXIT_STATUS = "vestiary/exit_status"
"""Key of Scrapy's stats under which the exit status is left for the command."""


class Report:
    """Notes the run in the ledger when it starts and ends, judges it, and prints the summary."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._run = 0
        self._began = time.monotonic()
        self._errors = 0
        self._fingerprint = ""
        self._before: dict[str, Any] | None = None
        crawler.signals.connect(self._opened, signal=signals.spider_opened)
        crawler.signals.connect(self._error, signal=signals.spider_error)
        crawler.signals.connect(self._error, signal=signals.item_error)
        crawler.signals.connect(self._closed, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Report:
        return cls(crawler)

    def _opened(self) -> None:
        context = context_of(self._crawler)
        statement = context.shop.permission
        if statement is not None:
            logger.info(
                "%s: permission: %s (%s; %s)", context.source, statement.basis, statement.reference, statement.contact
            )
        self._fingerprint = context.config.fingerprint_of(context.source)
        if context.is_partial:  # some of the categories, or a limit of its own: not the configured crawl
            self._fingerprint = f"partial:{self._fingerprint}"
        self._before = last_good_run(context.ledger, context.source)
        self._run = context.ledger.start_run(context.source, self._fingerprint)

    def _error(self, **_: object) -> None:
        self._errors += 1

    def _closed(self, reason: str) -> None:
        context = context_of(self._crawler)
        status, why = self._judge(context, reason)
        seconds = time.monotonic() - self._began
        permission = context.shop.permission
        summary = {
            "exit_status": status.name.lower(),
            "detail": why,
            "seconds": round(seconds, 1),
            "counts": dict(sorted(context.counts.items())),
            "permission": permission.model_dump() if permission else None,
        }
        context.ledger.finish_run(self._run, "finished" if status is ExitStatus.DONE else status.name.lower(), summary)
        context.ledger.close()
        self._crawler.stats.set_value(EXIT_STATUS, int(status))
        console = Console(stderr=True, soft_wrap=True, width=None if sys.stderr.isatty() else 100)
        console.print(table(context, seconds))
        console.print(f"{context.source}: {status.name.lower()}" + (f": {why}" if why else ""), markup=False)

    def _judge(self, context: CrawlContext, reason: str) -> tuple[ExitStatus, str]:
        if context.stopped is not None or reason == "shutdown":
            return context.stopped or (ExitStatus.INTERRUPTED, "interrupted; the same command again goes on")
        if reason != "finished":
            return ExitStatus.FAILED, f"closed: {reason}"
        if self._errors:
            return ExitStatus.FAILED, f"{self._errors} unexpected errors; the log has their tracebacks"
        counts = context.counts
        fetched = counts["image:stored"] + sum(
            count for name, count in counts.items() if name.startswith("image:known")
        )
        if counts["image:robots_barred"] and not fetched:
            return ExitStatus.ROBOTS, "robots.txt bars every picture"
        failed = failures(context.shop.gates, counts, context.is_partial)
        if self._before is not None:
            is_same = self._before["fingerprint"] == self._fingerprint
            failed += regressions(context.shop.gates, counts, self._before["summary"].get("counts", {}), is_same)
        return (ExitStatus.MARKUP, "; ".join(failed)) if failed else (ExitStatus.DONE, "")


def table(context: CrawlContext, seconds: float) -> Table:
    """The summary of a crawl."""
    counts = context.counts
    grid = Table()
    grid.add_column("what")
    grid.add_column("number", justify="right")
    grid.add_row("pages read", f"{counts['page:ok']:,}")
    for name, words in (
        ("known", "pages known"),
        ("final", "pages gone or refused before"),
        ("later", "pages put off"),
    ):
        if counts[f"page:{name}"]:
            grid.add_row(words, f"{counts[f'page:{name}']:,}")
    grid.add_row("products", f"{counts['products']:,}")
    grid.add_row("pictures seen", f"{counts['pictures']:,}")
    grid.add_row("pictures stored", f"{counts['image:stored']:,}  ({counts['image:bytes'] / 1e6:.1f} MB)")
    grid.add_row(
        "pictures known",
        f"{sum(n for name, n in counts.items() if name.startswith('image:known')) - counts['image:known:video']:,}",
    )
    if counts["image:deferred"]:
        grid.add_row("pictures put off", f"{counts['image:deferred']:,}")
    for name in sorted(counts):
        kind, _, reason = name.partition(":")
        refused = kind in ("page", "image", "robots", "sitemap") and reason in set(FetchReason)
        if refused and name != "robots:gone":  # a host may well have no rules
            grid.add_row(f"{kind} refused: {reason}", f"{counts[name]:,}")
    for name in FIELDS:
        if missing := counts["products"] - counts[f"field:{name}"]:
            grid.add_row(f"products without {name}", f"{missing:,}")
    if counts["products:gone"]:
        grid.add_row("products gone since", f"{counts['products:gone']:,}")
    if counts["products:other_department"]:
        grid.add_row("products of another department", f"{counts['products:other_department']:,}")
    if counts["products:missed"]:
        grid.add_row("products missed (painted by script)", f"{counts['products:missed']:,}")
    grid.add_row("duration", f"{seconds:.1f} s")
    return grid
