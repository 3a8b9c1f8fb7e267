"""Opt-out signals: an answer that reserves itself from collection is dropped, and the signal recorded.

Read are the headers X-Robots-Tag, TDM-Reservation, Content-Usage and Content-Signal, the corresponding `<meta>`
elements of a page, and once a host /.well-known/tdmrep.json (tdmrep.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.http import Headers, HtmlResponse, Response

from manifests.reasons import FetchReason
from scrapers.context import KIND, context_of
from scrapers.outcomes import Refused
from scrapers.politeness.host_policies import AGENT
from scrapers.politeness.tdmrep import Reservations
from scrapers.politeness.usage import reserves

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

DIRECTIVES = frozenset({"noai", "noimageai", "noindex", "noimageindex", "none"})
"""X-Robots-Tag directives that keep us away."""

_HEADERS = ("X-Robots-Tag", "TDM-Reservation", "TDM-Policy", "Content-Usage", "Content-Signal")
_KEYS = frozenset(Headers(dict.fromkeys(_HEADERS, "")).keys())  # as Scrapy spells them; most answers have none
_SCOPED = re.compile(r"^\s*([\w-]+)\s*:\s*(.*)$")
_WITH_VALUE = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})


def signals_of(response: Response) -> tuple[str, ...]:
    """Every opt-out header and `<meta>` of an answer as "name: value", whether or not it applies to us."""
    found = []
    for name in () if _KEYS.isdisjoint(response.headers.keys()) else _HEADERS:
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
        self._reservations: Reservations | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> OptOutMiddleware:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        if request.meta.get(KIND) not in ("page", "image"):
            return
        if self._reservations is None:
            self._reservations = Reservations(context_of(self._crawler))
        if rule := (await self._reservations.of(request.url)).reserving(request.url):
            signal = f"tdmrep.json: {rule}"
            raise Refused(FetchReason.OPTED_OUT, "reserved in /.well-known/tdmrep.json", signals=(signal,))

    def process_response(self, request: Request, response: Response) -> Response:
        if request.meta.get(KIND) not in ("page", "image"):
            return response
        signals = signals_of(response)
        if signal := reservation(signals):
            raise Refused(FetchReason.OPTED_OUT, signal, http_status=response.status, signals=signals)
        return response
