"""A shop on loopback that behaves as badly as the web does: raw answers, byte by byte, and a log of what was asked."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.scrapers.gateway import PAGE_HOST, image_url, jpeg, product_json

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]
SERVED_PICTURES = 100
"""Of each product, so that a long gallery costs nothing to make."""
CATEGORY = f"http://{PAGE_HOST}/us/en/category/1/products?ajax=true"


@dataclass
class Hostile:
    """What each URL (with its query, or without) does to a client; anything else is not found.

    Attributes:
        url: what a client is given as its proxy.
        asked: every request's URL, in order.
        open: connections that are under way.
    """

    url: str = ""
    does: dict[str, Behaviour] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    open: int = 0

    def times_asked(self, url: str) -> int:
        return sum(url in (asked, asked.partition("?")[0]) for asked in self.asked)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while head := await reader.readuntil(b"\r\n\r\n"):
                    url = head.split(b" ", 2)[1].decode()
                    self.asked.append(url)
                    await self.does.get(url, self.does.get(url.partition("?")[0], sends(b"", status=404)))(writer)
                    await writer.drain()
                    if writer.is_closing():
                        break
        finally:
            self.open -= 1
            writer.close()


@contextmanager
def running(hostile: Hostile) -> Iterator[None]:
    """Serve on a free port of 127.0.0.1, in a thread with a loop of its own."""
    loop = asyncio.new_event_loop()
    listening = threading.Event()

    async def main() -> None:
        async with await asyncio.start_server(hostile.serve, "127.0.0.1", 0, backlog=256) as server:
            hostile.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            listening.set()
            with suppress(asyncio.CancelledError):
                await server.serve_forever()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:  # answers that never end
                task.cancel()

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    assert listening.wait(30)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
        thread.join(30)


def head(status: int, length: int | None, media_type: str, headers: dict[str, str] | None = None) -> bytes:
    fields = {"Content-Type": media_type} | ({} if length is None else {"Content-Length": str(length)})
    lines = [f"{name}: {value}" for name, value in (fields | (headers or {})).items()]
    return "\r\n".join([f"HTTP/1.1 {status} X", *lines, "", ""]).encode("latin-1")


def sends(
    body: bytes,
    media_type: str = "text/html",
    status: int = 200,
    headers: dict[str, str] | None = None,
    length: int | None = None,
) -> Behaviour:
    """An answer; `length` is declared instead of the body's own. A connection that it leaves wrong is closed."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, len(body) if length is None else length, media_type, headers) + body)
        if length is not None and length > len(body):
            writer.close()

    return behave


def redirects(url: str, headers: dict[str, str] | None = None) -> Behaviour:
    return sends(b"", status=302, headers={"Location": url} | (headers or {}))


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Another behaviour at every request; the last one stays."""
    left = list(behaviours)

    async def behave(writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(writer)

    return behave


def drips(media_type: str, length: int | None = None, begin: bytes = b"") -> Behaviour:
    """A body of which a byte comes now and then, without end."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length, media_type) + begin)
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    return behave


def floods(begin: bytes, piece: bytes) -> Behaviour:
    """`begin`, then `piece` for ever, as fast as the client takes it."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        while True:
            writer.write(piece)
            await writer.drain()

    return behave


def endless_head() -> Behaviour:
    return floods(b"HTTP/1.1 200 OK\r\n", b"X-Field: " + b"x" * 1000 + b"\r\n")


def resets(begin: bytes = b"") -> Behaviour:
    """`begin`, then the connection is reset."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        await writer.drain()
        writer.transport.abort()

    return behave


def bomb(begin: bytes, media_type: str) -> Behaviour:
    """`begin` and blanks without end, packed to a thousandth."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = packer.compress(begin) + packer.flush(zlib.Z_FULL_FLUSH)
    blanks = packer.compress(b" " * 1_000_000) + packer.flush(zlib.Z_FULL_FLUSH)  # stands alone, so it can be repeated
    start = head(200, None, media_type, {"Content-Encoding": "gzip", "Connection": "close"})
    return floods(start + first, blanks * 100)


def packed(body: bytes, media_type: str) -> Behaviour:
    return sends(gzip.compress(body), media_type, headers={"Content-Encoding": "gzip"})


def details_url(number: int) -> str:
    return f"http://{PAGE_HOST}/us/en/products-details?productIds={number * 10}&ajax=true"


def product(number: int, codes: tuple[str, ...]) -> bytes:
    return json.dumps([product_json(number, codes)]).encode()


def shop(products: dict[int, tuple[str, ...]]) -> Hostile:
    """A synthetic shop that behaves well: one category, products by number, their pictures by code."""
    cards: list[Any] = [product_json(number, codes) for number, codes in products.items()]
    listing = json.dumps({"productGroups": [{"elements": [{"commercialComponents": cards}]}]}).encode()
    hostile = Hostile()
    hostile.does[f"http://{PAGE_HOST}/robots.txt"] = sends(b"User-agent: *\nDisallow: /private/\n", "text/plain")
    hostile.does[CATEGORY] = sends(listing, "application/json")
    for number, codes in products.items():
        hostile.does[details_url(number)] = sends(product(number, codes), "application/json")
        for code in codes[:SERVED_PICTURES]:
            picture = jpeg(number * 100_000 + int.from_bytes(code.encode()) % 100_000)
            hostile.does[image_url(number, code)] = sends(picture, "image/jpeg")
    return hostile
