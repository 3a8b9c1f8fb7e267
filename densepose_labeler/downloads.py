"""Weights of the zoo from where they are published into the cache: resumed, verified, and only then named."""

from __future__ import annotations

import fcntl
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import torch

from densepose_labeler import checkpoints, checksums
from densepose_labeler.engine.rcnn import DensePoseRCNN
from densepose_labeler.zoo import ModelSpec

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are on disk and the whole file's, where the server says how many."""

CHUNK = 1 << 20
ATTEMPTS = 5
TIMEOUT = 60.0
USER_AGENT = "vestiary (weights download)"
OFFLINE_VARIABLE = "VESTIARY_OFFLINE"

OVERHEAD = 400_000
"""Most bytes of a file beside its numbers: names, shapes, the legacy constants."""


class DownloadError(OSError):
    """Weights could not be fetched, or what came is not what the zoo describes; the message says what to do."""


def is_offline() -> bool:
    """Whether `$VESTIARY_OFFLINE` forbids downloads: anything but "", "0", "false" and "no" does."""
    return os.environ.get(OFFLINE_VARIABLE, "").strip().lower() not in ("", "0", "false", "no")


def fetch(spec: ModelSpec, progress: Progress | None = None, pause: float = 2.0) -> Path:
    """The weights of a model in the cache, downloaded where they are not there yet.

    A broken transfer is taken up where it ended, also by a later call. The file is held against the zoo's checksum;
    where the zoo has none, against its expected size and, array by array, against the network. Its checksum is then
    recorded beside it, and `checkpoints.load` verifies it from there on. One process at a time downloads a model.

    `pause` is the wait in seconds before the second attempt, doubled for each further one.

    Raises:
        DownloadError: the model has no address, the server does not give the file, or the file is another one.
        checkpoints.WeightsMissing: the file is not there and `$VESTIARY_OFFLINE` is set.
    """
    target = checkpoints.cached_path(spec)
    if is_offline() and not target.is_file():
        raise checkpoints.WeightsMissing(f"{OFFLINE_VARIABLE} is set, so {checkpoints.missing(spec)}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _only_process(target):
        if target.is_file():
            return target
        url = _checked_url(spec)
        part = target.with_name(target.name + ".part")
        _transfer(url, part, progress, pause)
        digest = _verify(spec, part)
        os.replace(part, target)
        checksums.record(target, digest)
        _tag_path(part).unlink(missing_ok=True)
        return target


def expected_bytes(spec: ModelSpec) -> tuple[int, int]:
    """Least and most bytes that the weights file of a model can have."""
    if spec.bytes is not None:
        return spec.bytes, spec.bytes
    with torch.device("meta"):
        numbers = sum(value.numel() for value in DensePoseRCNN(spec.network).state_dict().values())
    per_number = 4 if spec.file.endswith(".pkl") else 2  # published float32, or possibly float16
    return per_number * numbers, 4 * numbers + OVERHEAD


def _checked_url(spec: ModelSpec) -> str:
    if spec.url is None:
        raise DownloadError(
            f"model {spec.name!r} has no address: its weights ship with the package, or put them in place"
        )
    address = urlsplit(spec.url)
    if address.scheme != "https" and address.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise DownloadError(f"{spec.url}: weights are fetched over https only")
    return spec.url


def _verify(spec: ModelSpec, part: Path) -> str:
    """The checksum of a whole file that is what the zoo describes; another is removed."""
    digest = checksums.sha256(part)
    size, (least, most) = part.stat().st_size, expected_bytes(spec)
    problem = None
    if spec.sha256 is not None and digest != spec.sha256:
        problem = f"has sha256 {digest}, the zoo says {spec.sha256}"
    elif not least <= size <= most:
        problem = f"has {size:,} bytes, expected {least:,} to {most:,}"
    elif spec.sha256 is None:
        try:
            checkpoints.check(spec, part)
        except checkpoints.CheckpointError as error:
            problem = str(error)
    if problem is not None:
        part.unlink()
        _tag_path(part).unlink(missing_ok=True)
        raise DownloadError(f"what {spec.url} gave is not the file of {spec.name!r}, and was removed: it {problem}")
    return digest


@dataclass(frozen=True)
class _Answer:
    """Where the body starts in the file, how long the file is, and what identifies this version of it."""

    start: int
    total: int | None
    tag: str | None


def _transfer(url: str, part: Path, progress: Progress | None, pause: float) -> None:
    for attempt in range(ATTEMPTS):
        try:
            _attempt(url, part, progress)
            return
        except urllib.error.HTTPError as error:
            error.close()
            if error.code < 500 and error.code not in (408, 429):
                raise DownloadError(
                    f"{url} answered {error.code} {error.reason}; is the address still right?"
                ) from error
            reason = f"{error.code} {error.reason}"
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, DownloadError):
                raise
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        if attempt + 1 < ATTEMPTS:
            time.sleep(pause * 2**attempt)
    raise DownloadError(f"{url} could not be fetched ({reason}); run it again to go on where it stopped: {part}")


def _attempt(url: str, part: Path, progress: Progress | None) -> None:
    """One request for what is missing; raises unless the file is whole afterwards."""
    held = part.stat().st_size if part.is_file() else 0
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    tag = _tag_path(part).read_text() if held and _tag_path(part).is_file() else ""
    if held and tag:
        headers |= {"Range": f"bytes={held}-", "If-Range": tag}
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416 and error.headers.get("Content-Range") == f"bytes */{held}":
            error.close()
            return  # nothing is missing
        if error.code == 416:
            part.unlink()
        raise
    with response:
        answer = _read_answer(response, held)
        if answer.tag:
            _tag_path(part).write_text(answer.tag)
        else:
            _tag_path(part).unlink(missing_ok=True)
        with part.open("r+b" if answer.start else "wb") as file:
            file.seek(answer.start)
            done = answer.start
            while chunk := response.read(CHUNK):
                file.write(chunk)
                done += len(chunk)
                if progress is not None:
                    progress(done, answer.total)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        if answer.total is not None and done != answer.total:
            raise ConnectionError(f"the transfer ended after {done:,} of {answer.total:,} bytes")


def _read_answer(response: http.client.HTTPResponse, held: int) -> _Answer:
    strong_tag = response.headers.get("ETag") or response.headers.get("Last-Modified")
    tag = None if strong_tag is None or strong_tag.startswith("W/") else strong_tag
    length = response.headers.get("Content-Length")
    if response.status == 206:
        span, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        if span.split("-")[0] != str(held) or not total.isdigit():
            raise ConnectionError("the server answered another range than was asked for")
        return _Answer(held, int(total), tag)
    return _Answer(0, int(length) if length is not None else None, tag)


def _tag_path(part: Path) -> Path:
    return part.with_name(part.name + ".tag")


@contextmanager
def _only_process(target: Path) -> Iterator[None]:
    with target.with_name(target.name + ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
