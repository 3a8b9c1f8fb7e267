"""How many JPEGs of 1024 pixels one core hashes a second, beside imagededup's PHash, and how far from the definition.

    python -m benchmarks.hash build/hash --rival <python with imagededup>

The demo shops' large pictures are stored as baseline JPEG, quality 85, and as the progressive files that they are. Each
round times ours, the whole inspection, and imagededup, one after the other, in CPU time; the medians are reported.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image

from curation import phash
from curation.inspect import LEAST_SIDE, measure
from manifests.decoding import MAX_PIXELS, decode_reduced, probe


def hash_of(data: bytes) -> phash.Coefficients:
    """As inspection does it, which needs the picture's size and colours for other ends too."""
    header, image = probe(data), decode_reduced(data, LEAST_SIDE)
    step = round(max(header.width, header.height) / max(image.size))
    return phash.coefficients(np.asarray(image.convert("L")), (header.height / step, header.width / step))


def cpu_of(work: Callable[[bytes], object], pictures: list[bytes]) -> float:
    """CPU seconds a picture."""
    start = time.process_time()
    for data in pictures:
        work(data)
    return (time.process_time() - start) / len(pictures)


def agreement(paths: list[Path]) -> None:
    """Bits between ours and imagehash, over sizes and qualities, as they are and mirrored."""
    straight, mirrored = [], []
    for path in paths:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        for side in (1500, 1024, 700, 400):
            scale = side / max(image.size)
            resized = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
            for quality in (95, 80, 60):
                buffer = io.BytesIO()
                resized.save(buffer, "JPEG", quality=quality, progressive=quality == 80)
                found = hash_of(buffer.getvalue())
                with Image.open(buffer) as opened:
                    flipped = opened.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
                    for off, ours, other in ((straight, found, opened), (mirrored, phash.mirrored(found), flipped)):
                        off.append((phash.bits(ours) ^ int(str(imagehash.phash(other)), 16)).bit_count())
    for name, off in (("as they are", straight), ("mirrored", mirrored)):
        within = np.array(off)
        print(
            f"{name}: {len(off)} JPEGs, the same as imagehash {np.mean(within == 0):.1%}, "
            f"within 2 bits {np.mean(within <= 2):.2%}, at most {within.max()}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="for the pictures")
    parser.add_argument("--demo", type=Path, default=Path("demo/pictures"))
    parser.add_argument("--photographs", type=Path, nargs="*", default=[], help="more pictures for the agreement")
    parser.add_argument("--rival", type=Path, help="a Python that has imagededup; left out without it")
    parser.add_argument("--rounds", type=int, default=7)
    settings = parser.parse_args()
    paths = sorted(settings.demo.glob("*.jpg"))
    for kind in ("baseline", "progressive"):
        folder = settings.folder / kind
        folder.mkdir(parents=True, exist_ok=True)
        for path in paths:
            with Image.open(path) as image:
                if max(image.size) == 1024:
                    image.save(folder / path.name, quality=85, progressive=kind == "progressive")
        pictures = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]
        rival = None
        if settings.rival:
            script = Path(__file__).parent / "rivals" / "imagededup_methods.py"
            command = [str(settings.rival), str(script), str(folder), "rounds"]
            rival = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        times: dict[str, list[float]] = {"hash": [], "whole inspection": [], "imagededup PHash": []}
        for _ in range(settings.rounds):
            times["hash"].append(cpu_of(hash_of, pictures))
            times["whole inspection"].append(cpu_of(lambda data: measure(data, MAX_PIXELS), pictures))
            if rival and rival.stdin and rival.stdout:
                print(file=rival.stdin, flush=True)
                _, cpu, count = json.loads(rival.stdout.readline())
                times["imagededup PHash"].append(cpu / count)
        if rival and rival.stdin:
            rival.stdin.close()
            rival.wait()
        print(f"{kind}, {len(pictures)} pictures of {sum(map(len, pictures)) / len(pictures) / 1000:.0f} kB:")
        for name, found in times.items():
            if found:
                middle = statistics.median(found)
                print(
                    f"  {name}: {middle * 1000:.2f} ms, {1 / middle:.0f} a second and core (best {1 / min(found):.0f})"
                )
        if times["imagededup PHash"]:
            both = zip(times["imagededup PHash"], times["hash"], strict=True)
            print(f"  ratio, median of the rounds: {statistics.median(theirs / own for theirs, own in both):.1f}")
        sys.stdout.flush()
    agreement(paths[::2] + list(settings.photographs))


if __name__ == "__main__":
    main()
