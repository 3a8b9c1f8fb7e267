"""One picture on its way from a socket to the store: its bytes are gathered, and go to a part file.

Memory holds a quarter of a megabyte of it at most, so that a small picture is written at once and away from the event
loop, and of an answer that is no picture its beginning: enough to recognise a block and to say what came instead.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import zlib
from pathlib import Path

from scrapy.exceptions import DownloadCancelledError, ResponseDataLossError

from manifests.decoding import SUFFIXES, ImageError, probe, sniff
from manifests.reasons import FetchReason, ImageReason
from scrapers.outcomes import Outcome

FOLDER = ".incoming"
"""Where part files lie, inside the store, so that a rename moves them to their place."""
HEAD_BYTES = 64 * 1024
"""What is kept of an answer that is no picture; the rest of it is not asked for."""
HELD_BYTES = 256 * 1024
"""What is held in memory of a picture before it goes to the part file."""
_SNIFF_BYTES = 16
_NUMBERS = itertools.count()
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class Incoming:
    """Where the bytes of one picture go: `begin`, `write` and `end`, then `settle`.

    `begin` may be called again for another attempt.

    Args:
        folder: the store's `FOLDER`, which exists.
        max_bytes: more than this are refused, as they came and as they are unpacked.

    Attributes:
        size: bytes received so far, unpacked.
        is_picture: it begins like one.
        head: the beginning of what is no picture; b"" for a picture.
        path: the part file; None as long as there is none.
        is_complete: the answer arrived to its end, or as far as it was wanted.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self.size = 0
        self.head = b""
        self.path: Path | None = None
        self.is_complete = False
        self.is_picture = False
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._file = -1
        self._hash = hashlib.sha256()
        self._unpacker: zlib._Decompress | None = None

    def begin(self, declared: int | None, encoding: str) -> None:
        """Take an answer.

        Args:
            declared: its Content-Length, or None.
            encoding: its Content-Encoding, or "".

        Raises:
            DownloadCancelledError: it is too large by its own word.
        """
        self.discard()
        if declared is not None and declared > self._max_bytes:
            raise DownloadCancelledError(f"{declared} bytes declared, at most {self._max_bytes} wanted")
        if encoding in ("gzip", "x-gzip", "deflate"):
            self._unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)

    def write(self, chunk: bytes) -> bool:
        """Take the next piece; False once nothing more is needed.

        Raises:
            DownloadCancelledError: more bytes than wanted.
            ResponseDataLossError: the packing is broken.
        """
        if self._unpacker is not None:
            try:
                chunk = self._unpacker.decompress(chunk, self._max_bytes - self.size + 1)
            except zlib.error as error:
                raise ResponseDataLossError("the packing is broken") from error
        self.size += len(chunk)
        if self.size > self._max_bytes:
            raise DownloadCancelledError(f"more than {self._max_bytes} bytes")
        if not self.is_picture:
            self.head += chunk
            if len(self.head) < _SNIFF_BYTES:
                return True
            if sniff(self.head[:_SNIFF_BYTES]) is None:
                return len(self.head) < HEAD_BYTES
            chunk, self.head, self.is_picture = self.head, b"", True
        self._hold(chunk)
        if self._held_bytes > HELD_BYTES:
            self._pour()
        return True

    def end(self) -> None:
        """The answer is complete.

        Raises:
            ResponseDataLossError: the packing ends before its end.
        """
        if self._unpacker is not None and not self._unpacker.eof and self.is_picture:
            raise ResponseDataLossError("the packing breaks off")
        if not self.is_picture and sniff(self.head) is not None:  # a few bytes that begin like a picture
            self._hold(self.head)
            self.head, self.is_picture = b"", True
        self.is_complete = True

    def settle(self) -> None:
        """Bring a complete picture into its part file; takes the time of a disk, so not in the event loop.

        Raises:
            OSError: it could not be written.
        """
        if self._held:
            self._pour()
        self._close()

    def discard(self) -> None:
        """Forget what arrived."""
        self._close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        self.size, self.head, self.path, self.is_complete = 0, b"", None, False
        self.is_picture, self._held, self._held_bytes = False, [], 0
        self._hash = hashlib.sha256()
        self._unpacker = None

    @property
    def image_id(self) -> str:
        """sha256 of the bytes in the part file."""
        return self._hash.hexdigest()

    def release(self) -> None:
        """The part file is somebody else's now."""
        self.path = None

    def judge(self, max_pixels: int) -> str | Outcome:
        """The file ending to store the picture under, or why it is not stored. No pixel is decoded.

        Args:
            max_pixels: greatest width x height by the header.
        """
        return judge_file(self.path, max_pixels) if self.path is not None else not_a_picture(self.head)

    def _hold(self, chunk: bytes) -> None:
        self._held.append(chunk)
        self._held_bytes += len(chunk)

    def _pour(self) -> None:
        """From memory to the part file."""
        data, self._held, self._held_bytes = b"".join(self._held), [], 0
        if self._file < 0:
            self._open()
        self._hash.update(data)
        while data:
            data = data[os.write(self._file, data) :]

    def _open(self) -> None:
        # named as manifests.atomic names part files, whose `sweep` removes what a killed process left
        path = self._folder / f".picture.{os.getpid()}-{next(_NUMBERS)}.part"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        self.path = path

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def judge_file(path: Path, max_pixels: int) -> str | Outcome:
    """`Incoming.judge` for a file that begins like a picture."""
    try:
        header = probe(path)
    except ImageError as error:
        with path.open("rb") as file:
            format_name = sniff(file.read(_SNIFF_BYTES))
        if error.reason is ImageReason.UNDECODABLE and format_name is not None:
            return SUFFIXES[format_name]
        reason = FetchReason.TOO_LARGE if error.reason == FetchReason.TOO_LARGE else FetchReason.NOT_IMAGE
        return Outcome(reason, str(error))
    if header.width * header.height > max_pixels:
        return Outcome(FetchReason.TOO_LARGE, f"{header.width}x{header.height} is more than {max_pixels:,} pixels")
    return header.suffix


def not_a_picture(head: bytes) -> Outcome:
    """What came instead of a picture, by its first bytes."""
    if head[4:8] == b"ftyp" or head.startswith((b"\x1aE\xdf\xa3", b"#EXTM3U")):
        return Outcome(FetchReason.VIDEO, "a film by its first bytes")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:4096].lower()
    if not start:
        what = "an empty answer"
    elif b"<svg" in start:
        what = "an SVG drawing"
    elif start.startswith(b"<"):
        what = "a web page or XML"
    elif start[:1] in (b"{", b"["):
        what = "JSON"
    else:
        what = f"unknown bytes ({head[:12]!r})"
    return Outcome(FetchReason.NOT_IMAGE, f"no picture by its first bytes: {what}")
