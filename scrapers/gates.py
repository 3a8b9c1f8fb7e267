"""Gates: a crawl that went through to its end, but found too little, has probably met changed markup."""

from __future__ import annotations

from collections.abc import Mapping

from scrapers.config import Gates


def failures(gates: Gates, counts: Mapping[str, int]) -> list[str]:
    """The gates that a complete crawl did not reach, in words; [] if all were.

    Args:
        counts: the crawl's counts: products, products:described, pictures, pictures:unknown_view.
    """
    products, pictures = counts.get("products", 0), counts.get("pictures", 0)
    failed = []
    if products < gates.products:
        failed.append(f"{products} products, at least {gates.products} expected")
    if products:
        coverage = counts.get("products:described", 0) / products
        if coverage < gates.field_coverage:
            failed.append(
                f"{coverage:.0%} of products have title, id and gender, at least {gates.field_coverage:.0%} expected"
            )
        if pictures / products < gates.images_per_product:
            failed.append(
                f"{pictures / products:.1f} pictures per product, at least {gates.images_per_product:g} expected"
            )
    if pictures:
        unknown = counts.get("pictures:unknown_view", 0) / pictures
        if unknown > gates.unknown_views:
            failed.append(f"{unknown:.0%} of pictures have an unknown view, at most {gates.unknown_views:.0%} expected")
    return failed
