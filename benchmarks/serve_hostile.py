"""Clients that misbehave, 10,000 connections: the half `hostile` of `benchmarks/serve.py`."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.serve_requests import TARGET, ask, resident
from tests.densepose_labeler.service.running import Running, running

PICTURES = Path(__file__).resolve().parents[1] / "demo" / "pictures"


def hostile() -> None:
    picture = sorted(PICTURES.glob("*front.jpg"))[0].read_bytes()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "serve", "idle_seconds = 10") as server:
        asyncio.run(_hostile(server, picture))
        failed = [event for event in server.events("request") if int(str(event["status"])) == 500]
        print(f"\nAnswers with status 500: {len(failed)}. Exit status after SIGTERM: {server.stop()}.")
        print(f"All answers: {dict(_answers(server))}.")


async def _connect_many(port: int, number: int) -> list[asyncio.StreamWriter]:
    writers = []
    for _ in range(number):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
    return writers


async def _hostile(server: Running, picture: bytes) -> None:
    async def lone_request() -> str:
        begun = time.perf_counter()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 24)
            status = await ask(reader, writer, picture)
            writer.close()
        except (OSError, asyncio.IncompleteReadError) as error:
            return f"{type(error).__name__}"
        return f"{status} in {1000 * (time.perf_counter() - begun):.0f} ms"

    def row(what: str, *cells: object) -> None:
        print(f"| {what} | " + " | ".join(map(str, cells)) + f" | {resident(server.process.pid):.0f} MiB |", flush=True)

    print("\n### Clients that misbehave\n")
    print("| what | what happened to them | another client's request meanwhile | memory |\n| --- | --- | --- | --- |")
    row("nothing", "", await lone_request())

    writers = await _connect_many(server.port, 10_000)
    meanwhile = await lone_request()
    row("10,000 open connections that send nothing", "kept, until idle for 10 s", meanwhile)
    await asyncio.sleep(12)
    open_now = _open_connections(server)
    row("the same, 12 s later", f"{open_now:.0f} connections open", await lone_request())
    for writer in writers:
        writer.close()

    for count, length, sent, what in (
        (2000, 5_000_000, 1000, "2,000 uploads that stop after 1 kB"),
        (200, 19_000_000, 4_000_000, "200 uploads of 19 MB that stop after 4 MB (256 MiB together are allowed)"),
    ):
        seen = _answers(server)
        writers = await _connect_many(server.port, count)
        for writer in writers:
            head = f"POST /v1/densepose HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"
            writer.write(head.encode() + bytes(sent))
        await asyncio.sleep(2)
        meanwhile = await lone_request()
        while await asyncio.to_thread(_metric, server, "vestiary_upload_bytes"):
            await asyncio.sleep(1)
        row(what, dict(_answers(server) - seen), meanwhile)
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(2)
        while await asyncio.to_thread(_metric, server, "vestiary_upload_bytes"):
            await asyncio.sleep(1)

    async def leave() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"POST {TARGET} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(picture)}\r\n\r\n".encode() + picture)
        await writer.drain()
        writer.close()

    inferred = _metric(server, 'vestiary_stage_seconds_count{stage="inference"}')
    await asyncio.gather(*(leave() for _ in range(60)))
    meanwhile = await lone_request()
    spent = _metric(server, 'vestiary_stage_seconds_count{stage="inference"}') - inferred
    row("60 clients that send a picture and leave", f"{spent:.0f} pictures labelled, the other's among them", meanwhile)


def _answers(server: Running) -> Counter[str]:
    """How often each status and reason was answered so far."""
    return Counter(f"{event['status']} {event['reason']}".strip() for event in server.events("request"))


def _metric(server: Running, name: str) -> float:
    with server.client() as client:
        lines = client.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(name + " ")).split()[1])


def _open_connections(server: Running) -> float:
    return _metric(server, "vestiary_connections")
