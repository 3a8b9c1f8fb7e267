"""One worker process for each device, sharing out the units of a job.

Whoever is free takes the next unit. A part's bytes do not depend on which worker makes it, so the labels are those of
one worker. The workers end with the process that started them, however it ends.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.queues import SimpleQueue
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path

from densepose_labeler.config import LabelConfig
from densepose_labeler.label_sets import ResolvedSet
from densepose_labeler.planning import LabelError
from densepose_labeler.side_by_side import available_cores
from densepose_labeler.worker import Report, Tally, Unit, work

_POLL = 0.2  # seconds between looks at the workers' reports


def share_out(
    root: Path, sets: Sequence[ResolvedSet], units: Sequence[Unit], devices: Sequence[str], config: LabelConfig,
    report: Report,
) -> Tally:  # fmt: skip
    """`worker.work` over all units, by a process for each device.

    Raises:
        LabelError: a worker ended suddenly, or as in `work`.
        CheckpointError, OSError: as in `work`. The other workers finish their batch and what they are writing first.
    """
    on_cpu = max(1, devices.count("cpu"))
    config = config.model_copy(update={"threads": config.threads or max(1, available_cores() // on_cpu)})
    context = multiprocessing.get_context("spawn")
    reports: SimpleQueue[tuple[str, int]] = context.SimpleQueue()
    following, stop = context.Value("q", 0), context.Event()
    total = Tally()
    with ProcessPoolExecutor(len(devices), context, _begin, (reports, following, stop)) as pool:
        futures: list[Future[Tally]] = []
        try:
            futures = [pool.submit(_work, root, sets, units, device, config) for device in devices]
            pending = set(futures)
            while pending:
                done, pending = wait(pending, _POLL, FIRST_EXCEPTION)
                while not reports.empty():
                    report(*reports.get())
                for future in done:
                    total.add(future.result())
        except BrokenProcessPool as error:
            raise LabelError(
                "a worker process ended suddenly: it was killed, or the machine ran out of memory. Finished parts are "
                "kept: run the same command again"
            ) from error
        finally:
            stop.set()
            for future in futures:
                future.cancel()
    return total


class _Stopped(Exception):
    """Another worker failed, or the job was interrupted."""


def _begin(reports: SimpleQueue[tuple[str, int]], following: Synchronized[int], stop: Event) -> None:
    """What a worker process holds, and that it ends with its parent; Ctrl-C is the parent's to answer."""
    global _reports, _following, _stop
    _reports, _following, _stop = reports, following, stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)


def _work(root: Path, sets: Sequence[ResolvedSet], units: Sequence[Unit], device: str, config: LabelConfig) -> Tally:
    def report(stage: str, number: int) -> None:
        if _stop.is_set():
            raise _Stopped
        _reports.put((stage, number))

    return work(root, sets, _next_units(units), device, config, report)


def _next_units(units: Sequence[Unit]) -> Iterator[Unit]:
    while True:
        with _following.get_lock():
            number = _following.value
            _following.value += 1
        if number >= len(units):
            return
        yield units[number]


_reports: SimpleQueue[tuple[str, int]]
_following: Synchronized[int]
_stop: Event
