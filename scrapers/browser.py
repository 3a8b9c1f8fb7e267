"""Chromium through scrapy-playwright, for pages that paint their tiles by script; never for pictures.

The page's document is the answer that the spider has already fetched and found to be no block: it is handed to the
browser, which runs its scripts and asks for the shop's own data only. What is decoration or belongs to others is
aborted, robots.txt decides on the rest as for any request, and a page that moves on by itself is not followed.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

    from scrapers.context import CrawlContext

CHROMIUM_VARIABLE = "VESTIARY_CHROMIUM"
_ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_WANTED = frozenset({"script", "xhr", "fetch"})
_HANDLER = "scrapers.browser_handler.BrowserHandler"
_TILE_SECONDS = 10.0  # for the first tile to appear
_IDLE_SECONDS = 5.0  # for the page's own data to arrive
PAGES_PER_CONTEXT = 50
"""Pages that one browser context paints before another takes its place."""
_ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-default-apps",
    "--disable-extensions",
    "--metrics-recording-only",
    "--disable-dev-shm-usage",
)


def find_chromium() -> str | None:
    """The browser to use: $VESTIARY_CHROMIUM, else Chromium or Chrome on the PATH, else the one Playwright installed.

    Returns:
        Path of the executable, or None if there is none (or scrapy-playwright is not installed).
    """
    if importlib.util.find_spec("scrapy_playwright") is None:
        return None
    named = os.environ.get(CHROMIUM_VARIABLE)
    if named:
        return named if os.access(named, os.X_OK) else None
    for name in _ON_PATH:
        if path := shutil.which(name):
            return path
    return _of_playwright()


class Browser:
    """The browser of one crawl: Scrapy's settings for it, and the say over every request that a page makes.

    Args:
        executable: as `find_chromium` gives it.
        tile: CSS selector of a tile.
    """

    def __init__(self, executable: str, tile: str, context: CrawlContext) -> None:
        self._executable = executable
        self._tile = tile
        self._context = context
        self._painted = 0
        self._generation = 0

    def settings(self) -> dict[str, Any]:
        """The Scrapy settings that install the handler; without them no request ever reaches a browser."""
        config, shop = self._context.config, self._context.shop
        launch: dict[str, Any] = {"executable_path": self._executable, "headless": True, "args": list(_ARGUMENTS)}
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            launch["args"].append("--no-sandbox")  # Chromium refuses to start for root with its sandbox
        if not shop.is_live and config.gateway:
            launch["proxy"] = {"server": config.gateway}
        return {
            # for one scheme alone: each handler would start a browser of its own
            "DOWNLOAD_HANDLERS": {urlsplit(shop.base_url).scheme: _HANDLER},
            "PLAYWRIGHT_LAUNCH_OPTIONS": launch,
            "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 1,
            "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": config.timeout_seconds * 1000,
            "PLAYWRIGHT_PROCESS_REQUEST_HEADERS": None,  # the browser's own, but for the user agent below
            "PLAYWRIGHT_ABORT_REQUEST": self.aborts,
        }

    def meta(self, response: Response) -> dict[str, Any]:
        """Request.meta that has a fetched page painted; the browser's page is closed whatever happens.

        A context serves so many pages and is then closed, so that what a browser holds does not grow with the crawl.
        """
        from scrapy_playwright.page import PageMethod

        self._painted += 1
        if self._painted % PAGES_PER_CONTEXT == 0:
            self._generation += 1

        async def give_document(page: Any, request: Request) -> None:
            for other in [] if page.context.browser is None else page.context.browser.contexts:
                if other != page.context:
                    await other.close()
            given = False

            async def handle(route: Any) -> None:
                nonlocal given
                if not route.request.is_navigation_request():
                    await route.fallback()  # to `aborts`
                elif given:
                    await route.abort()
                else:
                    given = True
                    headers = {"Content-Type": (response.headers.get("Content-Type") or b"text/html").decode("latin-1")}
                    await route.fulfill(status=response.status, headers=headers, body=response.body)

            await page.route("**", handle)

        return {
            "playwright": True,
            "playwright_context": f"painting-{self._generation}",
            "playwright_context_kwargs": {
                "user_agent": self._context.config.user_agent,
                "service_workers": "block",
                "accept_downloads": False,
            },
            "playwright_page_init_callback": give_document,
            "playwright_page_methods": [PageMethod(_paint, self._tile)],
        }

    def renewed(self, meta: dict[str, Any]) -> dict[str, Any]:
        """`meta` of a painting that failed, for another attempt in a context of its own."""
        self._generation += 1
        return meta | {"playwright_context": f"painting-{self._generation}"}

    async def aborts(self, request: Any) -> bool:
        """True if a request that a page makes by itself must not be sent."""
        if request.resource_type not in _WANTED or self._context.is_stopping:
            return True
        if (urlsplit(request.url).hostname or "").lower() != self._context.shop.host:
            return True
        return not (await self._context.policies.of(request.url)).allows(request.url)


async def _paint(page: Any, tile: str) -> None:
    """Wait for the first tile, then scroll down step by step until no further tile appears."""
    from playwright.async_api import TimeoutError as PlaywrightTimeout

    try:
        await page.wait_for_selector(tile, state="attached", timeout=_TILE_SECONDS * 1000)
    except PlaywrightTimeout:  # a page without tiles is judged like any other
        return
    with suppress(PlaywrightTimeout):  # some pages are never idle
        await page.wait_for_load_state("networkidle", timeout=_IDLE_SECONDS * 1000)
    painted, steady = -1, 0
    for _ in range(60):
        count = await page.locator(tile).count()
        steady = steady + 1 if count == painted else 0
        if steady == 3:
            return
        painted = count
        await page.mouse.wheel(0, 4000)
        await page.wait_for_timeout(150)


def _of_playwright() -> str | None:
    root = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    found = sorted(root.glob("chromium-*/chrome-linux*/chrome"))
    return str(found[-1]) if found else None
