"""A forward proxy on loopback that plays hosts under .test, and a small synthetic shop in Zara's structure to serve."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

PAGE_HOST, IMAGE_HOST = "www.zara.test", "static.zara.test"


@dataclass
class Answer:
    """`length` overrides the declared Content-Length; `wait` delays the answer by seconds."""

    body: bytes = b""
    media_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    wait: float = 0.0


@dataclass
class Gateway:
    """Answers by URL without query (or with it, where that is listed), and remembers what was asked and when."""

    url: str
    answers: dict[str, Answer | Callable[[], Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    times: list[float] = field(default_factory=list)

    def answer(self, url: str) -> Answer:
        found = self.answers.get(url, self.answers.get(url.partition("?")[0]))
        if found is None:
            return Answer(b"not found", "text/plain", 404)
        return found() if callable(found) else found

    def asked_of(
        self, host: str, *, besides: tuple[str, ...] = ("/robots.txt", "/.well-known/tdmrep.json")
    ) -> list[str]:
        return [url for url in self.asked if urlsplit(url).hostname == host and urlsplit(url).path not in besides]


@contextmanager
def running_gateway() -> Iterator[Gateway]:
    """Serve on a free port of 127.0.0.1."""
    gateway: Gateway

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            gateway.asked.append(self.path)
            gateway.times.append(time.monotonic())
            gateway.agents.add(self.headers.get("User-Agent", ""))
            answer = gateway.answer(self.path)
            if answer.wait:
                time.sleep(answer.wait)
            self.send_response(answer.status)
            for name, value in {"Content-Type": answer.media_type, **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
            self.send_header("Connection", "close")
            self.close_connection = True
            with suppress(ConnectionError):  # a client that gave up
                self.end_headers()
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    gateway = Gateway(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def jpeg(seed: int, size: tuple[int, int] = (60, 90)) -> bytes:
    """A small JPEG that differs from every other seed's."""
    pixels = np.random.default_rng(seed).integers(0, 255, (3, 2, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def image_path(product: int, code: str) -> str:
    asset = f"{product:016x}{int.from_bytes(code.encode()):016x}"
    name = f"{product:08d}800-{code}"
    return f"/assets/public/{asset[:4]}/{asset[4:8]}/{asset[8:20]}/{asset[20:]}/{name}/{name}.jpg"


def image_url(product: int, code: str) -> str:
    return f"http://{IMAGE_HOST}{image_path(product, code)}"


def product_json(product: int, codes: tuple[str, ...]) -> dict[str, object]:
    """A synthetic product of one colour, with one picture for each code."""
    media = [
        {
            "type": "image",
            "kind": "other",
            "name": f"{product:08d}800-{code}",
            "width": 2048,
            "height": 3072,
            "extraInfo": {"originalName": code, "assetId": f"{product:016x}{int.from_bytes(code.encode()):016x}"},
            "url": f"{image_url(product, code)}?ts=1&w={{width}}",
        }
        for code in codes
    ]
    colour = {"id": "800", "productId": product * 10, "name": "Black", "xmedia": media}
    return {
        "id": product,
        "type": "Product",
        "name": f"SYNTHETIC SHIRT {product}",
        "section": 1,
        "sectionName": "WOMAN",
        "familyName": "SHIRT",
        "detail": {"reference": f"{product:08d}-I2026", "colors": [colour]},
        "seo": {"keyword": "synthetic-shirt", "seoProductId": f"{product:08d}", "discernProductId": product * 10},
    }


def serve_shop(gateway: Gateway, products: int, codes: tuple[str, ...] = ("p", "a1", "e1")) -> None:
    """Put a synthetic shop behind the gateway: one category, its products, their pictures."""
    page, category = f"http://{PAGE_HOST}", f"http://{PAGE_HOST}/us/en/category/1/products?ajax=true"
    cards = [product_json(number, codes) for number in range(1, products + 1)]
    listing = {"productGroups": [{"elements": [{"commercialComponents": cards}]}]}
    gateway.answers[f"{page}/robots.txt"] = Answer(b"User-agent: *\nDisallow: /private/\n", "text/plain")
    gateway.answers[category] = Answer(json.dumps(listing).encode(), "application/json")
    for number, card in enumerate(cards, start=1):
        url = f"{page}/us/en/products-details?productIds={number * 10}&ajax=true"
        gateway.answers[url] = Answer(json.dumps([card]).encode(), "application/json")
        for code in codes:
            gateway.answers[image_url(number, code)] = Answer(
                jpeg(number * 100_000 + int.from_bytes(code.encode())), "image/jpeg"
            )
