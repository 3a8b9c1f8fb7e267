"""Decode pictures in threads ahead of whoever uses them, in order and within a memory limit.

Threads are enough: Pillow lets go of the interpreter while it decodes and converts.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from manifests.decoding import ImageError, decode

MEMORY = 256 * 2**20
"""Default limit of decoded pixels waiting, bytes. One picture may exceed it: it is then decoded alone."""

MISSING = "missing"
"""How the error of a picture that is not in the store begins; its label is tried again when the file is back."""

_UNKNOWN_SIZE = 48 * 2**20  # a guess for a picture of undeclared size: 16 megapixels


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture to decode.

    Attributes:
        path: its file; None if the image store does not have it.
        height, width: as declared in images.parquet, 0 if unknown. They only steer how far ahead is decoded.
    """

    image_id: str
    path: Path | None
    height: int = 0
    width: int = 0


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded picture, or why there is none.

    Attributes:
        image: uint8 [H, W, 3], RGB; None if it could not be decoded.
        error: "" or one line that says why; begins with the reason.
        seconds: time the decoding thread took.
    """

    image_id: str
    image: npt.NDArray[np.uint8] | None
    error: str
    seconds: float


def decode_ahead(wanted: Iterable[Wanted], workers: int = 2, memory: int = MEMORY) -> Generator[Decoded, None, None]:
    """Decode `wanted` in `workers` threads, yielding results in the order asked for.

    Decoding pauses while the pictures decoded or being decoded, but not yet taken, fill `memory` bytes. The threads end
    when the iterator is exhausted or closed.
    """
    asked = iter(wanted)
    waiting: deque[tuple[Future[Decoded], int]] = deque()
    held = 0
    following = next(asked, None)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    try:
        while waiting or following is not None:
            while following is not None and (not waiting or held + _size(following) <= memory):
                waiting.append((pool.submit(_decode, following), _size(following)))
                held += _size(following)
                following = next(asked, None)
            future, size = waiting.popleft()
            decoded = future.result()
            yield decoded
            del decoded, future  # else the picture would live on while the next one is decoded
            held -= size
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _size(wanted: Wanted) -> int:
    return wanted.height * wanted.width * 3 or _UNKNOWN_SIZE


def _decode(wanted: Wanted) -> Decoded:
    start = time.perf_counter()
    image, error = None, ""
    if wanted.path is None:
        error = f"{MISSING}: no such picture in the image store"
    else:
        try:
            image = decode(wanted.path)
        except ImageError as problem:
            error = f"{problem.reason}: {problem}"
        except OSError as problem:
            error = f"{MISSING}: the file cannot be read: {problem.strerror or problem}"
    return Decoded(wanted.image_id, image, error, time.perf_counter() - start)
