"""Safetensors copies of pickled checkpoints: made once, beside them, and read instead of them from then on.

A copy belongs to one version of its pickle: the pickle's sha256 stands in its header. Its own is recorded beside it;
a copy without one, or of other bytes, is as good as absent and is made anew.
"""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from densepose_labeler import checksums
from manifests import atomic

_SOURCE = "source_sha256"


def copy_path(pickled: Path) -> Path:
    """Where the copy of a pickled checkpoint lies."""
    return pickled.with_suffix(".safetensors")


def read(pickled: Path, sha256: str) -> dict[str, Tensor] | None:
    """The arrays of the copy that was made of a pickle with this checksum; None if there is no sound one."""
    copy = copy_path(pickled)
    try:
        with safe_open(copy, "pt") as header:
            if (header.metadata() or {}).get(_SOURCE) != sha256:
                return None
        if checksums.current(copy) != checksums.recorded(copy):
            return None
        arrays: dict[str, Tensor] = safetensors.torch.load_file(copy)
    except (FileNotFoundError, SafetensorError):
        return None
    return arrays


def write(pickled: Path, sha256: str, arrays: dict[str, Tensor]) -> None:
    """Make the copy of a pickle with this checksum, whole or not at all.

    Raises:
        OSError: the directory cannot be written or the disk is full.
    """
    copy = copy_path(pickled)
    atomic.sweep(copy.parent)
    with atomic.part_file(copy) as part:
        safetensors.torch.save_file(arrays, part, {_SOURCE: sha256})
    checksums.record(copy, checksums.sha256(copy))
