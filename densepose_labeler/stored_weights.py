"""What lies on this machine of the models' weights, and whether it is what it should be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from densepose_labeler import checkpoints, checksums, converted
from densepose_labeler.downloads import expected_bytes
from densepose_labeler.zoo import ModelSpec

Checksum = Literal["official", "recorded", "unknown"]
"""Who says what a file's sha256 has to be: the zoo, the record of its first use, or nobody yet."""


@dataclass(frozen=True, slots=True)
class StoredWeights:
    """The weights of one model.

    Attributes:
        name: of the model.
        path: the file; None if it is not on this machine.
        bytes: its size, 0 if there is none.
        checksum: where its checksum is known from.
        problem: what is wrong with it, "" if nothing is known to be.
    """

    name: str
    path: Path | None
    bytes: int = 0
    checksum: Checksum = "unknown"
    problem: str = ""


def look(spec: ModelSpec) -> StoredWeights:
    """What is there, by its directory entry alone."""
    try:
        path = checkpoints.weights_path(spec)
    except checkpoints.WeightsMissing as missing:
        return StoredWeights(spec.name, None, problem=str(missing))
    recorded = checksums.recorded(path) is not None
    known: Checksum = "official" if spec.sha256 else "recorded" if recorded else "unknown"
    return StoredWeights(spec.name, path, path.stat().st_size, known)


def verify(spec: ModelSpec) -> StoredWeights:
    """Read the whole file: its size, its checksum, every array's name and shape, and the converted copy beside it."""
    found = look(spec)
    if found.path is None:
        return found
    problem = _problem(spec, found.path)
    return StoredWeights(found.name, found.path, found.bytes, found.checksum, problem)


def _problem(spec: ModelSpec, path: Path) -> str:
    least, most = expected_bytes(spec)
    size = path.stat().st_size
    if not least <= size <= most:
        return f"it has {size:,} bytes, expected {least:,}" + (f" to {most:,}" if most > least else "")
    try:
        checkpoints.weights_sha256(spec, path, reread=True)
        checkpoints.check(spec, path)
    except checkpoints.CheckpointError as error:
        return str(error)
    copy = converted.copy_path(path)
    if path.suffix == ".pkl" and copy.is_file() and checksums.sha256(copy) != checksums.recorded(copy):
        return f"its converted copy {copy} is damaged: delete it, it is made anew"
    return ""
