"""From a request for a .test host to the answer of the demo shop that owns it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

from demo.answers import JPEG, TEXT, Answer, Target, not_found
from demo.catalogue import Catalogue, Photo, load
from demo.derivation import at_width, derive
from demo.farfetch import Farfetch
from demo.shop import Shop
from demo.zalando import Zalando
from demo.zara import Zara

OPT_OUT = ("X-Robots-Tag", "noai, noimageai")


class Gateway:
    """All demo shops. Safe to be asked from several threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.shops: tuple[Shop, ...] = (Zara(catalogue), Zalando(catalogue), Farfetch(catalogue))
        self._by_host: Mapping[str, Shop] = {
            host: shop for shop in self.shops for host in (shop.page_host, shop.image_host)
        }
        self._pictures: dict[tuple[str, str, int | None], bytes] = {}
        self._lock = Lock()

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self._by_host)

    def respond(self, host: str, path_and_query: str, body: bytes = b"") -> Answer:
        """The answer for `path_and_query` of `host` (no port). `body` is that of a POST.

        A host that is not under .test is refused with 403: this is no proxy to the internet.
        """
        host = host.lower().rstrip(".")
        shop = self._by_host.get(host)
        if shop is None:
            status = 404 if host.endswith(".test") else 403
            text = (
                f"The Vestiary demo server has no host {host!r}. It serves {', '.join(self.hosts)} on loopback "
                "and forwards nothing to others. Use it as an HTTP proxy, or name one of them in the Host header.\n"
            )
            return Answer(text.encode(), TEXT, status)
        target = Target.parse(host, path_and_query, body)
        photo = shop.photos.get(target.path) if host == shop.image_host else None
        if photo is not None:
            return self._picture(photo, shop.width(target))
        return shop.respond(target)

    def urls(self) -> list[str]:
        """The address of every page and picture, each once."""
        pages = [url for shop in self.shops for url in shop.pages()]
        return pages + [f"http://{shop.image_host}{path}" for shop in self.shops for path in shop.photos]

    def _picture(self, photo: Photo, width: int | None) -> Answer:
        if photo.treatment.name == "gone":
            return not_found(photo.key)
        key = (photo.file, repr(photo.treatment), width)
        data = self._pictures.get(key)
        if data is None:
            data = derive((self.catalogue.pictures / photo.file).read_bytes(), photo.treatment)
            if photo.treatment.name not in ("html", "truncated"):
                data = at_width(data, width)
            with self._lock:
                self._pictures[key] = data
        return Answer(data, JPEG, headers=(OPT_OUT,) if photo.treatment.name == "opted_out" else ())


def catalogue_hash(pictures: Path | None = None) -> str:
    """Identity of all that the demo shops serve: sha256 (hexadecimal) over every page, and over every picture's file
    and treatment. It changes when a page, a picture or something planted changes, and with nothing else."""
    gateway = Gateway(load(pictures))
    digest = hashlib.sha256()
    for shop in gateway.shops:
        for url in shop.pages():
            parts = urlsplit(url)
            answer = gateway.respond(parts.hostname or "", f"{parts.path}?{parts.query}" if parts.query else parts.path)
            digest.update(f"{url} {answer.status} {answer.media_type} {answer.headers}\n".encode())
            digest.update(hashlib.sha256(answer.body).digest())
        for path, photo in shop.photos.items():
            digest.update(f"{path} {photo.treatment} {gateway.catalogue.sha256[photo.file]}\n".encode())
    return digest.hexdigest()
