"""robots.txt by RFC 9309, failing closed: where a host's rules cannot be read, nothing of it is requested.

Scrapy's own middleware parses whatever a 403 or 503 carries and so allows everything; this one closes the host for an
unreachable file and for 401, 403, 429, 5xx, more than five redirects and HTML. Other 4xx mean that there are no rules.
Redirects are followed to other hosts too (RFC 9309, section 2.3.1.2), and what is found there holds for the host that
was asked. It covers the image hosts as well. The file is read anew after 24 hours (section 2.4); where it cannot be,
the crawl stops: rules that are a day old are not stretched. Crawl-delay is applied up to `max_wait_seconds`, beyond
which the host is closed. The file's sha256 is in the ledger, and every verdict is kept for the sightings.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.httpobj import urlparse_cached

from manifests.ledger import Fetch
from manifests.reasons import FetchReason
from scrapers.config import is_test_host
from scrapers.context import KIND, context_of
from scrapers.exit_status import ExitStatus
from scrapers.outcomes import Outcome, Refused, Stopped, outcome_of_error
from scrapers.politeness.pacing import set_delay
from scrapers.politeness.usage import Usage, parse_usage

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from scrapers.context import CrawlContext

logger = logging.getLogger(__name__)

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
    """The policies of a crawl, one for each origin (scheme, host, port), each asked for once a day."""

    def __init__(self, context: CrawlContext) -> None:
        self._context = context
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

    async def _ask(self, origin: str) -> HostPolicy:
        context, url = self._context, f"{origin}/robots.txt"
        request = Request(url, callback=NO_CALLBACK, meta={KIND: "robots", "download_maxsize": 4 * MAX_BYTES})
        try:
            response = await context.crawler.engine.download_async(request)
        except Stopped:
            return HostPolicy(None, True, "the crawl is stopping")
        except Exception as error:
            outcome = outcome_of_error(error)
            policy = HostPolicy(None, True, f"robots.txt could not be read ({outcome.reason}: {outcome.detail})")
            context.record(url, "robots", outcome)
        else:
            policy = self._judge(url, response)
        logger.info("%s: %s", url, policy.why)
        if policy.crawl_delay is not None and not policy.closed:
            delay = max(policy.crawl_delay, context.config.delay_for(context.shop))
            set_delay(context, urlsplit(origin).hostname or "", delay)
        return policy

    def _judge(self, url: str, response: Response) -> HostPolicy:
        context = self._context
        media_type = (response.headers.get("Content-Type") or b"").decode("latin-1").partition(";")[0].strip()
        policy = judge(response.status, media_type, response.body, context.config.max_wait_seconds)
        if policy.closed:
            reason = FetchReason.BLOCKED if response.status in (200, 401, 403, 429) else FetchReason.HTTP_ERROR
            context.record(url, "robots", Outcome(reason, policy.why, response.status))
        elif policy.rules is None:
            context.record(url, "robots", Outcome(FetchReason.GONE, policy.why, response.status))
        else:
            digest = f"sha256 {hashlib.sha256(response.body).hexdigest()}"
            context.ledger.record_fetch(
                Fetch(
                    url,
                    "robots",
                    context.source,
                    "ok",
                    response.status,
                    bytes=len(response.body),
                    media_type=media_type,
                    detail=digest,
                )
            )
        return policy


class RobotsMiddleware:
    """Refuses what robots.txt bars, and every host that is not the shop's. Requests for robots.txt itself pass."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RobotsMiddleware:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        context = context_of(self._crawler)
        host = (urlparse_cached(request).hostname or "").lower()
        if request.meta.get(KIND) == "robots":
            if not context.shop.is_live and not is_test_host(host):  # the demo shops never lead out of the machine
                raise Refused(FetchReason.HTTP_ERROR, f"redirected to {host}")
            return
        if host not in context.shop.hosts:
            raise Refused(FetchReason.HTTP_ERROR, f"leads to {host}, which is not one of the shop's hosts")
        policy = await context.policies.of(request.url)
        if policy.closed and not context.is_stopping:
            context.stop(ExitStatus.ROBOTS, f"{host}: {policy.why}")
        if not policy.allows(request.url):
            raise Refused(FetchReason.ROBOTS_BARRED, policy.verdict(request.url))
        if policy.usage and (signal := policy.usage.reservation(request.url)):
            raise Refused(FetchReason.OPTED_OUT, "reserved in robots.txt", signals=(signal,))
