"""sha256 of weights files, remembered beside them.

`<file>.sha256` is in the form that `sha256sum --check` reads, with the size and the modification time of the file that
was read in a comment. A file whose size and time are still those is not read again.
"""

from __future__ import annotations

import hashlib
import re
import time
from pathlib import Path

from manifests.atomic import write_text

_RECORD = re.compile(r"(?:# bytes (\d+), modified (\d+) ns\n)?([0-9a-f]{64})  .+\n")
_SETTLED = 2_000_000_000
"""Nanoseconds after which a file's time tells it from a later version: clocks of file systems are coarse."""


def sha256(path: Path) -> str:
    """Checksum of a file as hexadecimal, read whole."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def recorded(path: Path) -> str | None:
    """The checksum that was recorded for a file, whatever the file is now; None if there is none."""
    match = _read(path)
    return match[3] if match else None


def record(path: Path, digest: str) -> None:
    """Write the checksum of a file beside it, unless it stands there already."""
    status, note = path.stat(), ""
    if time.time_ns() - status.st_mtime_ns > _SETTLED:
        note = f"# bytes {status.st_size}, modified {status.st_mtime_ns} ns\n"
    text, old = f"{note}{digest}  {path.name}\n", _read(path)
    if old is None or old[0] != text:
        write_text(_record_path(path), text)


def current(path: Path) -> str:
    """Checksum of a file as it is now: the recorded one where size and time are unchanged since, else computed."""
    match, status = _read(path), path.stat()
    if match and (match[1], match[2]) == (str(status.st_size), str(status.st_mtime_ns)):
        return match[3]
    return sha256(path)


def _record_path(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _read(path: Path) -> re.Match[str] | None:
    try:
        return _RECORD.fullmatch(_record_path(path).read_text())
    except (FileNotFoundError, UnicodeDecodeError):
        return None
