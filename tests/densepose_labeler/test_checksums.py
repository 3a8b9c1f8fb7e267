from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from densepose_labeler import checksums


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights.pkl"
    path.write_bytes(b"weights")
    return path


def _age(path: Path, seconds: int) -> None:
    then = time.time_ns() - seconds * 10**9
    os.utime(path, ns=(then, then))


def test_the_record_is_what_sha256sum_reads(file: Path) -> None:
    for seconds in (0, 100):
        _age(file, seconds)
        checksums.record(file, checksums.sha256(file))
        run = subprocess.run(["sha256sum", "--check", "--strict", f"{file.name}.sha256"], cwd=file.parent, check=False)
        assert run.returncode == 0
        assert checksums.recorded(file) == checksums.sha256(file)


def test_an_unchanged_file_is_not_read_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _age(file, 100)
    digest = checksums.sha256(file)
    checksums.record(file, digest)
    monkeypatch.setattr(checksums, "sha256", lambda path: "read")
    assert checksums.current(file) == digest
    _age(file, 50)
    assert checksums.current(file) == "read"
    file.write_bytes(b"larger weights")
    assert checksums.current(file) == "read"


def test_a_file_as_new_as_its_record_is_read_again(file: Path) -> None:
    """Within a clock's tick a second version of a file can have the first one's time."""
    checksums.record(file, checksums.sha256(file))
    status = file.stat()
    file.write_bytes(b"WEIGHTS")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert checksums.current(file) == checksums.sha256(file) != checksums.recorded(file)


def test_there_may_be_no_record_or_a_damaged_one(file: Path) -> None:
    assert checksums.recorded(file) is None
    file.with_name(file.name + ".sha256").write_bytes(b"\xff\x00")
    assert checksums.recorded(file) is None
    assert checksums.current(file) == checksums.sha256(file)
