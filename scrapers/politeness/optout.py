"""Opt-out signals: an answer that reserves itself from collection is dropped, and the signal recorded.

Read are the headers X-Robots-Tag, TDM-Reservation, Content-Usage and Content-Signal, the corresponding `<meta>`
elements of a page, and once a host /.well-known/tdmrep.json (TDM Reservation Protocol).
"""

from __future__ import annotations

import asyncio
import fnmatch
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import HtmlResponse, Response
from scrapy.http.request import NO_CALLBACK

from manifests.reasons import FetchReason
from scrapers.context import KIND, context_of
from scrapers.outcomes import Refused
from scrapers.politeness.robots import AGENT
from scrapers.politeness.usage import reserves

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

DIRECTIVES = frozenset({"noai", "noimageai", "noindex", "noimageindex", "none"})
"""X-Robots-Tag directives that keep us away."""

_SCOPED = re.compile(r"^\s*([\w-]+)\s*:\s*(.*)$")
_WITH_VALUE = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})


def signals_of(response: Response) -> tuple[str, ...]:
    """Every opt-out header and `<meta>` of an answer as "name: value", whether or not it applies to us."""
    found = []
    for name in ("X-Robots-Tag", "TDM-Reservation", "TDM-Policy", "Content-Usage", "Content-Signal"):
        found += [f"{name}: {value.decode('latin-1').strip()}" for value in response.headers.getlist(name)]
    if isinstance(response, HtmlResponse):
        for name in ("robots", AGENT.lower(), "tdm-reservation", "content-usage"):
            values = response.css(f'meta[name="{name}" i]::attr(content)').getall()
            found += [f"meta {name}: {value.strip()}" for value in values]
    return tuple(found)


def reservation(signals: tuple[str, ...]) -> str | None:
    """The first signal that keeps us away, or None."""
    for signal in signals:
        name, _, value = signal.partition(": ")
        match name.removeprefix("meta ").lower():
            case "x-robots-tag" | "robots" | "vestiary":
                away = bool(directives(value) & DIRECTIVES)
            case "tdm-reservation":
                away = value.strip() == "1"
            case "content-usage" | "content-signal":
                away = reserves(value)
            case _:
                away = False
        if away:
            return signal
    return None


def directives(value: str) -> frozenset[str]:
    """The X-Robots-Tag directives that apply to us: those without an agent's name, or with ours or "*"."""
    found = set()
    agent = ""  # a name stands before the first of its directives and holds for those that follow
    for part in value.split(","):
        scoped = _SCOPED.match(part)
        if scoped and scoped[1].lower() not in _WITH_VALUE:
            agent, part = scoped[1].lower(), scoped[2]
        if agent in ("", "*", AGENT.lower()):
            found.add(part.strip().lower())
    return frozenset(found)


class OptOutMiddleware:
    """Drops answers that carry a reservation, and requests for what tdmrep.json reserves."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._reserved: dict[str, asyncio.Task[tuple[str, ...]]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> OptOutMiddleware:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        if request.meta.get(KIND) not in ("page", "image"):
            return
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._reserved:
            self._reserved[origin] = asyncio.ensure_future(self._ask(origin))
        for pattern in await asyncio.shield(self._reserved[origin]):
            if fnmatch.fnmatchcase(parts.path or "/", pattern):
                signal = f"tdmrep.json: {pattern}"
                raise Refused(FetchReason.OPTED_OUT, "reserved in /.well-known/tdmrep.json", signals=(signal,))

    def process_response(self, request: Request, response: Response) -> Response:
        if request.meta.get(KIND) not in ("page", "image"):
            return response
        signals = signals_of(response)
        if signal := reservation(signals):
            raise Refused(FetchReason.OPTED_OUT, signal, http_status=response.status, signals=signals)
        return response

    async def _ask(self, origin: str) -> tuple[str, ...]:
        request = Request(f"{origin}/.well-known/tdmrep.json", callback=NO_CALLBACK, meta={KIND: "tdmrep"})
        try:
            response = await context_of(self._crawler).crawler.engine.download_async(request)
        except Exception:  # the file is optional: absent, barred or unreachable, it reserves nothing
            return ()
        return reserved_paths(response.body) if response.status == 200 else ()


def reserved_paths(body: bytes) -> tuple[str, ...]:
    """The path patterns that a tdmrep.json reserves; () if it is no such file."""
    try:
        rules: Any = json.loads(body)
    except ValueError:
        return ()
    rules = rules if isinstance(rules, list) else []
    return tuple(
        str(rule.get("location", "/")).replace("[", "[[]")
        + ("*" if str(rule.get("location", "/")).endswith("/") else "")
        for rule in rules
        if isinstance(rule, dict) and str(rule.get("tdm-reservation")) == "1"
    )
