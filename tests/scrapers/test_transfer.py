"""What the hostile shop cannot show: certificates, and that answers come as they are."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from scrapy import Request
from scrapy.exceptions import DownloadFailedError
from scrapy.http import Response
from scrapy.settings import Settings

from scrapers.transfer import TransferHandler


@contextmanager
def _serving(wrap: Callable[[Any], Any] = lambda socket: socket) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """A server on a free port; yields the port and (path, Cookie header) of every request."""
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Cookie", "")))
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Set-Cookie", "a=b")
            self.send_header("Set-Cookie", "c=d")
            self.end_headers()
            self.wfile.write(b"moved")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = wrap(server.socket)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            thread.join()


def _fetch(*urls: str, **settings: object) -> list[Response]:
    async def fetch() -> list[Response]:
        handler = TransferHandler(SimpleNamespace(settings=Settings(settings)))  # type: ignore[arg-type]
        try:
            return [await handler.download_request(Request(url)) for url in urls]
        finally:
            await handler.close()

    return asyncio.run(fetch())


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed but itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


def test_a_certificate_that_nobody_vouches_for_is_refused_whatever_the_settings_say(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with (
        _serving(lambda socket: context.wrap_socket(socket, server_side=True)) as (port, asked),
        pytest.raises(DownloadFailedError, match="certificate is not accepted"),
    ):
        _fetch(f"https://127.0.0.1:{port}/", DOWNLOAD_VERIFY_CERTIFICATES=False)
    assert asked == []


def test_redirects_are_not_followed_and_cookies_not_kept() -> None:
    with _serving() as (port, asked):
        first, second = _fetch(f"http://127.0.0.1:{port}/a?b=%2Fc|d", f"http://127.0.0.1:{port}/e")
    assert (first.status, first.body, first.headers["Location"]) == (302, b"moved", b"/elsewhere")
    assert second.headers.getlist("Set-Cookie") == [b"a=b", b"c=d"]
    assert [path for path, _ in asked] == ["/a?b=%2Fc%7Cd", "/e"] and {cookie for _, cookie in asked} == {""}
