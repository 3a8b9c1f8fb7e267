"""How fast do pictures come in?  `python -m benchmarks.crawl --img2dataset ENV/bin/python`

Our whole crawl (`scrapy crawl zara` with politeness off: no delay, several requests at once) beside img2dataset's
`download`, on the same pictures and server, at equal concurrency, in turn, several rounds. Both take their way through
the same forward proxy. Ours reads product pages besides, asks for robots.txt and tdmrep.json, checks the opt-out
signals, the declared size, the first bytes and the header of every picture, hashes it with sha256 and flushes it and
its ledger row to the disk. img2dataset is told to store what came as it came (no resizing, no re-encoding), as files.

Measured is, by the server's own log, the time between the first and the last request for a picture; and the CPU seconds
of the client's whole run. Both are to have stored all pictures.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.loopback import Respond, serving

PER_PRODUCT = 50
CONFIG = """
[dataset]
path = "{dataset}"
[crawl]
gateway = "{gateway}"
delay_seconds = 0.0
concurrency = {concurrency}
[crawl.shops.zara]
base_url = "http://www.zara.test"
market = "us/en"
image_hosts = ["static.zara.test"]
synthetic = true
categories = [{{ path = "/us/en/category/1/products?ajax=true", gender = "women", category = "shirts" }}]
"""
IMG2DATASET = """
import sys
from img2dataset import download
urls, folder, threads, processes = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
download(
    url_list=urls, input_format="txt", output_folder=folder, output_format="files", thread_count=threads // processes,
    processes_count=processes, resize_mode="no", disable_all_reencoding=True, encode_format="jpg", retries=0,
    compute_hash="sha256", number_sample_per_shard={per_shard}, timeout=60, enable_wandb=False,
)
"""


def shop(pictures: int, size: tuple[int, int]) -> Callable[[], Respond]:
    """A maker of a synthetic Zara with so many pictures, all different."""

    def make() -> Respond:
        import json

        from tests.scrapers.gateway import jpeg, product_json

        codes = tuple(f"a{number}" for number in range(PER_PRODUCT))
        cards = [product_json(number, codes) for number in range(1, pictures // PER_PRODUCT + 1)]
        pages = {f"productIds={number * 10}&ajax=true": json.dumps([card]) for number, card in enumerate(cards, 1)}
        listing = json.dumps({"productGroups": [{"elements": [{"commercialComponents": cards}]}]})
        picture = jpeg(1, size)

        def respond(url: str) -> tuple[int, str, bytes]:
            parts = urlsplit(url)
            if parts.path.startswith("/assets/"):
                return 200, "image/jpeg", picture + parts.path.encode()
            if parts.path.endswith("/category/1/products"):
                return 200, "application/json", listing.encode()
            if page := pages.get(parts.query):
                return 200, "application/json", page.encode()
            return 404, "text/plain", b""

        return respond

    return make


def urls(pictures: int) -> list[str]:
    from tests.scrapers.gateway import image_url

    products = range(1, pictures // PER_PRODUCT + 1)
    return [f"{image_url(number, f'a{code}')}?ts=1&w=2048" for number in products for code in range(PER_PRODUCT)]


def ours(folder: Path, gateway: str, concurrency: int) -> int:
    """Crawl; returns the number of pictures stored."""
    config, dataset = folder / "crawl.toml", folder / "data"
    config.write_text(CONFIG.format(dataset=dataset, gateway=gateway, concurrency=concurrency), "utf-8")
    command = [sys.executable, "-m", "scrapy", "crawl", "zara", "-a", f"config={config}"]
    subprocess.run(command, check=True, stderr=(folder / "log").open("w"))
    return sum(1 for _ in (dataset / "images").glob("??/*.jpg"))


def theirs(python: str, processes: int) -> Callable[[Path, str, int], int]:
    """img2dataset in its own environment, by its interpreter."""

    def download(folder: Path, gateway: str, concurrency: int) -> int:
        listed, out = folder / "urls.txt", folder / "out"
        shards = max(2 * processes, 2)
        count = len(listed.read_text().splitlines())
        script = IMG2DATASET.replace("{per_shard}", str(-(-count // shards)))
        command = [python, "-c", script, str(listed), str(out), str(concurrency), str(processes)]
        environment = os.environ | {"http_proxy": gateway, "NO_ALBUMENTATIONS_UPDATE": "1"}
        subprocess.run(
            command, check=True, env=environment, stdout=(folder / "log").open("w"), stderr=subprocess.STDOUT
        )
        return sum(1 for _ in out.rglob("*.jpg"))

    return download


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=4000)
    parser.add_argument("--size", type=int, nargs=2, default=(800, 1200), help="width and height of a picture")
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds until the server answers")
    parser.add_argument("--img2dataset", help="interpreter of an environment that has it; without, ours alone runs")
    arguments = parser.parse_args()
    rivals: dict[str, Callable[[Path, str, int], int]] = {"ours": ours}
    if arguments.img2dataset:
        rivals["img2dataset, 1 process"] = theirs(arguments.img2dataset, 1)
        rivals["img2dataset, 2 processes"] = theirs(arguments.img2dataset, 2)
    rates: dict[str, list[float]] = {name: [] for name in rivals}
    cpu: dict[str, list[float]] = {name: [] for name in rivals}
    with serving(shop(arguments.pictures, tuple(arguments.size)), arguments.latency) as (gateway, asked):
        for number in range(arguments.rounds):
            for name, run in rivals.items():
                with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_DIR")) as folder:
                    (Path(folder) / "urls.txt").write_text("\n".join(urls(arguments.pictures)))
                    before = resource.getrusage(resource.RUSAGE_CHILDREN)
                    stored = run(Path(folder), gateway, arguments.concurrency)
                    after = resource.getrusage(resource.RUSAGE_CHILDREN)
                times = [at for at, url in asked() if "/assets/" in url]
                used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                rates[name].append(len(times) / (times[-1] - times[0]))
                cpu[name].append(used)
                line = (
                    f"round {number + 1}: {name}: {stored} stored, {rates[name][-1]:.0f} pictures/s, {used:.1f} CPU s"
                )
                print(line, flush=True)
    print("| | pictures/s (median) | CPU s (median) | rate / ours |\n| --- | --- | --- | --- |")
    for name in rivals:
        rate = statistics.median(rates[name])
        share = rate / statistics.median(rates["ours"])
        print(f"| {name} | {rate:.0f} | {statistics.median(cpu[name]):.1f} | {share:.2f} |")


if __name__ == "__main__":
    main()
