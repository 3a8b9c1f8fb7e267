"""What a product's page says goes into the ledger as a whole: its pictures, its films, and that it was read.

A run that is killed has either all of a page or nothing of it, so a page that is known has no picture that is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from manifests.ledger import Fetch, Sighting
from manifests.reasons import FetchReason, Gender
from scrapers.context import CrawlContext
from scrapers.items import ImageRef, ProductItem
from scrapers.outcomes import Outcome


async def record(context: CrawlContext, fetch: Fetch, items: Sequence[ProductItem]) -> None:
    """Record a product page that was read.

    Args:
        fetch: the page's own, outcome "ok".
        items: what it held.
    """
    robots = {image.url: await _robots(context, image) for item in items for image in item.images}
    with context.ledger.batch():
        for item in items:
            for image in item.images:
                context.ledger.record_sighting(_sighting(item, image, robots[image.url], context.shop.synthetic))
                if image.is_video and context.ledger.last_fetch(image.url) is None:
                    context.record(image.url, "image", Outcome(FetchReason.VIDEO, "a film by the shop's own data"))
        context.memory.keep_items(fetch.url, tuple(items))
        context.ledger.record_fetch(fetch)


async def _robots(context: CrawlContext, image: ImageRef) -> str:
    """The verdict on a picture's URL as the ledger keeps it."""
    if image.is_video:
        return "not asked: a film"
    if (urlsplit(image.url).hostname or "").lower() not in context.shop.image_hosts:
        return "not asked: another host"
    if context.is_stopping:
        policy = context.policies.known(image.url)
        return policy.verdict(image.url) if policy else "not asked: the crawl stopped"
    return (await context.policies.of(image.url)).verdict(image.url)


def _sighting(item: ProductItem, image: ImageRef, robots: str, synthetic: bool) -> Sighting:
    return Sighting(
        source=item.source,
        page_url=item.page_url,
        image_url=image.url,
        image_key=image.image_key,
        position=image.position,
        product_id=item.product_id,
        style_id=item.style_id,
        view=image.view,
        gender=item.gender or Gender.UNKNOWN,
        category=item.category,
        brand=item.brand,
        colour=item.colour,
        title=item.title,
        robots=robots,
        synthetic=synthetic,
    )
