"""Curation that was killed: what it goes on with, and what it leaves."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from curation.run import curate, screen_and_split
from curation.verification import verify
from tests.curation.conftest import config_for, contents, label_all


def test_a_killed_worker_costs_nothing(tmp_path: Path, photos: Callable[[int], Path]) -> None:
    config = config_for(photos(20))
    curate(tmp_path / "calm", config)
    killed = []

    def kill(stage: str, done: int, total: int) -> None:
        if stage == "inspect" and done == 5 and not killed:
            for child in multiprocessing.active_children():
                killed.append(child.pid)
                os.kill(child.pid or 0, signal.SIGKILL)

    curate(tmp_path / "rough", config, kill)
    assert killed
    assert contents(tmp_path / "rough") == contents(tmp_path / "calm")


SCRIPT = """
import signal, sys
from pathlib import Path
from tests.curation.conftest import config_for, label_all
from curation.run import curate, screen_and_split

def progress(stage, done, total):
    print(stage, done, flush=True)
    if f"{stage} {done}" == sys.argv[3]:
        signal.pause()  # here the kill comes

if __name__ == "__main__":
    dataset, config = Path(sys.argv[1]), config_for(Path(sys.argv[2]))
    curate(dataset, config, progress)
    label_all(dataset)
    screen_and_split(dataset, config, progress)
    progress("finished", 0, 0)
"""


def test_killed_anywhere_it_finishes_with_the_same_bytes(
    tmp_path: Path, photos: Callable[[int], Path], root: Path
) -> None:
    folder, script = photos(90), tmp_path / "script.py"
    script.write_text(SCRIPT)
    config = config_for(folder)
    curate(tmp_path / "calm", config)
    label_all(tmp_path / "calm")
    screen_and_split(tmp_path / "calm", config)

    command = [sys.executable, str(script), str(tmp_path / "rough"), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    begun = []
    for last_words in ("ingest studio 40", "inspect 70", "deduplicate 0", "screen 0", "split 0", "finished 0"):
        with subprocess.Popen([*command, last_words], stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line.strip())
                if line.strip() == last_words:
                    break
            workers = children(process.pid)
            process.kill()
        assert lines[-1] == last_words
        begun += [int(line.split()[1]) for line in lines if line.startswith("inspect")][:1]
        wait_until_gone(workers)
    assert begun[0] == 0 and begun[1] == 64 and begun[2] == 90  # what was measured is not measured again
    assert contents(tmp_path / "rough") == contents(tmp_path / "calm")
    assert not list((tmp_path / "rough").rglob("*.part"))
    assert verify(tmp_path / "rough").proof.images["eval"] == 3


@pytest.mark.parametrize("half_written", ["splits/.eval.txt", ".images.parquet", "curation/.candidates.parquet"])
def test_the_step_that_is_done_again_removes_what_a_kill_left_of_it(
    tmp_path: Path, photos: Callable[[int], Path], half_written: str
) -> None:
    dataset, config = tmp_path / "set", config_for(photos(6))
    curate(dataset, config)
    label_all(dataset)
    screen_and_split(dataset, config)
    left = dataset / f"{half_written}.99999999-00000000.part"
    left.touch()
    left.with_name(left.name[1:].split(".99999999")[0]).unlink()  # the kill came before its rename
    curate(dataset, config)
    screen_and_split(dataset, config)
    assert not left.exists() and verify(dataset).proof.images["eval"] == 3


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def runs(pid: int) -> bool:
    try:
        return " Z" not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # the latter if it ended while it was read
        return False


def wait_until_gone(pids: list[int]) -> None:
    """Workers of a killed parent leave by themselves."""
    deadline = time.monotonic() + 120
    while any(runs(pid) for pid in pids):
        assert time.monotonic() < deadline, "orphaned workers"
        time.sleep(0.05)
