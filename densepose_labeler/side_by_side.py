"""Inference on a CPU: several pictures at once, each by one thread.

Threads that share one picture wait for each other at every layer, which costs little on idle cores and very much where
another program takes one of them away. Threads that have a picture each never wait, and what a picture's labels are
does not depend on how many threads there are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import torch

from densepose_labeler.label_sets import Labeller
from manifests.instances import Instance


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


class SideBySide:
    """A context manager that holds `threads` threads (one a core by default), in which torch runs unthreaded."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or available_cores()
        self._torch_threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(
            self.threads, thread_name_prefix="infer", initializer=torch.set_num_threads, initargs=(1,)
        )

    def wrap(self, labeller: Labeller) -> Labeller:
        """The same labels, made picture by picture in this object's threads. The network must not keep state."""

        def labelled(images: Sequence[npt.NDArray[np.uint8]]) -> list[tuple[Instance, ...]]:
            return list(self._pool.map(lambda image: labeller([image])[0], images))

        return labelled

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(self._torch_threads)  # a thread's own setting also becomes the default of later threads
