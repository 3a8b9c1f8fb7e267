"""What may be collected from each shop, and by which document: the operator's permission and what its hosts say."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from scrapy import Request

from manifests.ledger import Fetch, Ledger
from manifests.reasons import FetchReason
from scrapers import errands
from scrapers.config import CrawlConfig, Permission, ShopConfig
from scrapers.items import ProductItem
from scrapers.outcomes import Stopped
from scrapers.politeness import tdmrep

_NOTHING_THERE = {
    "robots.txt": "none there, so nothing is barred",
    "tdmrep.json": "none there, so nothing is reserved",
}
_REFUSALS = {str(FetchReason.ROBOTS_BARRED): "barred by robots.txt", str(FetchReason.OPTED_OUT): "opted out"}


@dataclass(frozen=True, slots=True)
class Document:
    """A file by which a host says what it allows.

    Attributes:
        says: in words.
        read_at: seconds since 1970, UTC; None if it was never asked for.
    """

    name: str
    says: str
    read_at: float | None = None


@dataclass(frozen=True, slots=True)
class HostRights:
    """One host of a shop.

    Attributes:
        verdicts: how many of the addresses that crawls came across are allowed, barred, reserved, …, in words.
    """

    host: str
    serves: str
    documents: tuple[Document, ...]
    verdicts: dict[str, int]


@dataclass(frozen=True, slots=True)
class ShopRights:
    """Attributes:
    permission: the operator's statement; None for the demo shops, which need none, and where it is missing.
    """

    shop: str
    is_live: bool
    permission: Permission | None
    hosts: tuple[HostRights, ...]


def known(config: CrawlConfig, ledger: Ledger | None) -> list[ShopRights]:
    """The rights at every configured shop, as far as the ledger, if there is one, knows them."""
    return [
        ShopRights(
            name,
            shop.is_live,
            shop.permission,
            tuple(_host(shop, host, verdicts[host], ledger) for host in shop.hosts),
        )
        for name, shop in config.shops.items()
        for verdicts in [_verdicts(ledger, name, shop)]
    ]


def ask(names: Iterable[str], config: Path) -> dict[str, str]:
    """Read the documents of every host of the named shops now, into the ledger.

    Returns:
        The verdict on every configured listing and sitemap, by address.

    Raises:
        SettingsError: a live shop has no permission, or the configuration is wrong.
    """
    verdicts: dict[str, str] = {}

    def errand_of(name: str) -> type:
        class Asking(errands.spider_of(name)):  # type: ignore[misc]  # a class made for one errand
            async def start(self) -> AsyncIterator[Request | ProductItem]:
                context = self.context
                origin = urlsplit(context.shop.base_url).scheme + "://"
                reservations = tdmrep.Reservations(context)
                for host in context.shop.hosts:
                    if not (await context.policies.of(f"{origin}{host}/")).closed:
                        try:
                            await reservations.of(f"{origin}{host}/")
                        except Stopped:
                            return
                paths = [context.shop.base_url + category.path for category in context.shop.categories]
                for url in (*paths, *(url for url in context.shop.sitemaps if url != "robots")):
                    policy = await context.policies.of(url)
                    verdicts[url] = policy.verdict(url)
                    if not policy.closed and (rule := (await reservations.of(url)).reserving(url)):
                        verdicts[url] = f"reserved by tdmrep.json ({rule})"
                for nothing in list[Request]():  # to be a generator, as a spider's start is
                    yield nothing

        return Asking

    errands.run([errand_of(name) for name in names], config)
    return verdicts


def _host(shop: ShopConfig, host: str, verdicts: Counter[str], ledger: Ledger | None) -> HostRights:
    origin = f"{urlsplit(shop.base_url).scheme}://{host}"
    documents = tuple(
        _document(name, ledger.last_fetch(origin + path) if ledger else None)
        for name, path in (("robots.txt", "/robots.txt"), ("tdmrep.json", tdmrep.PATH))
    )
    return HostRights(host, "pages" if host == shop.host else "pictures", documents, dict(sorted(verdicts.items())))


def _document(name: str, fetch: Fetch | None) -> Document:
    if fetch is None:
        return Document(name, "not asked for yet")
    if fetch.outcome == "ok":
        says = f"{fetch.bytes or 0:,} bytes" + (f", {fetch.detail}" if fetch.detail else "")
    elif fetch.outcome == FetchReason.GONE:
        says = _NOTHING_THERE[name]
    elif fetch.outcome == FetchReason.ROBOTS_BARRED:
        says = "barred by robots.txt, so not asked for"
    else:
        says = f"could not be read, so the host is closed ({fetch.detail})"
    return Document(name, says, fetch.fetched_at)


def _verdicts(ledger: Ledger | None, name: str, shop: ShopConfig) -> dict[str, Counter[str]]:
    """What came of the addresses that crawls have met, for every host of a shop."""
    found: dict[str, Counter[str]] = {host: Counter() for host in shop.hosts}
    for fetch in ledger.fetches(name) if ledger else ():
        if fetch.kind == "robots":
            continue
        host = (urlsplit(fetch.url).hostname or "").lower()
        if host in found and fetch.outcome != FetchReason.VIDEO:
            found[host][_REFUSALS.get(fetch.outcome, "allowed")] += 1
    return found
