"""What one crawl is to do: a configured shop, narrowed down by the command line, checked before anything starts."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from manifests.settings import SettingsError
from scrapers.config import (
    CONFIG_VARIABLE,
    DEFAULT_CONFIG,
    GATEWAY_VARIABLE,
    Category,
    CrawlConfig,
    ShopConfig,
    is_test_host,
    load,
)
from scrapers.items import ProductLink
from scrapers.pages.shops import SHOPS
from scrapers.politeness import permission

ARGUMENTS = ("config", "category", "sitemap", "urls", "limit", "refresh")
"""The arguments of `scrapy crawl` (each after `-a`), as `assign` takes them."""

_ENTRIES = ("category", "sitemap", "urls")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@dataclass(frozen=True)
class Assignment:
    """One crawl of one shop.

    Attributes:
        dataset: the dataset directory.
        categories: to crawl, in the configuration's order.
        sitemaps: URLs, or "robots" for those that robots.txt names.
        products: pages given one by one.
        limit: products in this run, or None.
        refresh: seconds after which a page that was read is looked at again, or None.
        is_partial: the command line narrowed the configured crawl down.
    """

    config: CrawlConfig
    shop: ShopConfig
    dataset: Path
    categories: tuple[Category, ...]
    sitemaps: tuple[str, ...]
    products: tuple[ProductLink, ...]
    limit: int | None
    refresh: float | None
    is_partial: bool


def assign(
    name: str,
    config: str | None = None,
    category: str | None = None,
    sitemap: str | None = None,
    urls: str | None = None,
    limit: str | None = None,
    refresh: str | None = None,
) -> Assignment:
    """Read the configuration for shop `name`.

    Args:
        config: TOML file; default $VESTIARY_CONFIG, else configs/fashion.toml.
        category: categories as `chosen_categories` takes them; default everything configured.
        sitemap: address of a sitemap of the shop, or "robots"; its products instead of the configured crawl.
        urls: addresses of products, comma-separated or in a file; these instead of the configured crawl.
        limit: products in this run, as text.
        refresh: how old a page may be, such as "7d", before it is looked at again.

    Raises:
        SettingsError: the configuration or an argument is wrong, or a live shop has no permission.
    """
    crawl, dataset = load(config or os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)
    permission.check(crawl, name)
    shop = crawl.shops[name]
    if crawl.gateway is None and any(is_test_host(host) for host in shop.hosts):
        raise SettingsError(
            f"{shop.host} exists only behind a gateway: start the demo shops (python -m demo) and set "
            f"{GATEWAY_VARIABLE} to the address they print, or gateway under [crawl]"
        )
    given = [entry for entry, value in zip(_ENTRIES, (category, sitemap, urls), strict=True) if value is not None]
    if len(given) > 1:
        raise SettingsError(f"give one of {' and '.join(given)}, not both: each says by itself what to crawl")
    return Assignment(
        crawl,
        shop,
        dataset.path,
        categories=chosen_categories(shop.categories, category) if given in ([], ["category"]) else (),
        sitemaps=(_own_sitemap(shop, sitemap),) if sitemap is not None else () if given else shop.sitemaps,
        products=() if urls is None else product_links(name, shop, urls),
        limit=parsed_limit(limit) or crawl.limit,
        refresh=parsed_age(refresh),
        is_partial=bool(given) or limit is not None,
    )


def chosen_categories(categories: tuple[Category, ...], wanted: str | None) -> tuple[Category, ...]:
    """The categories named in `wanted` (comma-separated) by label, by gender/label or by path; all for None.

    Raises:
        SettingsError: a name fits no category.
    """
    if wanted is None:
        return categories
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    for name in names or [""]:
        if not any(name in _names(category) for category in categories):
            known = ", ".join(sorted({f"{category.gender}/{category.category}" for category in categories})) or "none"
            raise SettingsError(f"no category {name!r} in the configuration; there are {known}")
    return tuple(category for category in categories if not _names(category).isdisjoint(names))


def product_links(name: str, shop: ShopConfig, urls: str) -> tuple[ProductLink, ...]:
    """The products at addresses given as text, comma-separated, or in a file with one a line and comments after #.

    Raises:
        SettingsError: an address is not that of a product of the shop, or there is none.
    """
    given = urls.split(",")
    if "://" not in urls:
        try:
            given = [line.partition("#")[0] for line in Path(urls).read_text("utf-8").splitlines()]
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"urls must be addresses, or a file with one a line: {error}") from error
    links: dict[str, ProductLink] = {}
    for url in filter(None, map(str.strip, given)):
        link = SHOPS[name].product_link(url)
        if link is None or (urlsplit(url).hostname or "").lower() != shop.host:
            raise SettingsError(f"{url!r} is not the address of a product at {shop.host}")
        if shop.market and not urlsplit(url).path.startswith(f"/{shop.market}/"):
            raise SettingsError(f"{url!r} lies outside the configured market {shop.market!r}")
        links.setdefault(link.key, link)
    if not links:
        raise SettingsError(f"no address in {urls!r}")
    return tuple(links.values())


def parsed_limit(value: str | None) -> int | None:
    """The `limit` argument as a number.

    Raises:
        SettingsError: it is not a whole number above 0.
    """
    if value is None:
        return None
    if not str(value).isdigit() or int(value) < 1:
        raise SettingsError(f"limit must be a whole number above 0, not {value!r}")
    return int(value)


def parsed_age(value: str | None) -> float | None:
    """The `refresh` argument in seconds.

    Raises:
        SettingsError: it is not a number with one of the units s, m, h, d, w.
    """
    if value is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", value.strip())
    if match is None:
        raise SettingsError(f"refresh must be an age such as 7d, 12h or 2w, not {value!r}")
    return float(match[1]) * _SECONDS[match[2]]


def _names(category: Category) -> set[str]:
    return {category.category, f"{category.gender}/{category.category}", category.path}


def _own_sitemap(shop: ShopConfig, sitemap: str) -> str:
    if sitemap != "robots" and (urlsplit(sitemap).hostname or "").lower() != shop.host:
        raise SettingsError(f"sitemap must be an address at {shop.host}, or 'robots', not {sitemap!r}")
    return sitemap
