from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from manifests import atomic


def test_a_failed_write_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    atomic.write_bytes(path, b"old")
    with pytest.raises(RuntimeError), atomic.part_file(path) as part:
        part.write_bytes(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_equal_tables_are_equal_bytes(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2, 3], "b": ["x", "y", None]})
    atomic.write_table(tmp_path / "one.parquet", table)
    atomic.write_table(tmp_path / "two.parquet", table)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_a_full_disk_is_reported_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    atomic.write_text(path, "kept")
    script = (
        "import resource, signal, sys; from pathlib import Path; from manifests import atomic\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "atomic.write_bytes(Path(sys.argv[1]), b'x' * 5000)"
    )
    run = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)
    assert run.returncode != 0 and "File too large" in run.stderr
    assert path.read_text() == "kept"
    assert list(tmp_path.iterdir()) == [path]


def test_sigkill_leaves_old_or_new_and_sweep_removes_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.bin"
    script = (
        "import sys; from pathlib import Path; from manifests import atomic\n"
        "print('ready', flush=True)\n"
        "for n in range(1_000_000): atomic.write_bytes(Path(sys.argv[1]), bytes([n % 256]) * 2_000_000)"
    )
    for delay in (0.01, 0.05, 0.11, 0.2):
        process = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if path.exists():
            data = path.read_bytes()
            assert len(data) == 2_000_000 and len(set(data)) == 1
    atomic.sweep(tmp_path)
    assert [item.name for item in path.parent.iterdir()] in ([], ["file.bin"])


def test_sweep_spares_the_parts_of_a_living_process(tmp_path: Path) -> None:
    living = tmp_path / f".a.txt.{os.getppid()}-00000000.part"
    dead = tmp_path / ".b.txt.99999999-00000000.part"
    living.touch()
    dead.touch()
    assert atomic.sweep(tmp_path) == 1
    assert living.exists() and not dead.exists()


@pytest.mark.parametrize("worth_threads", [-1.0, 1e9])
def test_finished_files_are_placed_alike_on_a_slow_disk_and_on_a_fast_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worth_threads: float
) -> None:
    monkeypatch.setattr(atomic, "_WORTH_THREADS", worth_threads)
    moves = [(tmp_path / f"{number}.part", tmp_path / str(number % 7) / str(number)) for number in range(40)]
    for part, _ in moves:
        part.write_text(part.name, "utf-8")
    atomic.place(moves)
    assert all(path.read_text("utf-8") == part.name and not part.exists() for part, path in moves)
    with pytest.raises(FileNotFoundError):
        atomic.place(moves)
