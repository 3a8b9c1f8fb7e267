"""Requests to the service under test, for `benchmarks/serve.py`: as fast as it answers, or at a rate of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

TARGET = "/v1/densepose?encoding=png"


@dataclass(frozen=True)
class Answered:
    """One request: its status (0 where the connection broke) and how long it took, in seconds."""

    status: int
    seconds: float


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes, target: str = TARGET) -> int:
    """One request over an open connection; its status."""
    head = f"POST {target} HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    start = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(start.partition("content-length:")[2].split()[0])
    await reader.readexactly(length)
    return int(start.split()[1])


async def saturate(port: int, pictures: Sequence[bytes], connections: int) -> list[Answered]:
    """Every picture once, over so many connections, each sending the next as soon as it has an answer."""
    queue = list(pictures)[::-1]
    answers: list[Answered] = []

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
        while queue:
            begun = time.perf_counter()
            status = await ask(reader, writer, queue.pop())
            answers.append(Answered(status, time.perf_counter() - begun))
        writer.close()

    await asyncio.gather(*(worker() for _ in range(connections)))
    return answers


async def offer(
    port: int, pictures: Sequence[bytes], rate: float, seconds: float, sample: Callable[[], None]
) -> list[Answered]:
    """Requests at a fixed rate, each over a connection of its own, whether or not earlier ones are answered."""
    answers: list[Answered] = []

    async def one(body: bytes) -> None:
        begun = time.perf_counter()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
            status = await ask(reader, writer, body)
            writer.close()
        except (OSError, asyncio.IncompleteReadError):
            status = 0
        answers.append(Answered(status, time.perf_counter() - begun))

    begun, tasks = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(one(pictures[number % len(pictures)])))
        if number % int(rate) == 0:
            sample()
    await asyncio.gather(*tasks)
    sample()
    return answers


def resident(process: int) -> float:
    """MiB of memory that a process holds."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024
