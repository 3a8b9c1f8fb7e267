"""What a host's robots.txt stands for, by RFC 9309: which requests it allows, how often, and what it reserves.

Nothing here asks a host; `scrapers.politeness.robots` does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from protego import Protego

from scrapers.politeness.usage import Usage, parse_usage

AGENT = "Vestiary"
"""The product token that robots.txt may name."""
AI_CRAWLERS = ("GPTBot", "CCBot", "Google-Extended", "ClaudeBot", "anthropic-ai", "Bytespider", "Applebot-Extended")
"""Agents whose exclusion says what the host thinks of collecting for training; noted with the verdict."""
MAX_BYTES = 512 * 1024  # RFC 9309, section 2.5: parse at least 500 KiB
MAX_AGE_SECONDS = 24 * 3600.0  # RFC 9309, section 2.4


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """What one host's robots.txt says.

    Attributes:
        rules: None where there are no rules (`closed` False) or none could be read (`closed` True).
        closed: nothing of this host may be requested.
        why: how the verdict came about, for a person.
        crawl_delay: seconds, or None.
        usage: reservations by Content-Usage and Content-Signal lines.
    """

    rules: Protego | None
    closed: bool
    why: str
    crawl_delay: float | None = None
    usage: Usage | None = None

    def allows(self, url: str) -> bool:
        return not self.closed and (self.rules is None or bool(self.rules.can_fetch(url, AGENT)))

    def verdict(self, url: str) -> str:
        """The verdict on `url` as the ledger keeps it, such as "allowed" or "barred by robots.txt"."""
        if self.closed:
            return f"closed: {self.why}"
        if self.rules is None:
            return f"allowed ({self.why})"
        if not self.allows(url):
            return "barred by robots.txt"
        barred = [agent for agent in AI_CRAWLERS if not self.rules.can_fetch(url, agent)]
        return f"allowed (but not to {', '.join(barred)})" if barred else "allowed"


def judge(status: int, media_type: str, body: bytes, max_delay: float) -> HostPolicy:
    """The policy that an answer to /robots.txt stands for.

    Args:
        status: final HTTP status, redirects followed.
        media_type: of the Content-Type header, "" if there was none.
        body: the answer; only the first 512 KiB count.
        max_delay: a Crawl-delay of more seconds closes the host.
    """
    if status in (401, 403, 429) or status >= 500 or 300 <= status < 400:
        return HostPolicy(None, True, f"robots.txt answered {status}")
    if status >= 400:
        return HostPolicy(None, False, "no robots.txt")
    text = body[:MAX_BYTES].decode("utf-8-sig", errors="replace")
    if "html" in media_type.lower() or text.lstrip()[:1] == "<":
        return HostPolicy(None, True, "robots.txt answered with a web page")
    rules = Protego.parse(text)
    delay = rules.crawl_delay(AGENT)
    if delay is not None and delay > max_delay:
        return HostPolicy(
            rules, True, f"Crawl-delay {delay:g} s is longer than max_wait_seconds ({max_delay:g})", delay
        )
    return HostPolicy(rules, False, "robots.txt", delay, parse_usage(text, AGENT))


class HostPolicies:
    """The policies of a crawl, one for each origin (scheme, host, port), each asked for once a day.

    Args:
        ask: the policy of an origin, which it asks the host for; it does not raise.
    """

    def __init__(self, ask: Callable[[str], Coroutine[Any, Any, HostPolicy]]) -> None:
        self._ask = ask
        self._policies: dict[str, tuple[asyncio.Task[HostPolicy], float]] = {}

    async def of(self, url: str) -> HostPolicy:
        """The policy for the host of `url`; asks the host the first time."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        task, asked = self._policies.get(origin, (None, 0.0))
        if task is None or time.monotonic() - asked > MAX_AGE_SECONDS:
            task = asyncio.ensure_future(self._ask(origin))
            self._policies[origin] = (task, time.monotonic())
        return await asyncio.shield(task)

    def known(self, url: str) -> HostPolicy | None:
        """The policy for the host of `url` if it was asked for already; never asks."""
        parts = urlsplit(url)
        task, _ = self._policies.get(f"{parts.scheme}://{parts.netloc}", (None, 0.0))
        return task.result() if task is not None and task.done() and not task.exception() else None
