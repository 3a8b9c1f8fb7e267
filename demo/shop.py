"""What the gateway needs to know of a demo shop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from demo.answers import Answer, Target
from demo.catalogue import Photo


class Shop(Protocol):
    """One demo shop: a host with pages and a host with pictures, both under .test."""

    page_host: str
    image_host: str

    @property
    def photos(self) -> Mapping[str, Photo]:
        """Every picture by the path (no query) that it has on the image host."""

    def respond(self, target: Target) -> Answer:
        """The answer to any request to either host, except for `photos`."""

    def width(self, target: Target) -> int | None:
        """The width in pixels that a request for a picture asks for; None for the picture as it is."""

    def pages(self) -> list[str]:
        """The address of every page, listing, JSON document, sitemap and robots.txt."""
