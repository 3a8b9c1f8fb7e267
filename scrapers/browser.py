"""Chromium through scrapy-playwright, for pages that paint their tiles by script; never for pictures.

The browser speaks under our own user agent, through the same gateway, and loads documents, scripts and the shop's own
data only: what is decoration or belongs to others is aborted, and robots.txt decides on the rest as for any request.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from scrapers.context import CrawlContext

CHROMIUM_VARIABLE = "VESTIARY_CHROMIUM"
_ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_WANTED = frozenset({"document", "script", "xhr", "fetch"})
_HANDLER = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"
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


def settings_for(executable: str, context: CrawlContext, user_agent: str) -> dict[str, Any]:
    """The Scrapy settings that install the handler; without them no request ever reaches a browser."""
    config = context.config
    launch: dict[str, Any] = {"executable_path": executable, "headless": True, "args": list(_ARGUMENTS)}
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        launch["args"].append("--no-sandbox")  # Chromium refuses to start for root with its sandbox
    if not context.shop.is_live and config.gateway:
        launch["proxy"] = {"server": config.gateway}
    milliseconds = config.timeout_seconds * 1000
    return {
        # for one scheme alone: each handler would start a browser of its own
        "DOWNLOAD_HANDLERS": {urlsplit(context.shop.base_url).scheme: _HANDLER},
        "PLAYWRIGHT_LAUNCH_OPTIONS": launch,
        "PLAYWRIGHT_CONTEXTS": {"default": {"user_agent": user_agent, "service_workers": "block"}},
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 1,
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": milliseconds,
        "PLAYWRIGHT_PROCESS_REQUEST_HEADERS": None,
        "PLAYWRIGHT_ABORT_REQUEST": aborter(context),
    }


def aborter(context: CrawlContext) -> Callable[[Any], Awaitable[bool]]:
    """Decides on every request that a page makes by itself: True aborts it."""

    async def abort(request: Any) -> bool:
        parts = urlsplit(request.url)
        if request.resource_type not in _WANTED or (parts.hostname or "").lower() != context.shop.host:
            return True
        if context.is_stopping:
            return True
        return not (await context.policies.of(request.url)).allows(request.url)

    return abort


def page_meta(tile: str, timeout_seconds: float) -> dict[str, Any]:
    """Request.meta that has a page painted: its tiles are waited for, and scrolled into view once.

    Args:
        tile: CSS selector of a tile.
        timeout_seconds: for the tiles to appear; a page without any is returned as it is.
    """
    from scrapy_playwright.page import PageMethod

    return {"playwright": True, "playwright_page_methods": [PageMethod(_paint, tile, timeout_seconds)]}


async def _paint(page: Any, tile: str, timeout_seconds: float) -> None:
    """Scroll down step by step until no further tile appears."""
    from playwright.async_api import TimeoutError as PlaywrightTimeout

    try:
        await page.wait_for_selector(tile, state="attached", timeout=timeout_seconds * 1000)
    except PlaywrightTimeout:
        return
    with suppress(PlaywrightTimeout):  # some pages are never idle
        await page.wait_for_load_state("networkidle", timeout=min(timeout_seconds, 5.0) * 1000)
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
