"""What one crawl is to do: a configured shop, narrowed down by the command line, checked before anything starts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

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
from scrapers.politeness import permission


@dataclass(frozen=True)
class Assignment:
    """One crawl of one shop.

    Attributes:
        dataset: the dataset directory.
        categories: to crawl, in the configuration's order.
        limit: products in this run, or None.
        is_partial: the command line narrowed the configured crawl down.
    """

    config: CrawlConfig
    shop: ShopConfig
    dataset: Path
    categories: tuple[Category, ...]
    limit: int | None
    is_partial: bool


def assign(name: str, config: str | None = None, category: str | None = None, limit: str | None = None) -> Assignment:
    """Read the configuration for shop `name`.

    Args:
        config: TOML file; default $VESTIARY_CONFIG, else configs/fashion.toml.
        category: labels or paths of categories, comma-separated; default all.
        limit: products in this run, as text.

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
    return Assignment(
        crawl,
        shop,
        dataset.path,
        chosen_categories(shop.categories, category),
        parsed_limit(limit) or crawl.limit,
        is_partial=category is not None or limit is not None,
    )


def chosen_categories(categories: tuple[Category, ...], wanted: str | None) -> tuple[Category, ...]:
    """The categories whose label or path is named in `wanted` (comma-separated); all for None.

    Raises:
        SettingsError: a name fits no category.
    """
    if wanted is None:
        return categories
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    for name in names:
        if not any(name in (category.category, category.path) for category in categories):
            known = ", ".join(sorted({category.category for category in categories}))
            raise SettingsError(f"no category {name!r} in the configuration; there are {known}")
    return tuple(category for category in categories if category.category in names or category.path in names)


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
