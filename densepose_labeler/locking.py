"""One writer a label set."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from densepose_labeler.planning import LabelError


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold `directory` for this process; it is made if absent. The lock is the kernel's and ends with the process.

    Raises:
        LabelError: another process holds it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabelError(
                f"another process is writing the label set {directory}: wait until it is done, or stop it"
            ) from None
        yield
    finally:
        os.close(descriptor)
