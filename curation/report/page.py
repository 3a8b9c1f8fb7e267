"""The page: one HTML file that opens from the disk and asks for nothing.

Whatever a shop or a file name says is escaped; only addresses of the web become links. A content security policy in the
page bars scripts and every request, whatever might slip through.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from curation.report.contents import Contents, Tile, gather
from curation.report.thumbnails import Thumbnails
from manifests import atomic

NAME = "curation-report.html"

_BUDGET = 12_000_000
"""Bytes of all pictures in the page."""


def write(dataset: Path, title: str = "", path: Path | None = None) -> Path:
    """Write the report on a curated dataset; the same dataset gives the same bytes.

    Args:
        title: the dataset's; by default its directory's name.
        path: where to; by default `curation-report.html` in the dataset directory.

    Raises:
        FileNotFoundError: the dataset is not curated.
        OSError: the file cannot be written.
    """
    target = path or dataset / NAME
    atomic.write_text(target, render(gather(dataset), Thumbnails(dataset, _BUDGET), title or dataset.resolve().name))
    return target


def render(contents: Contents, thumbnails: Thumbnails, title: str) -> str:
    """The page as text."""
    environment = Environment(
        loader=PackageLoader("curation", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"link": _link, "words": lambda name: name.replace("_", " "), "count": lambda n: f"{n:,}"}

    def picture(tile: Tile) -> str | None:
        return thumbnails.of(tile.row["path"])

    sources = sorted({source for source, _ in contents.counts})
    reasons = sorted({reason for _, reason in contents.counts if reason})
    total = sum(contents.counts.values())
    kept = sum(count for (_, reason), count in contents.counts.items() if not reason)
    settings = contents.settings
    failures = contents.proof.failures(
        frozen=settings is not None and settings.frozen is not None,
        allow_short=settings is not None and settings.split.allow_short,
    ) if contents.proof else []  # fmt: skip
    return environment.get_template("page.html.j2").render(
        title=title,
        c=contents,
        sources=sources,
        reasons=reasons,
        total=total,
        kept=kept,
        failures=failures,
        highest=max(1, *contents.distances),
        picture=picture,
        facts=_facts,
        thumbnails=thumbnails,
    )


def _facts(tile: Tile) -> list[tuple[str, str]]:
    """What the tooltip says."""
    row = tile.row
    facts = [("image", row["image_id"])]
    facts += [(name, row[name]) for name in ("source", "gender", "category", "view") if row[name]]
    facts += [("from", sighting["image_url"]) for sighting in row["sightings"][:3]]
    return [(name, str(value)) for name, value in facts]


def _link(row: Mapping[str, Any]) -> str | None:
    """The first page that shows a picture, if that is an address of the web."""
    for sighting in row["sightings"]:
        address: str = sighting["page_url"]
        try:
            parts = urlsplit(address)
        except ValueError:
            continue
        if parts.scheme in ("http", "https") and parts.netloc:
            return address
    return None
