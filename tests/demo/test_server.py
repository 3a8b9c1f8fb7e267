from __future__ import annotations

import http.client
import io
import json
import socket
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

import demo
from demo.catalogue import Catalogue
from demo.expectations import inventory
from demo.server import MAX_BODY
from tests.demo.conftest import Fetch


def test_a_request_as_to_a_proxy_and_one_by_host_header_get_the_same(gateway_url: str, fetch: Fetch) -> None:
    through_proxy = fetch("http://www.zara.test/us/en/")
    by_header = fetch("/us/en/", headers={"Host": "www.zara.test"})
    assert through_proxy.status == by_header.status == 200
    assert through_proxy.body == by_header.body
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": gateway_url}))
    with opener.open("http://www.zara.test/us/en/", timeout=60) as response:
        assert response.read() == through_proxy.body


@pytest.mark.parametrize("url", ["http://www.example.com/", "http://zara.test.example.com/", "http://127.0.0.1/"])
def test_other_hosts_are_refused_with_a_reason(fetch: Fetch, url: str) -> None:
    response = fetch(url)
    assert response.status == 403
    assert "forwards nothing" in response.text and "www.farfetch.test" in response.text


def test_unknown_test_hosts_paths_and_schemes(fetch: Fetch) -> None:
    assert fetch("http://www.asos.test/").status == 404
    assert fetch("http://www.zara.test/us/en/nothing-here").status == 404
    assert fetch("https://www.zara.test/us/en/").status == 400
    assert fetch("/", headers={"Host": ""}).status == 403


def test_a_tunnel_is_refused_with_a_reason(gateway_url: str) -> None:
    connection = http.client.HTTPConnection(gateway_url.removeprefix("http://"), timeout=60)
    connection.request("CONNECT", "www.zara.test:443", headers={"Host": "www.zara.test:443"})
    response = connection.getresponse()
    assert response.status == 405
    assert b"http:// only" in response.read()
    connection.close()


def test_connections_stay_open(gateway_url: str) -> None:
    connection = http.client.HTTPConnection(gateway_url.removeprefix("http://"), timeout=60)
    connection.connect()
    before = connection.sock.getsockname()
    for _ in range(3):
        connection.request("GET", "http://www.zara.test/robots.txt")
        assert connection.getresponse().read().startswith(b"#")
    assert connection.sock is not None and connection.sock.getsockname() == before
    connection.close()


def test_head_has_no_body(fetch: Fetch) -> None:
    head, whole = fetch("http://www.zalando.test/", "HEAD"), fetch("http://www.zalando.test/")
    assert head.status == 200 and head.body == b""
    assert int(head.headers["Content-Length"]) == len(whole.body)


def test_a_large_body_is_refused(gateway_url: str) -> None:
    connection = http.client.HTTPConnection(gateway_url.removeprefix("http://"), timeout=60)
    connection.request("POST", "http://www.zalando.test/api/graphql/", headers={"Content-Length": str(MAX_BODY + 1)})
    assert connection.getresponse().status == 413
    connection.close()


def test_a_body_that_is_no_query_is_refused(fetch: Fetch) -> None:
    for body in (b"", b"{", b"[1]", json.dumps([{"variables": {}}]).encode()):
        assert fetch("http://www.zalando.test/api/graphql/", "POST", body).status == 400


def test_answers_are_the_same_every_time(fetch: Fetch, pictures: Path, catalogue: Catalogue) -> None:
    picture = next(p for p in inventory(catalogue) if p.photo.treatment.name == "resized")
    urls = [picture.page, picture.url_prefix, f"{picture.url_prefix}?imwidth=300&w=300"]
    first = [fetch(url).body for url in urls]
    with demo.running(pictures=pictures) as other:
        connection = http.client.HTTPConnection(other.removeprefix("http://"), timeout=60)
        for url, body in zip(urls, first, strict=True):
            connection.request("GET", url)
            assert connection.getresponse().read() == body
        connection.close()


def test_the_largest_sizes_are_the_file_itself(fetch: Fetch, catalogue: Catalogue) -> None:
    asked = {"zara": ("?w=2048", "?w=400"), "zalando": ("?imwidth=1800", "?imwidth=400")}
    for shop, (large, small) in asked.items():
        picture = next(p for p in inventory(catalogue) if p.product.shop == shop)
        data = (catalogue.pictures / picture.photo.file).read_bytes()
        assert fetch(picture.url_prefix + large).body == data
        assert Image.open(io.BytesIO(fetch(picture.url_prefix + small).body)).width == 400
    picture = next(p for p in inventory(catalogue) if p.product.shop == "farfetch")
    assert fetch(f"{picture.url_prefix}1000.jpg").body == (catalogue.pictures / picture.photo.file).read_bytes()
    assert Image.open(io.BytesIO(fetch(f"{picture.url_prefix}480.jpg").body)).width == 480


def test_a_taken_port_is_named(pictures: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"127.0.0.1:{port}.*another port"), demo.running(port, pictures):
            pass


def test_the_hash_follows_the_pictures_and_nothing_else(pictures: Path, tmp_path: Path, catalogue: Catalogue) -> None:
    first = demo.catalogue_hash(pictures)
    assert len(first) == 64
    copy = tmp_path / "pictures"
    copy.mkdir()
    for file in ["pictures.json", *catalogue.sha256]:
        (copy / file).write_bytes((pictures / file).read_bytes())
    assert demo.catalogue_hash(copy) == first
    changed = copy / next(iter(catalogue.sha256))
    changed.write_bytes(changed.read_bytes() + b"\0")
    assert demo.catalogue_hash(copy) != first
