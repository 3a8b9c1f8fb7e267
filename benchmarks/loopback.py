"""A small, fast HTTP server on loopback for the crawl benchmarks, in a process of its own; a proxy for .test hosts."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

Respond = Callable[[str], tuple[int, str, bytes]]
"""From an absolute URL to status, media type and body."""


class _Speaker(asyncio.Protocol):
    def __init__(self, respond: Respond, asked: list[tuple[float, str]], latency: float) -> None:
        self._respond, self._asked, self._latency, self._buffer = respond, asked, latency, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            url = head.split(b" ", 2)[1].decode()
            status, media_type, body = self._respond(url)
            fields = f"HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n"
            close = b"connection: close" in head.lower()
            answer = fields.encode() + (b"Connection: close\r\n\r\n" if close else b"\r\n") + body
            self._asked.append((time.monotonic(), url))
            asyncio.get_running_loop().call_later(self._latency, self._send, answer, close)

    def _send(self, answer: bytes, close: bool) -> None:
        self._transport.write(answer)  # type: ignore[attr-defined]
        if close:
            self._transport.close()


def _serve(make: Callable[[], Respond], pipe: Connection, latency: float) -> None:
    async def main() -> None:
        loop, asked = asyncio.get_running_loop(), list[tuple[float, str]]()
        respond = make()
        server = await loop.create_server(lambda: _Speaker(respond, asked, latency), "127.0.0.1", 0, backlog=512)
        pipe.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        while True:
            if not await loop.run_in_executor(None, pipe.recv):
                return
            pipe.send(list(asked))
            asked.clear()

    asyncio.run(main())


@contextmanager
def serving(
    make: Callable[[], Respond], latency: float = 0.0
) -> Iterator[tuple[str, Callable[[], list[tuple[float, str]]]]]:
    """Serve what `make` (called in the server's process) returns, each answer after `latency` seconds.

    Yields:
        The address, and a function that returns and forgets (seconds on the monotonic clock, URL) of every request.
    """
    here, there = multiprocessing.get_context("fork").Pipe()
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(make, there, latency), daemon=True)
    process.start()

    def asked() -> list[tuple[float, str]]:
        here.send(True)
        found: list[tuple[float, str]] = here.recv()
        return found

    try:
        yield here.recv(), asked
    finally:
        here.send(False)
        process.join(10)
        process.kill()
