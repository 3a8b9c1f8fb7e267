"""Usage preferences: which uses of its content a publisher reserves, in headers and in robots.txt.

Three notations of one thought: `Content-Usage` (IETF aipref: `train-ai=n`), `Content-Signal` (`ai-train=no`), and the
TDM Reservation Protocol (`tdm-reservation: 1`). A reservation of training, of AI or of all automated use counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_RESERVED = re.compile(r"(?:^|[,;\s])(?:train-ai|ai-train|ai|bots|tdm)\s*=\s*(?:n|no|\?0|0)(?=$|[,;\s])", re.IGNORECASE)
_LINE = re.compile(
    r"^\s*(user-agent|content-usage|content-signal|allow|disallow|crawl-delay)\s*:\s*(.*?)\s*(?:#.*)?$", re.IGNORECASE
)
_PATH = re.compile(r"^(/\S*)\s+(.*)$")


def reserves(value: str) -> bool:
    """True if a Content-Usage or Content-Signal value reserves training or automated use."""
    return _RESERVED.search(value) is not None


@dataclass(frozen=True, slots=True)
class Usage:
    """Preferences of robots.txt for us.

    Attributes:
        rules: (path prefix, the line) of every preference; the longest matching prefix counts.
    """

    rules: tuple[tuple[str, str], ...]

    def reservation(self, url: str) -> str | None:
        """The line that reserves `url`, or None."""
        path = urlsplit(url).path or "/"
        matching = [(len(prefix), line) for prefix, line in self.rules if path.startswith(prefix)]
        if not matching:
            return None
        longest = max(length for length, _ in matching)
        return next((line for length, line in matching if length == longest and reserves(line.partition(":")[2])), None)


def parse_usage(robots_txt: str, agent: str) -> Usage:
    """The preferences in the group for `agent`, else in the group for all."""
    groups: dict[str, list[tuple[str, str]]] = {}
    agents: list[str] = []
    heading = False
    for raw in robots_txt.splitlines():
        match = _LINE.match(raw)
        if not match:
            continue
        name, value = match[1].lower(), match[2]
        if name == "user-agent":
            agents = [*agents, value.lower()] if heading else [value.lower()]
            heading = True
            groups.setdefault(value.lower(), [])
            continue
        heading = False
        if name in ("content-usage", "content-signal"):
            path = _PATH.match(value)
            prefix, preference = (path[1], path[2]) if path else ("/", value)
            for one in agents or ["*"]:  # before any group it is meant for all
                groups.setdefault(one, []).append((prefix, f"{match[1]}: {preference}"))
    return Usage(tuple(groups.get(agent.lower(), groups.get("*", []))))
