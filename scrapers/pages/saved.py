"""A saved response, and the ways in which shops embed their data in HTML. Pure: nothing here asks the network."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any
from urllib.parse import urljoin

from parsel import Selector

Json = dict[str, Any]


class MarkupError(ValueError):
    """The container in which this shop keeps its data is absent: a challenge, an error page, or changed markup."""


@dataclass(frozen=True)
class SavedPage:
    """One answer of a shop.

    Attributes:
        url: the final URL.
        text: the decoded body, HTML or JSON.
    """

    url: str
    text: str

    @cached_property
    def selector(self) -> Selector:
        return Selector(text=self.text or "<html></html>", type="html")

    @cached_property
    def is_json(self) -> bool:
        return self.text.lstrip()[:1] in ("{", "[")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            MarkupError: it is not JSON.
        """
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError) as error:
            raise MarkupError(f"{self.url} answered no JSON ({self.text[:40]!r}…)") from error

    def absolute(self, url: str) -> str:
        return urljoin(self.url, url)

    @cached_property
    def scripts(self) -> tuple[str, ...]:
        """The text of every script, CDATA marks removed."""
        found = self.selector.xpath("//script/text()").getall()
        return tuple(text.strip().removeprefix("<![CDATA[").removesuffix("]]>") for text in found)

    @cached_property
    def json_ld(self) -> tuple[Json, ...]:
        """All JSON-LD nodes in page order, lists and @graph opened; broken scripts are passed over."""
        scripts = self.selector.xpath('//script[@type="application/ld+json"]/text()').getall()
        return tuple(node for text in scripts for node in _nodes(_loads(text)))

    def json_ld_of(self, *types: str) -> Json | None:
        """The first JSON-LD node whose @type is one of `types`."""
        for node in self.json_ld:
            kinds = node.get("@type")
            if any(kind in types for kind in (kinds if isinstance(kinds, list) else [kinds])):
                return node
        return None

    def assigned(self, marker: str) -> Any:
        """The JSON value that a script assigns or passes right after `marker`, or None.

        A value that is itself a JavaScript string of JSON is opened.
        """
        for script in self.scripts:
            at = script.find(marker)
            if at < 0:
                continue
            start = re.compile(r"[\s=(]*").match(script, at + len(marker))
            value = _decode_at(script, start.end() if start else at + len(marker))
            return _loads(value) if isinstance(value, str) else value
        return None

    def json_scripts(self, word: str) -> Iterator[Any]:
        """Every script that contains `word` and holds JSON, alone or as the argument of a call or assignment."""
        for script in self.scripts:
            if word not in script:
                continue
            value = _loads(script)
            if value is None:
                at = script.find("{")
                value = _decode_at(script, at) if at >= 0 else None
            if value is not None:
                yield value


def text_of(value: Any) -> str:
    """A field as text: a string stripped, a number written, anything else ""."""
    if isinstance(value, str):
        return " ".join(value.split())
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def name_of(value: Any) -> str:
    """A field that is a string or an object with a name (schema.org's brand)."""
    return text_of(value.get("name")) if isinstance(value, dict) else text_of(value)


def as_dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def as_dicts(value: Any) -> list[Json]:
    """The objects in a list; [] for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def image_urls(value: Any) -> list[str]:
    """schema.org's `image`: a URL, an ImageObject, or a list of either."""
    found: list[str] = []
    for item in value if isinstance(value, list) else [value]:
        url = item.get("contentUrl") or item.get("url") if isinstance(item, dict) else item
        if isinstance(url, str) and url:
            found.append(url)
    return found


def price_of(amount: Any, currency: Any, exponent: int = 0) -> tuple[str, str]:
    """A price and its currency; ("", "") unless both are there.

    Args:
        amount: a number, or text with a point, in units of 10**exponent.
        exponent: -2 for cents.
    """
    code = text_of(currency)
    try:
        value = Decimal(str(amount)).scaleb(exponent)
    except InvalidOperation:
        return "", ""
    if not value.is_finite() or value <= 0 or not re.fullmatch(r"[A-Z]{3}", code):
        return "", ""
    return f"{value:f}", code


def offered_price(node: Json) -> tuple[str, str]:
    """The price in a schema.org product's first offer that has one; a struck-through price is what it cost before."""
    offers = node.get("offers")
    for offer in as_dicts(offers) or [as_dict(offers)]:
        specified = offer.get("priceSpecification")
        for price in [offer, *as_dicts(specified), as_dict(specified)]:
            found = price_of(price.get("price"), price.get("priceCurrency"))
            if found[0] and "Strikethrough" not in text_of(price.get("priceType")):
                return found
    return "", ""


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _decode_at(text: str, start: int) -> Any:
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return None


def _nodes(value: Any) -> Iterator[Json]:
    if isinstance(value, list):
        for item in value:
            yield from _nodes(item)
    elif isinstance(value, dict):
        yield value
        yield from _nodes(value.get("@graph"))
