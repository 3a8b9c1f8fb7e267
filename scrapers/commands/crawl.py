"""`scrapy crawl`, with an exit status that says how the crawl ended (scrapers.exit_status)."""

from __future__ import annotations

import argparse
import os
import sys

from scrapy.commands.crawl import Command as ScrapyCrawl

from manifests.settings import SettingsError
from scrapers.config import CONFIG_VARIABLE, DEFAULT_CONFIG, load
from scrapers.exit_status import ExitStatus
from scrapers.politeness import permission
from scrapers.progress import quieten
from scrapers.report import EXIT_STATUS
from scrapers.spiders.base import chosen_categories, parsed_limit


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
        path = arguments.get("config") or os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG
        config, _ = load(path)
        permission.check(config, shop)
        chosen_categories(config.shops[shop].categories, arguments.get("category"))
        parsed_limit(arguments.get("limit"))
