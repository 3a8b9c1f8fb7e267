"""The service under load on loopback, beside the labelling job and LitServe with the same predictor.

    python benchmarks/serve.py load [--litserve PYTHON]   throughput, a lone request, four times capacity
    python benchmarks/serve.py hostile                    clients that misbehave, 10,000 connections

Results go to standard output as Markdown. The three sides of `load` run alternately, so that whatever else the machine
does disturbs them alike.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
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
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.serve_hostile import hostile  # noqa: E402
from benchmarks.serve_requests import Answered, offer, resident, saturate  # noqa: E402
from densepose_labeler.config import LabelConfig  # noqa: E402
from densepose_labeler.job import label  # noqa: E402
from densepose_labeler.label_sets import resolve  # noqa: E402
from tests.densepose_labeler.service.running import Running, running  # noqa: E402
from tests.densepose_labeler.small_world import World, add_pictures  # noqa: E402

LANES = 2


def processor(session: int) -> float:
    """Seconds of processor time that the processes of a session have used."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def litserve(python: str) -> Iterator[tuple[int, int]]:
    """LitServe in an environment of its own; its port and its session."""
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
            yield port, process.pid
        finally:
            os.killpg(process.pid, 9)
            process.wait()


@dataclass
class Side:
    """One of those compared: how it labels all pictures once, what it took each time, and how long requests took."""

    name: str
    run: Callable[[], list[Answered]]
    processor: Callable[[], float]
    loading: float = 0.0  # seconds of each run that are the model's loading
    wall: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)

    def measure(self) -> None:
        begun, used = time.perf_counter(), self.processor()
        answers = self.run()
        self.wall.append(time.perf_counter() - begun - self.loading)
        self.work.append(self.processor() - used - self.loading)
        self.answers += answers
        assert {one.status for one in answers} <= {200}, Counter(one.status for one in answers)

    def late(self, share: float) -> str:
        if not self.answers:
            return ""
        times = sorted(one.seconds for one in self.answers)
        return f"{1000 * times[min(int(len(times) * share), len(times) - 1)]:.0f} ms"


def load(rounds: int, every: int, litserve_python: str | None) -> None:
    paths = sorted((ROOT / "demo/pictures").glob("*.jpg"))[::every]
    pictures = [path.read_bytes() for path in paths]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        world = World(folder, folder / "cache", folder / "zoo.toml")
        add_pictures(world, pictures)
        server = stack.enter_context(running(folder / "serve", ""))
        ports = {"vestiary serve": (server.port, server.process.pid)}
        if litserve_python:
            ports["LitServe"] = stack.enter_context(litserve(litserve_python))
        in_json = [json.dumps({"image": base64.b64encode(picture).decode()}).encode() for picture in pictures]
        bodies = {"vestiary serve": pictures, "LitServe": in_json}
        for name, (port, _) in ports.items():
            asyncio.run(saturate(port, bodies[name][:16], 4))
        for _ in range(2):  # the first time costs more, as it does nowhere else
            begun = time.process_time()
            resolve(["embedded"], LabelConfig(device="cpu"))[0].load("cpu")
            loading = time.process_time() - begun
        print(f"{len(pictures)} pictures of the demo shops, {LANES} lanes, {rounds} rounds, the sides alternately.")

        def sides(job_threads: int, connections: int) -> list[Side]:
            job = Side(
                f"labelling job, {job_threads} threads", lambda: run_job(world, job_threads), time.process_time, loading
            )
            return [job] + [
                Side(name, partial(asked, port, bodies[name], connections), partial(processor, session))
                for name, (port, session) in ports.items()
            ]

        compare("Throughput, 8 connections", sides(LANES, 8), rounds, len(pictures))
        compare("A lone request after the other, 1 connection", sides(1, 1), rounds, len(pictures))
        overload(server, pictures, 4 * len(pictures) / statistics.median(run_seconds))


run_seconds: list[float] = []  # of the labelling job with all lanes


def run_job(world: World, threads: int) -> list[Answered]:
    begun = time.perf_counter()
    shutil.rmtree(world.dataset / "labels", ignore_errors=True)
    label(world.dataset, ["embedded"], LabelConfig(device="cpu", threads=threads))
    if threads == LANES:
        run_seconds.append(time.perf_counter() - begun)
    return []


def asked(port: int, bodies: Sequence[bytes], connections: int) -> list[Answered]:
    return asyncio.run(saturate(port, bodies, connections))


def compare(title: str, sides: Sequence[Side], rounds: int, pictures: int) -> None:
    for _ in range(rounds):
        for side in sides:
            side.measure()
    job = sides[0]
    print(f"\n### {title}\n")
    print("| | ms a picture (wall, each round) | images/s of the job's | processor ms a picture | p50 | p95 |")
    print("| --- | --- | --- | --- | --- | --- |")
    for side in sides:
        each = ", ".join(f"{1000 * value / pictures:.0f}" for value in side.wall)
        ratio = statistics.median(theirs / ours for theirs, ours in zip(job.wall, side.wall, strict=True))
        work = 1000 * statistics.median(side.work) / pictures
        print(f"| {side.name} | {each} | {ratio:.0%} | {work:.0f} | {side.late(0.5)} | {side.late(0.95)} |", flush=True)


def overload(server: Running, pictures: list[bytes], rate: float) -> None:
    memory: list[float] = []
    answers = asyncio.run(offer(server.port, pictures, rate, 40, lambda: memory.append(resident(server.process.pid))))
    counts = Counter(one.status for one in answers)
    print(f"\n### Four times capacity: {rate:.0f} requests/s for 40 s, deadline 30 s\n")
    print("| status | requests | longest | p50 |\n| --- | --- | --- | --- |")
    for status in sorted(counts):
        late = sorted(one.seconds for one in answers if one.status == status)
        print(f"| {status} | {counts[status]} | {late[-1]:.2f} s | {late[len(late) // 2]:.2f} s |")
    quarter = len(memory) // 4
    print(
        f"\nMemory: {memory[0]:.0f} MiB at first, {memory[quarter]:.0f} after a quarter, {memory[-1]:.0f} at the end."
    )


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
