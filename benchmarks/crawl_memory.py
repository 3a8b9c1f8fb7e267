"""Does a crawl's memory stay flat?  `python -m benchmarks.crawl_memory --pages 20000`

The demo's Farfetch is multiplied: each page of its listings stands for a new copy of its products with ids of their
own, so that so many product pages, all different, go through the real spider, page objects, pipeline, ledger and store.
The resident memory of `scrapy crawl` is sampled twice a second.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.loopback import Respond, serving

CONFIG = """
[dataset]
path = "{dataset}"
[crawl]
gateway = "{gateway}"
delay_seconds = 0.0
concurrency = {concurrency}
[crawl.shops.farfetch]
base_url = "http://www.farfetch.test"
image_hosts = ["cdn-images.farfetch.test"]
synthetic = true
max_pages = 1000000
categories = [{{ path = "/shopping/women/clothing-1/items.aspx", gender = "women", category = "clothing" }}]
"""
_ID = re.compile(rb"(?<!\d)(\d{8})(?!\d)")
_COPY_ID = re.compile(r"(?<!\d)(\d{6})(\d{8})(?!\d)")
_LABEL = re.compile(rb"(<span data-component=\"PaginationLabel\">)[^<]*")


def multiplied(pages: int) -> Callable[[], Respond]:
    """A maker of the multiplied shop with at least so many product pages."""

    def make() -> Respond:
        from demo.catalogue import load
        from demo.gateway import Gateway
        from tests.scrapers.gateway import jpeg

        gateway = Gateway(load())
        listing = "/shopping/women/clothing-1/items.aspx"
        first = gateway.respond("www.farfetch.test", listing).body
        copies = -(-pages // len(set(re.findall(rb"-item-(\d+)\.aspx", first))))
        picture = jpeg(1, (240, 360))

        def respond(url: str) -> tuple[int, str, bytes]:
            parts = urlsplit(url)
            host, path = parts.hostname or "", parts.path
            if path == listing:
                number = int(parts.query.partition("page=")[2] or 1)
                body = _ID.sub(lambda match: f"{number:06}".encode() + match[1], first)
                return 200, "text/html; charset=utf-8", _LABEL.sub(rb"\g<1>" + f"{number} of {copies}".encode(), body)
            match = _COPY_ID.search(path)
            if match and host.startswith("cdn-images"):
                return 200, "image/jpeg", picture + path.encode()  # bytes of its own for every picture
            original = _COPY_ID.sub(lambda found: found[2], path)
            answer = gateway.respond(host, original)
            body = answer.body
            if match:
                body = _ID.sub(lambda found: match[1].encode() + found[1], body)
            return answer.status, answer.media_type, body

        return respond

    return make


def resident_megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=20_000)
    parser.add_argument("--concurrency", type=int, default=8)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(multiplied(arguments.pages)) as (gateway, asked):
        config = Path(folder) / "crawl.toml"
        dataset = Path(folder) / "data"
        config.write_text(CONFIG.format(dataset=dataset, gateway=gateway, concurrency=arguments.concurrency), "utf-8")
        command = [sys.executable, "-m", "scrapy", "crawl", "farfetch", "-a", f"config={config}"]
        began = time.monotonic()
        process = subprocess.Popen(command)
        pages = pictures = 0
        samples: list[tuple[int, int, float, float]] = []
        while process.poll() is None:
            time.sleep(0.5)
            for _, url in asked():
                pages += "-item-" in url
                pictures += "cdn-images" in url
            samples.append((pages, pictures, time.monotonic() - began, resident_megabytes(process.pid)))
        print(f"exit status {process.returncode}; {pages} product pages, {pictures} pictures asked for")
        print("product pages | pictures | seconds | resident MB")
        for share in range(1, 11):
            wanted = pages * share // 10
            found = next((sample for sample in samples if sample[0] >= wanted and sample[3]), samples[-1])
            print(f"{found[0]} | {found[1]} | {found[2]:.0f} | {found[3]:.1f}", flush=True)


if __name__ == "__main__":
    main()
