"""`scrapy crawl`, with an exit status that says how the crawl ended (scrapers.exit_status)."""

from __future__ import annotations

import argparse
import sys

from scrapy.commands.crawl import Command as ScrapyCrawl

from manifests.settings import SettingsError
from scrapers.assignment import ARGUMENTS, assign
from scrapers.exit_status import ExitStatus
from scrapers.progress import quieten
from scrapers.report import EXIT_STATUS


class Command(ScrapyCrawl):
    """Checks the configuration before anything starts, and reports the crawl's own status."""

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if len(args) != 1:
            super().run(args, opts)  # raises the usage error
        try:
            self._check(args[0], opts.spargs)
        except SettingsError as error:
            sys.stderr.write(f"{error}\n")
            self.exitcode = ExitStatus.REFUSED
            return
        assert self.crawler_process is not None and self.settings is not None
        quieten(self.settings)
        crawler = self._create_crawler(args[0])
        self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        ended = crawler.stats.get_value(EXIT_STATUS) if crawler._stats is not None else None
        self.exitcode = (
            ExitStatus.FAILED if ended is None or self.crawler_process.bootstrap_failed else ExitStatus(ended)
        )

    def _check(self, shop: str, arguments: dict[str, str]) -> None:
        assert self.crawler_process is not None
        shops = sorted(self.crawler_process.spider_loader.list())
        if shop not in shops:
            raise SettingsError(f"no spider {shop!r}; there are {', '.join(shops)}")
        unknown = sorted(set(arguments) - set(ARGUMENTS))
        if unknown:
            raise SettingsError(f"no argument {unknown[0]!r}; there are {', '.join(ARGUMENTS)}")
        named = {name: arguments.get(name) for name in ARGUMENTS}
        assign(shop, **named)
