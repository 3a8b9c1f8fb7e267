"""Work in other processes that survives the death of one.

A decoder fed with hostile bytes may crash or be killed for its memory. In a process of its own it takes only the
pictures in flight with it; these are tried again, each alone, and the one that kills again is given up.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from curation.errors import CurationError

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_AHEAD = 4  # items in flight for every worker: enough to keep it busy, few to try again


def map_surviving(
    function: Callable[[_Item], _Result], items: Iterable[_Item], workers: int
) -> Iterator[tuple[_Item, _Result | None]]:
    """Apply `function` to items in `workers` processes and yield (item, result) as they finish, in any order.

    The result is None for an item whose process died twice, the second time with this item alone.

    Args:
        function: importable by its name, as processes are started by "spawn".

    Raises:
        CurationError: no worker process starts at all.
        Whatever `function` raises.
    """
    queue = iter(items)
    exhausted = False
    while not exhausted:
        flying: dict[Future[_Result], _Item] = {}
        suspects: list[_Item] = []
        with _pool(workers) as pool:
            while not suspects:
                while not exhausted and not suspects and len(flying) < workers * _AHEAD:
                    try:
                        item = next(queue)
                    except StopIteration:
                        exhausted = True
                        break
                    try:
                        flying[pool.submit(function, item)] = item
                    except BrokenProcessPool:
                        suspects.append(item)
                if not flying:
                    break
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    item = flying.pop(future)
                    if isinstance(future.exception(), BrokenProcessPool):
                        suspects.append(item)
                    else:
                        yield item, future.result()
            for future, item in flying.items():  # the pool is broken, so these are finished or lost
                if isinstance(future.exception(), BrokenProcessPool):
                    suspects.append(item)
                else:
                    yield item, future.result()
        yield from _one_by_one(function, suspects)


def _one_by_one(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[tuple[_Item, _Result | None]]:
    queue = deque(items)
    while queue:
        with _pool(1) as pool:
            _check_it_starts(pool)
            while queue:
                item = queue.popleft()
                try:
                    result = pool.submit(function, item).result()
                except BrokenProcessPool:
                    yield item, None
                    break  # to a new process
                yield item, result


def _check_it_starts(pool: ProcessPoolExecutor) -> None:
    """Without this, a machine on which no worker starts would give up every item as if it were to blame."""
    try:
        pool.submit(os.getpid).result()
    except BrokenProcessPool as error:
        raise CurationError(
            "worker processes cannot start; the lines above say why. A script that calls this must be a file "
            'whose work stands under `if __name__ == "__main__":`'
        ) from error


def _pool(workers: int) -> ProcessPoolExecutor:
    # "spawn": a fork would copy the locks of whatever threads the caller runs.
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare_worker)


def _prepare_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """A worker holds both ends of its queue, so it would wait for ever for a parent that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
