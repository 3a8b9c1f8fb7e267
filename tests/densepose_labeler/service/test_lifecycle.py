"""Clients that misbehave, and a server that is told to stop or is killed."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.densepose_labeler.service.running import EXAMPLE, FOUNDING, PATIENT, Running, running

PATIENCE = 120.0  # seconds


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with small limits."""
    settings = "deadline_seconds = 5\nidle_seconds = 8\nmax_connections = 8"
    with running(tmp_path_factory.mktemp("strict"), settings) as one:
        yield one


def connect(server: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE)


def head(length: int) -> bytes:
    return f"POST /v1/densepose?encoding=none HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n".encode()


def everything(connection: socket.socket) -> bytes:
    """All that comes until the server closes."""
    received = b""
    with suppress(ConnectionResetError):
        while data := connection.recv(65536):
            received += data
    return received


def upload_bytes(server: Running) -> float:
    text = httpx.get(f"{server.address}/metrics", timeout=PATIENCE).text
    found = re.search(r"^vestiary_upload_bytes (\S+)$", text, re.M)
    assert found is not None
    return float(found[1])


def wait_for_upload(server: Running) -> None:
    until = time.monotonic() + PATIENCE
    while not upload_bytes(server):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_body_that_does_not_come_is_given_up(strict: Running) -> None:
    with connect(strict) as connection:
        connection.sendall(b"POST /densepose HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{")
        answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 408 ") and b'"reason":"too_slow"' in answer
    assert upload_bytes(strict) == 0


@pytest.mark.parametrize("trickle", [b"", b"GET /healthz HTTP/1.1\r\nX: "])
def test_a_connection_without_a_request_is_closed(strict: Running, trickle: bytes) -> None:
    with connect(strict) as connection:
        connection.sendall(trickle)
        until = time.monotonic() + PATIENCE
        connection.settimeout(0.1)
        while True:
            assert time.monotonic() < until
            with suppress(TimeoutError):
                try:
                    if trickle:
                        connection.sendall(b"x")  # a header that never ends
                    assert connection.recv(100) == b""
                except ConnectionError:
                    pass
                break


def test_more_connections_than_allowed_are_told_so(strict: Running) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(strict)) for _ in range(40)]
        answers = [everything(connection) for connection in connections]
    refused = [answer for answer in answers if answer]
    assert refused
    for answer in refused:
        start, _, body = answer.partition(b"\r\n\r\n")
        assert start.startswith(b"HTTP/1.1 503 ") and b"retry-after" in start.lower()
        assert json.loads(body)["reason"] == "busy"
    assert httpx.get(f"{strict.address}/healthz", timeout=PATIENCE).status_code == 200  # the idle ones were closed


def test_what_is_no_http_costs_a_line(strict: Running) -> None:
    with connect(strict) as connection:
        connection.sendall(b"\x16\x03\x01 not http\r\n\r\n")
        assert everything(connection).startswith(b"HTTP/1.1 400 ")


def test_bodies_share_a_limit_and_sigterm_lets_requests_in_progress_finish(tmp_path: Path) -> None:
    data = EXAMPLE.read_bytes()
    with running(tmp_path, PATIENT + "\nupload_memory = 1000000") as server, connect(server) as connection:
        connection.sendall(head(len(data)) + data[:1000])
        wait_for_upload(server)
        answer = httpx.post(f"{server.address}/v1/densepose", content=bytes(999_500), timeout=PATIENCE)
        assert answer.status_code == 503 and answer.json()["reason"] == "busy" and answer.headers["retry-after"]
        assert 0 < upload_bytes(server) <= 1000  # what a refused request had sent is given back
        server.process.terminate()
        until = time.monotonic() + PATIENCE
        while True:  # it takes no new connections
            assert time.monotonic() < until
            try:
                connect(server).close()
            except ConnectionRefusedError:
                break
        connection.sendall(data[1000:])
        answer = everything(connection)
        assert answer.startswith(b"HTTP/1.1 200 ") and json.loads(answer.partition(b"\r\n\r\n")[2])["persons"] == 1
        assert server.process.wait(PATIENCE) == 0


def test_a_killed_server_leaves_no_half_written_file(tmp_path: Path) -> None:
    with running(tmp_path, PATIENT) as server:
        folder = server.tree / "efs/Datasets/out/GM"
        folder.mkdir(parents=True)

        def ask(first: int) -> None:
            asked = FOUNDING | {"DenseRootDir": "../efs/Datasets/out"}
            asked["ImagePath"] = f"{FOUNDING['ImagePath']}/00009.jpg"
            with suppress(httpx.TransportError), server.client() as client:
                for number in range(first, 100_000, 4):
                    assert client.post("/densepose", json=asked | {"FileName": f"{number:05}"}).status_code == 200

        threads = [threading.Thread(target=ask, args=(first,)) for first in range(4)]
        for thread in threads:
            thread.start()
        until = time.monotonic() + PATIENCE
        while len(os.listdir(folder)) < 8:
            assert time.monotonic() < until
        server.process.kill()
        for thread in threads:
            thread.join()
        pictures = {path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}
        assert len(pictures) == 1  # all of one photograph, so all alike
        with Image.open(io.BytesIO(pictures.pop())) as image:
            image.load()
            assert image.size == (576, 768)
