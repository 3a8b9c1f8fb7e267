"""How many training pictures a second a device draws: `python -m tools.people.throughput STOCK --device cuda`.

Prints pictures a second over `--seconds` after a warm-up, from scene to bytes in the host's memory, what they cost the
host's processor, and the shares of the stages in some further batches (waiting for the device after each stage, which
alone is slower).
"""

from __future__ import annotations

import argparse
import platform
import time
from pathlib import Path

import torch

from tools.people.stock import load
from tools.people.stream import Stream


def device_name(device: str) -> str:
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else platform.processor() or device


def rate(stream: Stream, batch: int, seconds: float) -> tuple[int, float, float]:
    """Pictures drawn, the seconds they took, and the seconds of the host's processor among them."""
    samples = stream.samples(batch)
    for _ in range(batch):
        next(samples)
    begin, worked, count = time.perf_counter(), time.process_time(), 0
    while True:
        for _ in range(batch):
            next(samples)
        count += batch
        passed = time.perf_counter() - begin
        if passed >= seconds:
            return count, passed, time.process_time() - worked


def shares(stream: Stream, batch: int, batches: int) -> dict[str, float]:
    """Share of the time of each stage."""
    stages = stream.renderer.stages
    stages.seconds.clear()
    stages.measuring = True
    for number in range(batches):
        stream.batch(range(number * batch, (number + 1) * batch))
    stages.measuring = False
    total = sum(stages.seconds.values())
    return {name: passed / total for name, passed in sorted(stages.seconds.items(), key=lambda item: -item[1])}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stock", type=Path)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--size", default="240x320", help="WIDTHxHEIGHT")
    parser.add_argument("--batch", type=int, default=32, help="pictures drawn at once")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--threads", type=int, default=1, help="of the processor")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    width, height = map(int, options.size.split("x"))
    stock = load(options.stock)
    stream = Stream(stock, options.device, (width, height))
    count, passed, worked = rate(stream, options.batch, options.seconds)
    print(f"{device_name(options.device)}, torch {torch.__version__}, {options.threads} thread(s)")
    print(f"{count} pictures of {options.size} of {len(stock.people)} people in {passed:.1f} s")
    print(f"{count / passed:.1f} pictures a second, {1000 * worked / count:.1f} ms of the host's processor each")
    for name, share in shares(stream, options.batch, 2 if options.device == "cpu" else 5).items():
        print(f"{share:6.1%}  {name}")


if __name__ == "__main__":
    main()
