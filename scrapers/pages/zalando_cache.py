"""Zalando's `graphqlCache`: the answers of the page's own queries, wherever a front-end keeps them.

The script's class and number change from one front-end to the next (`re-1-13`, `re-1-15`, `__hydrationDataConsume(…)`),
so it is found by what it holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from scrapers.pages.saved import Json, SavedPage, as_dict


def cache_of(page: SavedPage) -> list[tuple[Json, Json]]:
    """All (query variables, data) of the page's graphql caches, in page order."""
    found = []
    for script in page.json_scripts("graphqlCache"):
        for holder in _holders(script):
            for key, answer in as_dict(holder.get("graphqlCache")).items():
                try:
                    variables = as_dict(as_dict(json.loads(key)).get("variables"))
                except ValueError:
                    variables = {}
                found.append((variables, as_dict(as_dict(answer).get("data"))))
    return found


def _holders(value: Any) -> Iterator[Json]:
    if isinstance(value, dict) and "graphqlCache" in value:
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _holders(item)


def facts_of(page: SavedPage, sku: str) -> tuple[Json, Json]:
    """What the cache says of product `sku`: product fields merged (the first value wins), and entity fields."""
    facts: Json = {}
    entity: Json = {}
    for _, data in cache_of(page):
        for name, target in (("product", facts), ("entity", entity), ("context", entity)):
            record = as_dict(data.get(name))
            if sku in (record.get("sku"), ern_sku(record.get("id")), ern_sku(record.get("entity_id"))):
                for field, value in record.items():
                    if value not in (None, [], {}):
                        target.setdefault(field, value)
    if "navigationTargetGroup" in facts:
        entity.setdefault("navigationTargetGroup", facts["navigationTargetGroup"])
    return facts, entity


def ern_sku(value: Any) -> str:
    return value.rpartition("::")[2].upper() if isinstance(value, str) and value.startswith("ern:product::") else ""
