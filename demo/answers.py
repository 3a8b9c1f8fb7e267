"""What a demo host answers, and the helpers that write it: HTML from templates, JSON, gzip."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
JPEG = "image/jpeg"
XML_GZIP = "application/x-gzip"

SYNTHETIC = "Synthetic page of a Vestiary demo shop; products, prices and pictures are invented."

TRANSPARENT_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
    "0000000b4944415478da6360600000000300012b094d840000000049454e44ae426082"
)
MINIMAL_MP4 = bytes.fromhex("0000001c6674797069736f6d0000020069736f6d69736f326d703431000000086d646174")


@dataclass(frozen=True)
class Target:
    """A request as the demo shops see it: `path` keeps its percent-encoding, `query` has each name's last value."""

    host: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def parse(cls, host: str, path_and_query: str, body: bytes = b"") -> Target:
        path, _, query = path_and_query.partition("?")
        return cls(host, path, dict(parse_qsl(query, keep_blank_values=True)), body)


@dataclass(frozen=True)
class Answer:
    body: bytes
    media_type: str = HTML
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


def not_found(what: str) -> Answer:
    return Answer(f"404 Not Found: {what}\n".encode(), TEXT, 404)


def redirect(location: str) -> Answer:
    return Answer(b"", TEXT, 301, (("Location", location),))


def json_text(value: Any) -> str:
    """Compact JSON that may stand inside a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def json_answer(value: Any, status: int = 200) -> Answer:
    return Answer(json_text(value).encode(), JSON, status)


def html_answer(template: str, status: int = 200, **values: Any) -> Answer:
    """The page that `template` (a name under demo/templates) makes of `values`."""
    return Answer(_environment().get_template(template).render(values).encode(), HTML, status)


def gzip_answer(xml: str) -> Answer:
    """A sitemap as a .gz file; without a timestamp, so that the bytes are always the same."""
    return Answer(gzip.compress(xml.encode(), mtime=0), XML_GZIP)


def sitemap(locations: list[str]) -> str:
    entries = "".join(
        f"<url> <loc>{_escape(url)}</loc> <changefreq>weekly</changefreq> <priority>0.4</priority> </url>\n"
        for url in locations
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<!-- {SYNTHETIC} -->\n"
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</urlset>\n'
    )


def sitemap_index(locations: list[str]) -> str:
    entries = "".join(f"<sitemap> <loc>{_escape(url)}</loc> </sitemap>\n" for url in locations)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<!-- {SYNTHETIC} -->\n"
        f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</sitemapindex>\n'
    )


def _escape(url: str) -> str:
    return url.replace("&", "&amp;").replace("<", "&lt;")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["synthetic"] = SYNTHETIC
    environment.filters["json"] = lambda value: Markup(json_text(value))
    # a JSON document inside a JavaScript string, as some shops ship their page state
    environment.filters["json_string"] = lambda value: Markup(json_text(json_text(value)))
    return environment
