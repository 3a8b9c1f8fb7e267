from __future__ import annotations

import dataclasses
import pickle
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from densepose_labeler import checkpoints, zoo
from densepose_labeler.checkpoints import CheckpointError
from densepose_labeler.downloads import DownloadError, expected_bytes, fetch
from tests.densepose_labeler.engine.small import SMALL, small_network


@pytest.fixture(scope="module")
def content() -> bytes:
    state = {key: value.numpy() for key, value in small_network().state_dict().items()}
    return pickle.dumps({"model": state, "__author__": "tests"}, 3)


class Origin:
    """A loopback server of one file that can break off, change the file, or answer an error."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.tag: str | None = '"one"'
        self.errors: list[int] = []
        self.break_after: list[int] = []
        self.requests: list[str | None] = []
        origin = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None: ...

            def do_GET(self) -> None:
                origin.requests.append(self.headers.get("Range"))
                if origin.errors:
                    self.send_error(origin.errors.pop(0))
                    return
                start = 0
                if self.headers.get("Range") and self.headers.get("If-Range") == origin.tag:
                    start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
                if start >= len(origin.content):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(origin.content)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                body = origin.content[start:]
                self.send_response(206 if start else 200)
                if start:
                    last = len(origin.content) - 1
                    self.send_header("Content-Range", f"bytes {start}-{last}/{len(origin.content)}")
                if origin.tag:
                    self.send_header("ETag", origin.tag)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: origin.break_after.pop(0)] if origin.break_after else body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/model_final_abcdef.pkl"


@pytest.fixture
def origin(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Origin]:
    monkeypatch.setenv(checkpoints.CACHE_VARIABLE, str(tmp_path))
    served = Origin(content)
    thread = threading.Thread(target=served.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield served
    served.server.shutdown()
    served.server.server_close()
    thread.join()


def spec_of(origin: Origin, **changes: object) -> zoo.ModelSpec:
    spec = zoo.ModelSpec(name="small", family="tests", network=SMALL, file="model_final_abcdef.pkl", url=origin.url)
    return dataclasses.replace(spec, **changes)  # type: ignore[arg-type]


def test_a_file_is_fetched_verified_recorded_and_loads(origin: Origin) -> None:
    seen: list[tuple[int, int | None]] = []
    spec = spec_of(origin)
    path = fetch(spec, lambda done, total: seen.append((done, total)), pause=0)
    assert path == checkpoints.cached_path(spec) and path.read_bytes() == origin.content
    assert seen[-1] == (len(origin.content), len(origin.content))
    assert {one.name for one in path.parent.iterdir()} == {path.name, f"{path.name}.sha256", f"{path.name}.lock"}
    loaded = checkpoints.load(spec)
    assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), small_network().parameters(), strict=True))
    assert fetch(spec) == path and len(origin.requests) == 1


def test_a_recorded_checksum_guards_the_file_from_then_on(origin: Origin) -> None:
    spec = spec_of(origin)
    path = fetch(spec, pause=0)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="sha256"):
        checkpoints.load(spec)


def test_broken_transfers_are_taken_up_where_they_ended(origin: Origin) -> None:
    origin.break_after = [1000, 500_000]
    assert fetch(spec_of(origin), pause=0).read_bytes() == origin.content
    assert origin.requests == [None, "bytes=1000-", "bytes=501000-"]


def test_a_later_call_goes_on_where_an_earlier_one_gave_up(origin: Origin) -> None:
    origin.break_after = [100] * 5
    with pytest.raises(DownloadError, match="run it again"):
        fetch(spec_of(origin), pause=0)
    assert fetch(spec_of(origin), pause=0).read_bytes() == origin.content
    assert origin.requests[-1] == "bytes=500-"


def test_a_part_that_is_whole_already_is_taken(origin: Origin) -> None:
    path = checkpoints.cached_path(spec_of(origin))
    path.parent.mkdir(parents=True)
    path.with_name(path.name + ".part").write_bytes(origin.content)
    path.with_name(path.name + ".part.tag").write_text('"one"')
    assert fetch(spec_of(origin), pause=0) == path
    assert path.read_bytes() == origin.content


def test_another_version_on_the_server_is_never_mixed_in(origin: Origin) -> None:
    path = checkpoints.cached_path(spec_of(origin))
    path.parent.mkdir(parents=True)
    path.with_name(path.name + ".part").write_bytes(b"old" * 1000)
    path.with_name(path.name + ".part.tag").write_text('"zero"')
    assert fetch(spec_of(origin), pause=0).read_bytes() == origin.content
    path.unlink()
    origin.tag = None  # nothing identifies the version: a part cannot be trusted
    path.with_name(path.name + ".part").write_bytes(b"old" * 1000)
    assert fetch(spec_of(origin), pause=0).read_bytes() == origin.content


def test_passing_errors_are_tried_again_and_lasting_ones_are_not(origin: Origin) -> None:
    origin.errors = [503, 429]
    fetch(spec_of(origin), pause=0)
    assert len(origin.requests) == 3
    origin.errors, origin.requests = [404], []
    with pytest.raises(DownloadError, match="404"):
        fetch(spec_of(origin, name="other"), pause=0)
    assert len(origin.requests) == 1


@pytest.mark.parametrize("wrong", ["page", "another network", "flipped"])
def test_another_file_is_refused_and_removed(origin: Origin, wrong: str) -> None:
    spec = spec_of(origin)
    if wrong == "page":
        origin.content = b"<html>moved</html>"
    elif wrong == "another network":
        origin.content = origin.content.replace(b"box_head.fc1.bias", b"box_head.fc9.bias")
    else:
        spec = spec_of(origin, sha256="0" * 64)
    with pytest.raises(DownloadError, match="is not the file of 'small'"):
        fetch(spec, pause=0)
    assert [one.suffix for one in checkpoints.cached_path(spec).parent.iterdir()] == [".lock"]


def test_addresses_that_are_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(checkpoints.CACHE_VARIABLE, str(tmp_path))
    spec = zoo.ModelSpec(name="a", family="tests", network=SMALL, file="a.pkl")
    with pytest.raises(DownloadError, match="no address"):
        fetch(spec)
    with pytest.raises(DownloadError, match="https only"):
        fetch(dataclasses.replace(spec, url="http://example.org/a.pkl"))


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_offline_says_where_to_put_the_file(origin: Origin, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("VESTIARY_OFFLINE", value)
    spec = spec_of(origin)
    with pytest.raises(checkpoints.WeightsMissing) as error:
        fetch(spec)
    place = checkpoints.cached_path(spec)
    assert str(place) in str(error.value) and origin.url in str(error.value) and not origin.requests
    place.parent.mkdir(parents=True)
    place.write_bytes(origin.content)
    assert fetch(spec) == place and not origin.requests
    monkeypatch.setenv("VESTIARY_OFFLINE", "0")
    place.unlink()
    assert fetch(spec, pause=0) == place and origin.requests


def test_expected_sizes_hold_the_one_that_is_known() -> None:
    spec = zoo.get("R_50_FPN_s1x")
    least, most = expected_bytes(dataclasses.replace(spec, bytes=None))
    assert spec.bytes is not None and least <= spec.bytes <= most
    assert expected_bytes(spec) == (spec.bytes, spec.bytes)
