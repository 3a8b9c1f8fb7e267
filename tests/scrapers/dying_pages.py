"""`scrapy crawl` in which the browser's renderer dies at a chosen moment of each listing's first painting.

Run as `python -m tests.scrapers.dying_pages crawl zalando ...`. A page's address says when: `?dies=created` before our
callback has its page, `prepared` after it, `painted` after the last scroll and before the content is read. At any other
moment a page dies by what it asks of the server.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

from scrapy import Request
from scrapy.cmdline import execute
from scrapy.http import Response
from scrapy_playwright.page import PageMethod

from scrapers.browser import Browser


async def crash(page: Any) -> None:
    """Have the page's renderer end as a crash ends it, and wait until the browser has noticed."""
    session = await page.context.new_cdp_session(page)
    async with page.expect_event("crash"):
        command = asyncio.ensure_future(session.send("Page.crash"))  # which is never answered
    command.cancel()


class DyingBrowser(Browser):
    def meta(self, response: Response) -> dict[str, Any]:
        meta = super().meta(response)
        moment = parse_qs(urlsplit(response.url).query).get("dies", [""])[0]
        prepare, dead = meta["playwright_page_init_callback"], False

        async def die(page: Any, now: str) -> None:
            nonlocal dead
            if now == moment and not dead:
                dead = True
                await crash(page)

        async def dying_prepare(page: Any, request: Request) -> None:
            await die(page, "created")
            await prepare(page, request)
            await die(page, "prepared")

        methods = [*meta["playwright_page_methods"], PageMethod(die, "painted")]
        return meta | {"playwright_page_init_callback": dying_prepare, "playwright_page_methods": methods}


if __name__ == "__main__":
    from scrapers.spiders import painting

    painting.Browser = DyingBrowser  # type: ignore[misc]
    execute()
