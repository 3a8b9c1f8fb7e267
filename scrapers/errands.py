"""Single requests to a shop outside a crawl, with a crawl's politeness: permission, robots.txt, opt-out, pacing.

An errand is a spider of the shop that goes another way. It records its fetches in the ledger as a crawl does, but is no
run: it is neither judged nor compared with.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import signals

from manifests.settings import SettingsError
from scrapers.assignment import assign
from scrapers.config import CONFIG_VARIABLE, DEFAULT_CONFIG, load
from scrapers.context import context_of
from scrapers.exit_status import ExitStatus
from scrapers.report import EXIT_STATUS

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from scrapers.spiders.base import ShopSpider

_SETTINGS = {
    "LOG_LEVEL": "WARNING",
    "ITEM_PIPELINES": {},
    "EXTENSIONS": {"scrapy.extensions.logstats.LogStats": None, "scrapers.errands.Ending": 200},
}


class Ending:
    """Closes the ledger and leaves the exit status, in the place of a crawl's report."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._failed = False
        crawler.signals.connect(self._error, signal=signals.spider_error)
        crawler.signals.connect(self._closed, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Ending:
        return cls(crawler)

    def _error(self, **_: object) -> None:
        self._failed = True

    def _closed(self, reason: str) -> None:
        context = context_of(self._crawler)
        done = ExitStatus.DONE if reason == "finished" and not self._failed else ExitStatus.FAILED
        context.ledger.close()
        self._crawler.stats.set_value(EXIT_STATUS, int(context.stopped[0] if context.stopped else done))


def configured(config: Path | None) -> Path:
    """The configuration that a command means: the one given, else $VESTIARY_CONFIG, else configs/fashion.toml."""
    return config or Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)


def shop_at(url: str, config: Path) -> str:
    """The configured shop whose pages stand at the host of `url`.

    Raises:
        SettingsError: there is none.
    """
    crawl, _ = load(config)
    host = (urlsplit(url).hostname or "").lower()
    for name, shop in crawl.shops.items():
        if host == shop.host:
            return name
    known = ", ".join(shop.host for shop in crawl.shops.values()) or "none"
    raise SettingsError(f"{url!r} is at no shop of {config}; its hosts are {known}")


def run(errands: Iterable[type[ShopSpider]], config: Path) -> list[ExitStatus]:
    """Run errands, each a subclass of its shop's spider, and wait for them. Once in a process: the reactor's rule.

    Raises:
        SettingsError: the configuration is wrong, or a live shop has no permission.
    """
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.settings import Settings

    errands = list(errands)
    for errand in errands:
        assign(errand.name, str(config))
    settings = Settings()
    settings.setmodule("scrapers.settings")
    settings.setdict(_SETTINGS, priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    crawlers = [process.create_crawler(errand) for errand in errands]
    for crawler in crawlers:
        process.crawl(crawler, config=str(config))
    process.start()
    return [
        ExitStatus(crawler.stats.get_value(EXIT_STATUS, ExitStatus.FAILED)) if crawler._stats else ExitStatus.FAILED
        for crawler in crawlers
    ]


def spider_of(name: str) -> type[ShopSpider]:
    """The spider of a shop.

    Raises:
        SettingsError: there is none of that name.
    """
    from scrapy.settings import Settings
    from scrapy.spiderloader import SpiderLoader

    settings = Settings()
    settings.setmodule("scrapers.settings")
    loader = SpiderLoader.from_settings(settings)
    if name not in loader.list():
        raise SettingsError(f"no spider {name!r}; there are {', '.join(sorted(loader.list()))}")
    spider: type[ShopSpider] = loader.load(name)  # type: ignore[assignment]
    return spider
