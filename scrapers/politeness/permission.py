"""A live shop is crawled by permission only, and the permission is written down."""

from __future__ import annotations

from manifests.settings import SettingsError
from scrapers.config import CrawlConfig


class PermissionRequired(SettingsError):
    """The configuration does not say by what right a live shop may be crawled."""


def check(config: CrawlConfig, name: str) -> None:
    """Refuse to crawl shop `name` if it is live and its permission or a contact is missing.

    Raises:
        SettingsError: there is no such shop in the configuration.
        PermissionRequired: the shop is live and the statement is incomplete; the message says what to write where.
    """
    if name not in config.shops:
        known = ", ".join(sorted(config.shops)) or "none"
        raise SettingsError(f"no [crawl.shops.{name}] in the configuration (shops there: {known})")
    shop = config.shops[name]
    if not shop.is_live:
        return
    if shop.permission is None:
        raise PermissionRequired(
            f"{shop.host} is a live shop, and its terms restrict automated collection. Vestiary crawls it only with "
            f"permission. If you have it, state it in the configuration:\n\n"
            f"[crawl.shops.{name}.permission]\n"
            f'basis = "what permits the collection: consent, licence, statutory exception"\n'
            f'reference = "where that can be checked"\n'
            f'contact = "who answers for it"\n\n'
            f"The demo shops need none: configs/demo.toml"
        )
    if not config.contact.strip():
        raise PermissionRequired(
            f'{shop.host} is a live shop: set contact = "…" under [crawl], so that its operators can reach you'
        )
