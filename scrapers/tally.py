"""Counting what a crawl found, for the report and the gates."""

from __future__ import annotations

from collections import Counter

from manifests.reasons import Gender, View
from scrapers.items import ProductItem


class Tally:
    """Counts the products of a crawl, those that were read and those that the ledger knew.

    Args:
        counts: where to. `products`, `field:<name>` (of `items.FIELDS`), `products:described` (title, id and gender),
            `products:other_department` (the page names another one than the category), `pictures`,
            `pictures:unknown_view`, `pictures:repeated` (the shop's own identity was seen with another style), `films`.
    """

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._styles: dict[int, int] = {}  # hashes alone: a crawl of 20,000 products is held in a few megabytes

    def add(self, item: ProductItem, expected: Gender = Gender.UNKNOWN) -> None:
        """Count one product, which was found where products of the gender `expected` are listed."""
        counts, filled = self._counts, item.filled
        counts["products"] += 1
        counts.update(f"field:{name}" for name in filled)
        counts["products:described"] += {"title", "product_id", "gender"} <= set(filled)
        told = expected is not Gender.UNKNOWN and item.gender not in (None, Gender.UNISEX)
        counts["products:other_department"] += told and item.gender is not expected
        for image in item.images:
            if image.is_video:
                counts["films"] += 1
                continue
            counts["pictures"] += 1
            counts["pictures:unknown_view"] += image.view is View.UNKNOWN
            style = hash(item.style_id)
            counts["pictures:repeated"] += self._styles.setdefault(hash(image.image_key), style) != style
