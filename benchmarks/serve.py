"""The service under load on loopback, beside the labelling job and LitServe with the same predictor.

    python benchmarks/serve.py load [--litserve PYTHON]   throughput, a lone request, four times capacity
    python benchmarks/serve.py hostile                    clients that misbehave, 10,000 connections

Results go to standard output as Markdown. The three sides of `load` run alternately, so that whatever else the machine
does disturbs them alike.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from densepose_labeler.config import LabelConfig  # noqa: E402
from densepose_labeler.job import label  # noqa: E402
from tests.densepose_labeler.service.running import Running, running  # noqa: E402
from tests.densepose_labeler.small_world import World, add_pictures  # noqa: E402

LANES = 2
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


def job_seconds(world: World, threads: int) -> tuple[float, float]:
    """Wall seconds that the labelling job takes for all pictures without loading, and the seconds of work in it."""
    shutil.rmtree(world.dataset / "labels", ignore_errors=True)
    summary = label(world.dataset, ["embedded"], LabelConfig(device="cpu", threads=threads))
    spent = summary.seconds
    return spent.total - spent.loading, spent.decoding + spent.inference + spent.writing


def resident(process: int) -> float:
    """MiB of memory that a process holds."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


@contextlib.contextmanager
def litserve(python: str) -> Iterator[int]:
    """LitServe in an environment of its own; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, str(ROOT / "benchmarks/serve_litserve.py"), "--port", str(port), "--workers", str(LANES)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.2)
            time.sleep(10)  # its workers load the model after it listens
            yield port
        finally:
            os.killpg(process.pid, 9)
            process.wait()


def load(rounds: int, every: int, litserve_python: str | None) -> None:
    paths = sorted((ROOT / "demo/pictures").glob("*.jpg"))[::every]
    pictures = [path.read_bytes() for path in paths]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        world = World(folder, folder / "cache", folder / "zoo.toml")
        add_pictures(world, pictures)
        server = stack.enter_context(running(folder / "serve", "deadline_seconds = 10"))
        other = stack.enter_context(litserve(litserve_python)) if litserve_python else None
        rates: dict[str, list[float]] = {"labelling job": [], "vestiary serve": [], "LitServe": []}
        latencies: dict[str, list[float]] = {"vestiary serve": [], "LitServe": []}
        ports = {"vestiary serve": server.port} | ({"LitServe": other} if other else {})
        for port in ports.values():
            asyncio.run(saturate(port, pictures[:16], 4))
        for _ in range(rounds):
            rates["labelling job"].append(len(pictures) / job_seconds(world, LANES)[0])
            for name, port in ports.items():
                begun = time.perf_counter()
                answers = asyncio.run(saturate(port, pictures, 8))
                rates[name].append(len(pictures) / (time.perf_counter() - begun))
                assert {one.status for one in answers} == {200}, Counter(one.status for one in answers)
                latencies[name] += [one.seconds for one in answers]
        base = statistics.median(rates["labelling job"])
        print(f"\n### Throughput, {len(pictures)} pictures, 8 connections, {rounds} rounds alternately\n")
        print("| | images/s (median) | each round | of the job's | p50 | p95 |\n| --- | --- | --- | --- | --- | --- |")
        for name, values in rates.items():
            if values:
                middle, each = statistics.median(values), ", ".join(f"{value:.1f}" for value in values)
                ratio = statistics.median(v / j for v, j in zip(values, rates["labelling job"], strict=True))
                late = sorted(latencies.get(name, []))
                spread = (
                    f"{1000 * late[len(late) // 2]:.0f} ms | {1000 * late[len(late) * 95 // 100]:.0f} ms"
                    if late
                    else " | "
                )
                print(f"| {name} | {middle:.1f} | {each} | {ratio:.1%} | {spread} |")
        lone(server, world, pictures, ports, rounds)
        overload(server, pictures, 4 * base)


def lone(server: Running, world: World, pictures: list[bytes], ports: dict[str, int], rounds: int) -> None:
    wall, work = [], []
    medians: dict[str, list[float]] = {name: [] for name in ports}
    for _ in range(rounds):
        one_wall, one_work = job_seconds(world, 1)
        wall.append(1000 * one_wall / len(pictures))
        work.append(1000 * one_work / len(pictures))
        for name, port in ports.items():
            answers = asyncio.run(saturate(port, pictures, 1))
            medians[name].append(1000 * statistics.median(one.seconds for one in answers))
    print(f"\n### A lone request: one connection, {len(pictures)} pictures, {rounds} rounds alternately\n")
    print("| | ms a picture |\n| --- | --- |")
    print(f"| job with one thread, wall (decoding and writing beside it) | {statistics.median(wall):.1f} |")
    print(f"| job with one thread, decoding + inference + writing | {statistics.median(work):.1f} |")
    for name, values in medians.items():
        print(f"| {name}, p50 | {statistics.median(values):.1f} |")


def overload(server: Running, pictures: list[bytes], rate: float) -> None:
    memory: list[float] = []
    answers = asyncio.run(offer(server.port, pictures, rate, 40, lambda: memory.append(resident(server.process.pid))))
    counts = Counter(one.status for one in answers)
    print(f"\n### Four times capacity: {rate:.0f} requests/s for 40 s, deadline 10 s\n")
    print("| status | requests | longest | p50 |\n| --- | --- | --- | --- |")
    for status in sorted(counts):
        late = sorted(one.seconds for one in answers if one.status == status)
        print(f"| {status} | {counts[status]} | {late[-1]:.2f} s | {late[len(late) // 2]:.2f} s |")
    quarter = len(memory) // 4
    print(
        f"\nMemory: {memory[0]:.0f} MiB at first, {memory[quarter]:.0f} after a quarter, {memory[-1]:.0f} at the end."
    )


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

    writers = await _connect_many(server.port, 2000)
    for writer in writers:
        writer.write(b"POST /v1/densepose HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n" + picture[:1000])
    await asyncio.sleep(1)
    meanwhile = await lone_request()
    row("2,000 uploads that stop after 1 kB", "408 at the deadline", meanwhile)
    for writer in writers:
        writer.close()

    writers = await _connect_many(server.port, 200)
    for writer in writers:
        writer.write(b"POST /v1/densepose HTTP/1.1\r\nHost: a\r\nContent-Length: 19000000\r\n\r\n" + bytes(4_000_000))
    await asyncio.sleep(3)
    meanwhile = await lone_request()
    row("200 uploads of 19 MB at one time (limit 256 MiB together)", "503 beyond the limit", meanwhile)
    for writer in writers:
        writer.close()
    await asyncio.sleep(2)

    async def leave() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"POST {TARGET} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(picture)}\r\n\r\n".encode() + picture)
        await writer.drain()
        writer.close()

    inferred = _metric(server, 'vestiary_stage_seconds_count{stage="inference"}')
    await asyncio.gather(*(leave() for _ in range(60)))
    meanwhile = await lone_request()
    spent = _metric(server, 'vestiary_stage_seconds_count{stage="inference"}') - inferred
    row("60 clients that send a picture and leave", f"{spent - 1:.0f} of 60 pictures were labelled in vain", meanwhile)


def _metric(server: Running, name: str) -> float:
    with server.client() as client:
        lines = client.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(name + " ")).split()[1])


def _open_connections(server: Running) -> float:
    return _metric(server, "vestiary_connections")


def hostile() -> None:
    picture = sorted((ROOT / "demo/pictures").glob("*front.jpg"))[0].read_bytes()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "serve", "idle_seconds = 10") as server:
        asyncio.run(_hostile(server, picture))
        failed = [event for event in server.events("request") if int(str(event["status"])) == 500]
        print(f"\nAnswers with status 500: {len(failed)}. Exit status after SIGTERM: {server.stop()}.")
        print(json.dumps(Counter(f"{event['status']} {event['reason']}" for event in server.events("request"))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("load", "hostile"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--every", type=int, default=1, help="every so manieth of the demo shops' pictures")
    parser.add_argument("--litserve", metavar="PYTHON", help="interpreter of an environment that has litserve")
    given = parser.parse_args()
    if given.what == "load":
        load(given.rounds, given.every, given.litserve)
    else:
        hostile()


if __name__ == "__main__":
    main()
