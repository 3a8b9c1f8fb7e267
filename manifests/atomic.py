"""Files that are complete or absent.

Every file of a dataset is written as `.<name>.<pid>-<random>.part` in the directory where it will live, flushed to the
disk and renamed over its final name, and the directory is flushed after it. A process killed at any moment leaves
the old file, the new file, or a `.part` that `sweep` removes.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_FLUSHES = 16  # at a time
_WORTH_THREADS = 0.003  # seconds of flushing, about what it takes to start and end so many threads


@contextmanager
def part_file(path: Path) -> Iterator[Path]:
    """Yield a path to write to; on a clean exit it becomes `path`, durably; on an error it is removed.

    The caller must have closed the file when the block ends.

    Raises:
        OSError: the disk is full or the directory cannot be written; `path` is then as it was before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        yield part
        _flush(part)
        os.replace(part, path)
        _flush(path.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def place(files: Iterable[tuple[Path, Path]]) -> None:
    """Give finished part files their names, durably; each directory is flushed once.

    Args:
        files: (part, path), each pair on one file system.

    Raises:
        OSError: the disk is full or a directory cannot be written; what was not renamed by then is still a part file.
    """
    files = list(files)
    directories = {path.parent for _, path in files}
    for directory in directories:
        directory.mkdir(parents=True, exist_ok=True)
    _flush_all([part for part, _ in files])
    for part, path in files:
        os.replace(part, path)
    _flush_all(list(directories))


def write_bytes(path: Path, data: bytes) -> None:
    with part_file(path) as part:
        part.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys, so that equal values are equal bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file, zstd-compressed. The bytes depend on the table and pyarrow's version alone."""
    with part_file(path) as part:
        pq.write_table(table, part, compression="zstd", store_schema=True)


def sweep(root: Path) -> int:
    """Remove the `.part` files that killed processes left anywhere under `root`; return how many.

    A part file whose process (its number stands in the name) still runs is left alone.
    """
    removed = 0
    for part in root.rglob(".*.part"):
        pid = part.suffixes[-2].lstrip(".").split("-")[0] if len(part.suffixes) >= 2 else ""
        if pid.isdigit() and int(pid) != os.getpid() and _is_alive(int(pid)):
            continue
        part.unlink(missing_ok=True)
        removed += 1
    return removed


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_all(paths: Sequence[Path]) -> None:
    """Flush side by side where the disk takes its time: a file system's journal then takes many in one go."""
    began = time.monotonic()
    for number, path in enumerate(paths, start=1):
        _flush(path)
        spent = time.monotonic() - began
        if spent / number * (len(paths) - number) > _WORTH_THREADS:
            with ThreadPoolExecutor(_FLUSHES) as pool:
                list(pool.map(_flush, paths[number:]))
            return


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
