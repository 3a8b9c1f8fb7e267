from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys

import pytest

from curation.workers import map_surviving


def double_unless_13(number: int) -> int:
    if number == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def refuse(number: int) -> int:
    raise LookupError(number)


def test_one_poisoned_item_costs_itself_alone() -> None:
    found = dict(map_surviving(double_unless_13, range(30), workers=2))
    assert found == {number: None if number == 13 else 2 * number for number in range(30)}


def test_a_worker_killed_from_outside_costs_nothing() -> None:
    found: dict[int, int | None] = {}
    for item, result in map_surviving(double_unless_13, range(100, 160), workers=1):
        if not found:
            for child in multiprocessing.active_children():
                os.kill(child.pid or 0, signal.SIGKILL)
        found[item] = result
    assert found == {number: 2 * number for number in range(100, 160)}


def test_errors_of_the_function_are_raised() -> None:
    with pytest.raises(LookupError):
        list(map_surviving(refuse, [1], workers=1))


def test_no_item_starts_no_process() -> None:
    assert list(map_surviving(refuse, [], workers=1)) == []


def test_workers_that_cannot_start_are_an_error_not_a_verdict_on_the_items() -> None:
    script = "from curation.workers import map_surviving; print(dict(map_surviving(abs, [1, 2], workers=1)))"
    run = subprocess.run([sys.executable, "-"], input=script, capture_output=True, text=True, timeout=60)
    assert run.returncode == 1 and "worker processes cannot start" in run.stderr
