"""robots.txt by RFC 9309, failing closed: where a host's rules cannot be read, nothing of it is requested.

Scrapy's own middleware parses whatever a 403 or 503 carries and so allows everything; this one closes the host for an
unreachable file and for 401, 403, 429, 5xx, more than five redirects and HTML. Other 4xx mean that there are no rules.
Redirects are followed to other hosts too (RFC 9309, section 2.3.1.2), and what is found there holds for the host that
was asked. It covers the image hosts as well. The file is read anew after 24 hours (section 2.4); where it cannot be,
the crawl stops: rules that are a day old are not stretched. Crawl-delay is applied up to `max_wait_seconds`, beyond
which the host is closed. The file's sha256 is in the ledger, and every verdict is kept for the sightings.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.httpobj import urlparse_cached

from manifests.ledger import Fetch
from manifests.reasons import FetchReason
from scrapers.config import is_test_host
from scrapers.context import KIND, CrawlContext, context_of
from scrapers.exit_status import ExitStatus
from scrapers.outcomes import Outcome, Refused, Stopped, outcome_of_error
from scrapers.politeness.host_policies import MAX_BYTES, HostPolicy, judge
from scrapers.politeness.pacing import set_delay

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


async def ask(context: CrawlContext, origin: str) -> HostPolicy:
    """The policy of `origin` (scheme, host, port), by the answer to its /robots.txt, which goes into the ledger.

    A Crawl-delay applies from here on.
    """
    url = f"{origin}/robots.txt"
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
        policy = _judge(context, url, response)
    logger.info("%s: %s", url, policy.why)
    if policy.crawl_delay is not None and not policy.closed:
        delay = max(policy.crawl_delay, context.config.delay_for(context.shop))
        set_delay(context, urlsplit(origin).hostname or "", delay)
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


def _judge(context: CrawlContext, url: str, response: Response) -> HostPolicy:
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
