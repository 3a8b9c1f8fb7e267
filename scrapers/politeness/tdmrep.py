"""/.well-known/tdmrep.json: what a host reserves from text and data mining (W3C community report, TDM Reservation
Protocol, 10 May 2024).

The protocol has an agent look for the file before it collects from a host, and says nothing of a host on which that
cannot be done. Here, as for robots.txt: a file that is not there (404, 410 and other 4xx, a web page, no JSON) reserves
nothing; a file that cannot be asked for (a server error, 429, a timeout, a broken connection) may reserve anything, and
the crawl stops. A file that robots.txt bars is not asked for, and reserves nothing.

Rules are tried in the order of the file and the first that matches counts. Stricter than the protocol, an answer's own
`TDM-Reservation: 0` cannot lift a reservation of the file: what the file reserves is not even asked for.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http.request import NO_CALLBACK

from manifests.ledger import Fetch
from manifests.reasons import FetchReason
from scrapers.context import KIND
from scrapers.exit_status import ExitStatus
from scrapers.outcomes import Outcome, Refused, Stopped, outcome_of_error

if TYPE_CHECKING:
    from scrapers.context import CrawlContext

PATH = "/.well-known/tdmrep.json"
MAX_BYTES = 512 * 1024
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


@dataclass(frozen=True, slots=True)
class Rules:
    """A host's rules: (location, pattern, reserved), in the order of the file."""

    rules: tuple[tuple[str, re.Pattern[str], bool], ...] = ()

    def reserving(self, url: str) -> str | None:
        """The location of the rule that reserves `url`, or None."""
        parts = urlsplit(url)
        path = _normal((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        for location, pattern, reserved in self.rules:
            if pattern.match(path):
                return location if reserved else None
        return None


def parse(body: bytes) -> Rules:
    """The rules of a tdmrep.json; none if it is no such file. A rule without a location is meant for everything."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return Rules()
    rules = []
    for rule in found if isinstance(found, list) else []:
        if isinstance(rule, dict) and str(rule.get("tdm-reservation")) in ("0", "1"):
            location = str(rule.get("location", "/"))
            rules.append((location, _pattern(location), str(rule["tdm-reservation"]) == "1"))
    return Rules(tuple(rules))


class Reservations:
    """The rules of every host of a crawl, each asked for once."""

    def __init__(self, context: CrawlContext) -> None:
        self._context = context
        self._rules: dict[str, asyncio.Task[Rules]] = {}

    async def of(self, url: str) -> Rules:
        """The rules of the host of `url`.

        Raises:
            Stopped: they could not be asked for, and the crawl stops.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._rules:
            self._rules[origin] = asyncio.ensure_future(self._ask(origin))
        return await asyncio.shield(self._rules[origin])

    async def _ask(self, origin: str) -> Rules:
        context, url = self._context, origin + PATH
        request = Request(url, callback=NO_CALLBACK, meta={KIND: "tdmrep", "download_maxsize": MAX_BYTES})
        try:
            response = await context.crawler.engine.download_async(request)
        except Stopped:
            raise
        except Refused as error:  # robots.txt bars it
            context.record(url, "robots", outcome_of_error(error))
            return Rules()
        except Exception as error:
            return self._close(origin, outcome_of_error(error))
        status = response.status
        if status == 429 or status >= 500:
            return self._close(origin, Outcome(FetchReason.HTTP_ERROR, f"status {status}", status))
        if status != 200:
            context.record(url, "robots", Outcome(FetchReason.GONE, f"no tdmrep.json (status {status})", status))
            return Rules()
        size = len(response.body)
        context.ledger.record_fetch(Fetch(url, "robots", context.source, "ok", status, bytes=size))
        return parse(response.body)

    def _close(self, origin: str, outcome: Outcome) -> Rules:
        self._context.record(origin + PATH, "robots", outcome)
        why = f"{origin}{PATH} could not be read ({outcome.detail}), so nobody knows what is reserved there"
        self._context.stop(ExitStatus.ROBOTS, why)
        raise Stopped(why)


def _pattern(location: str) -> re.Pattern[str]:
    """Prefix match; "*" is any text, "$" at the end is the end of the path."""
    text, end = (location[:-1], r"\Z") if location.endswith("$") else (location, "")
    return re.compile(".*".join(re.escape(_normal(piece)) for piece in re.split(r"\*+", text)) + end, re.DOTALL)


def _normal(path: str) -> str:
    """Escapes of unreserved characters undone, the others in capitals (RFC 3986, section 6.2.2)."""

    def undone(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if _UNRESERVED.match(character) else match[0].upper()

    return _ESCAPE.sub(undone, path)
