from __future__ import annotations

import hashlib
import http.client
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

import demo
from demo.catalogue import PICTURES, Catalogue, load
from demo.gateway import Gateway


@dataclass(frozen=True)
class Response:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get_content_type()

    @property
    def text(self) -> str:
        return self.body.decode()


Fetch = Callable[..., Response]


def stand_in(entry: dict[str, object]) -> Image.Image:
    """A picture of the listed size, different for every name, for pictures that are not rendered yet."""
    digest = hashlib.sha256(str(entry["file"]).encode()).digest()
    width, height = int(str(entry["width"])), int(str(entry["height"]))
    image = Image.new("RGB", (width, height), (digest[0], digest[1], digest[2]))
    draw = ImageDraw.Draw(image)
    for i in range(8):
        x, y = digest[3 + i] * width // 256, digest[11 + i] * height // 256
        draw.ellipse((x, y, x + width // 4, y + height // 4), fill=(digest[i], digest[i + 12], digest[i + 20]))
    return image


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo pictures; while some are not rendered yet, a copy with stand-ins for those."""
    listing = json.loads((PICTURES / "pictures.json").read_text("utf-8"))
    if all((PICTURES / entry["file"]).is_file() for entry in listing):
        return PICTURES
    folder = tmp_path_factory.mktemp("pictures")
    shutil.copy(PICTURES / "pictures.json", folder)
    for entry in listing:
        file = PICTURES / entry["file"]
        if file.is_file():
            shutil.copy(file, folder)
        else:
            stand_in(entry).save(folder / entry["file"], "JPEG", quality=80)
    return folder


@pytest.fixture(scope="session")
def catalogue(pictures: Path) -> Catalogue:
    return load(pictures)


@pytest.fixture(scope="session")
def shops(catalogue: Catalogue) -> Gateway:
    return Gateway(catalogue)


@pytest.fixture(scope="session")
def gateway_url(pictures: Path) -> Iterator[str]:
    with demo.running(pictures=pictures) as url:
        yield url


@pytest.fixture(scope="module")
def fetch(gateway_url: str) -> Iterator[Fetch]:
    """Asks the gateway as a client asks a proxy, over one connection that stays open."""
    connection = http.client.HTTPConnection(gateway_url.removeprefix("http://"), timeout=30)

    def ask(
        url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Response:
        connection.request(method, url, body, headers or {})
        response = connection.getresponse()
        return Response(response.status, response.headers, response.read())

    yield ask
    connection.close()
