"""The demo shops as one server on loopback: an HTTP forward proxy for the hosts that it has itself, and no others.

A request may name its host in the request line (`GET http://www.zara.test/ HTTP/1.1`, as a client sends it to a proxy)
or in the Host header. CONNECT is refused: the demo shops have no https.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from demo.answers import TEXT, Answer
from demo.catalogue import load
from demo.gateway import Gateway

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8765
MAX_BODY = 1 << 16
IDLE_SECONDS = 60.0

logger = logging.getLogger(__name__)


class DemoServer(ThreadingHTTPServer):
    """The listening server; a thread for each connection, none of which outlives the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, gateway: Gateway) -> None:
        self.gateway = gateway
        super().__init__((LOOPBACK, port), DemoHandler)

    @property
    def url(self) -> str:
        """What a client is given as its proxy."""
        return f"http://{LOOPBACK}:{self.server_port}"


class DemoHandler(BaseHTTPRequestHandler):
    """One connection, kept open between requests."""

    protocol_version = "HTTP/1.1"
    server_version = "VestiaryDemo"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together
    server: DemoServer

    def do_GET(self) -> None:
        self._send(self._answer())

    def do_HEAD(self) -> None:
        self._send(self._answer(), with_body=False)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True  # what is left of the body must not be read as the next request
            self._send(Answer(f"A body needs a Content-Length of at most {MAX_BODY}.\n".encode(), TEXT, 413))
            return
        self._send(self._answer(self.rfile.read(int(length))))

    def do_CONNECT(self) -> None:
        self.close_connection = True
        text = (
            f"The Vestiary demo server has no tunnel to {self.path}: it serves the demo shops over http:// only. "
            "Ask for http://www.zara.test/ and the like.\n"
        )
        self._send(Answer(text.encode(), TEXT, 405, (("Allow", "GET, HEAD, POST"),)))

    def _answer(self, body: bytes = b"") -> Answer:
        if self.path.startswith("/"):
            host = urlsplit(f"//{self.headers.get('Host', '')}").hostname or ""
            return self.server.gateway.respond(host, self.path, body)
        parts = urlsplit(self.path)
        if parts.scheme != "http" or not parts.hostname:
            text = f"The Vestiary demo server answers http:// addresses, not {self.path!r}.\n"
            return Answer(text.encode(), TEXT, 400)
        query = f"?{parts.query}" if parts.query else ""
        return self.server.gateway.respond(parts.hostname, f"{parts.path or '/'}{query}", body)

    def _send(self, answer: Answer, with_body: bool = True) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        logger.debug("%s %s", self.address_string(), format % args)


def _listen(port: int, pictures: Path | None) -> DemoServer:
    gateway = Gateway(load(pictures))
    try:
        return DemoServer(port, gateway)
    except OSError as error:
        raise OSError(
            error.errno, f"cannot serve the demo shops on {LOOPBACK}:{port} ({error.strerror}); choose another port"
        ) from error


def serve(port: int = DEFAULT_PORT, pictures: Path | None = None) -> None:
    """Serves the demo shops on 127.0.0.1:`port` until interrupted.

    `pictures` is a folder with pictures.json and the files it lists (default: those of this package).
    Raises OSError where the port is taken, FileNotFoundError where pictures are missing.
    """
    with _listen(port, pictures) as server:
        server.serve_forever(poll_interval=0.2)


@contextmanager
def running(port: int = 0, pictures: Path | None = None) -> Iterator[str]:
    """Serves the demo shops in a thread of this process; yields the gateway's URL, such as http://127.0.0.1:40123.

    Port 0 takes a free one. Raises as `serve` does.
    """
    with _listen(port, pictures) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), name="demo-shops", daemon=True)
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()
