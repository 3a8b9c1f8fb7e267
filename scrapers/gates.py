"""Gates: a crawl that found too little, or less than the last good one, has probably met changed markup.

Two kinds: limits that the configuration sets, and a comparison with the last run of the same shop that passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from manifests.ledger import Ledger
from scrapers.config import Gates
from scrapers.items import FIELDS

LEAST_TO_COMPARE = 10
"""Products that both runs must have: shares of fewer say nothing."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run comes to, from its counts (scrapers.tally).

    Attributes:
        coverage: share of products with each of `items.FIELDS`.
        described: share of products with title, id and gender.
        unknown_genders: share of products whose department is neither women's, men's nor both.
        unknown_views, repeated: shares of the pictures.
        errors: share of the pages asked for that came with an error or without data; what is gone or barred is none.
        lost_images: the same of pictures.
    """

    products: int
    pictures: int
    coverage: Mapping[str, float]
    described: float
    unknown_genders: float
    unknown_views: float
    repeated: float
    errors: float
    lost_images: float

    @property
    def images_per_product(self) -> float:
        return self.pictures / self.products if self.products else 0.0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Figures:
        products, pictures = counts.get("products", 0), counts.get("pictures", 0)

        def share(count: str, of: int) -> float:
            return counts.get(count, 0) / of if of else 0.0

        def lost(kind: str, good: str) -> float:
            failed = sum(counts.get(f"{kind}:{reason}", 0) for reason in _ERRORS)
            return failed / (failed + counts.get(good, 0)) if failed else 0.0

        coverage = {name: share(f"field:{name}", products) for name in FIELDS}
        return cls(
            products,
            pictures,
            coverage,
            share("products:described", products),
            1 - coverage["gender"] if products else 0.0,
            share("pictures:unknown_view", pictures),
            share("pictures:repeated", pictures),
            lost("page", "page:ok"),
            lost("image", "image:stored"),
        )


_ERRORS = ("http_error", "timeout", "truncated", "not_image", "too_large")


def failures(gates: Gates, counts: Mapping[str, int], is_partial: bool = False) -> list[str]:
    """The limits that a crawl did not keep, in words; [] if it kept all.

    Args:
        is_partial: the command line narrowed the crawl down, so that its number of products says nothing.
    """
    now = Figures.of(counts)
    least = min(gates.products, 1) if is_partial else gates.products
    failed = [f"{now.products} products, at least {least} expected"] if now.products < least else []
    if now.products:
        if now.described < gates.field_coverage:
            failed.append(
                f"{now.described:.0%} of products have title, id and gender, "
                f"at least {gates.field_coverage:.0%} expected"
            )
        for name, wanted in sorted(gates.fields.items()):
            if now.coverage[name] < wanted:
                failed.append(f"{now.coverage[name]:.0%} of products have {name}, at least {wanted:.0%} expected")
        if now.images_per_product < gates.images_per_product:
            failed.append(
                f"{now.images_per_product:.1f} pictures per product, at least {gates.images_per_product:g} expected"
            )
    for share, limit, words in (
        (now.unknown_views, gates.unknown_views, "of pictures have an unknown view"),
        (now.unknown_genders, gates.unknown_genders, "of products have an unknown gender"),
        (now.repeated, gates.duplicates, "of pictures were seen with another product as well"),
        (now.errors, gates.errors, "of pages failed"),
        (now.lost_images, gates.lost_images, "of pictures asked for failed"),
    ):
        if share > limit:
            failed.append(f"{share:.0%} {words}, at most {limit:.0%} expected")
    return failed


def regressions(gates: Gates, counts: Mapping[str, int], before: Mapping[str, int], is_same: bool) -> list[str]:
    """In what a crawl falls behind the last good one by more than `gates.fall`, in words.

    Args:
        before: the counts of the last good run.
        is_same: both were made with the same configuration, so that their numbers of products compare.
    """
    now, then = Figures.of(counts), Figures.of(before)
    if then.products < LEAST_TO_COMPARE:
        return []
    fell = []
    if is_same and now.products < then.products * (1 - gates.fall):
        fell.append(f"{now.products} products, {then.products} in the last good run")
    if now.products < LEAST_TO_COMPARE:
        return fell
    if now.images_per_product < then.images_per_product * (1 - gates.fall):
        fell.append(
            f"{now.images_per_product:.1f} pictures per product, {then.images_per_product:.1f} in the last good run"
        )
    fell += [
        f"{now.coverage[name]:.0%} of products have {name}, {then.coverage[name]:.0%} in the last good run"
        for name in FIELDS
        if now.coverage[name] < then.coverage[name] - gates.fall
    ]
    fell += [
        f"{here:.0%} {words}, {there:.0%} in the last good run"
        for here, there, words in _shares(now, then)
        if here > there + gates.fall
    ]
    return fell


def last_good_run(ledger: Ledger, source: str) -> dict[str, Any] | None:
    """The newest run of a shop that passed and was not narrowed down, as `Ledger.runs` gives it."""
    return next(
        (
            run
            for run in ledger.runs(source)
            if run["reason"] == "finished" and not run["fingerprint"].startswith("partial:")
        ),
        None,
    )


def _shares(now: Figures, then: Figures) -> Iterator[tuple[float, float, str]]:
    yield now.unknown_views, then.unknown_views, "of pictures have an unknown view"
    yield now.repeated, then.repeated, "of pictures were seen with another product as well"
    yield now.errors, then.errors, "of pages failed"
    yield now.lost_images, then.lost_images, "of pictures asked for failed"
