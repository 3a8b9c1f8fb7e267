"""How a crawl ended, as the exit status of `scrapy crawl`."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """0 is a complete crawl; every other value says what a person should look at."""

    DONE = 0
    FAILED = 1
    """An unexpected error; the log has its traceback."""
    REFUSED = 2
    """The crawl did not start: the configuration is wrong, or a live shop has no permission in it."""
    BLOCKED = 3
    """The shop's protection answered. The crawl stopped and will not try to get around it."""
    ROBOTS = 4
    """robots.txt closes a host that the shop needs, or bars everything that was wanted."""
    MARKUP = 5
    """The shop's pages are not what the page objects know, or a gate at the end was not reached."""
    BUSY = 6
    """The shop asked to come back later than the configuration is willing to wait."""
    UNAVAILABLE = 7
    """A host failed many times in a row: server errors, timeouts, broken connections."""
    INTERRUPTED = 130
    """Stopped by a signal; the same command again goes on."""
