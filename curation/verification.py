"""`vestiary split verify`: believe nothing, count everything anew."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curation import proof, split_files
from curation.colours import colour_distance
from curation.config import SplitConfig
from curation.errors import CurationError
from curation.hamming import distance
from curation.inspect import inspect
from curation.proof import Proof
from curation.records import Inspection
from curation.split import SPLITS
from curation.split_files import Settings

_ANY_SIZE = 2**40
"""Pixels: what was curated once was within the configuration's limit."""


class SplitError(CurationError):
    """The splits on the disk are not what they must be; the message has a line for everything that is wrong."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found to be in order.

    Attributes:
        proof: counted from the lists of ids and images.parquet.
        settings: what the splits say that they follow from.
        pictures: how many pictures were read again, their sha256 and perceptual hash compared.
        lookalikes: pairs of an eval image and one of another split within the Hamming radius, as they are or mirrored.
            Each was looked at and differs in its colours; in the same colours it would be a leak.
    """

    proof: Proof
    settings: Settings
    pictures: int
    lookalikes: int


def verify(dataset: Path, config: SplitConfig | None = None) -> Verification:
    """Prove the splits on the disk from scratch.

    The lists of ids are proved against images.parquet (`curation.proof`), the splits are drawn again and compared, the
    pictures of the evaluation split, and those that resemble one of them, are read again from the store.

    Args:
        config: the quotas and the seed that the splits are to follow; by default, whatever their own JSON says.

    Raises:
        SplitError: anything is not as it must be.
    """
    directory = Path(dataset) / "splits"
    try:
        settings, made_from = split_files.read_settings(directory)
        splits = {name: (directory / f"{name}.txt").read_text().split() for name in SPLITS}
        columns = {"source", "gender", "path", *(column for quota in settings.split.eval for column in quota.stratum)}
        images = pq.read_table(Path(dataset) / "images.parquet", columns=[*proof.COLUMNS, *sorted(columns)])
    except (OSError, KeyError, ValueError) as error:
        raise SplitError(f"{directory} holds no complete splits ({error}): screen and split again") from error
    proved = proof.prove(splits, images, settings.quotas, settings.hamming_radius)
    wrong = proved.failures(frozen=settings.frozen is not None, allow_short=settings.split.allow_short)
    if config is not None and settings.frozen is None and config != settings.split:
        wrong.append("the splits were not drawn by this configuration's quotas, seed and shares")
    drawn, drawn_proof = split_files.draw_splits(images, settings)
    expected = split_files.texts(images, settings, drawn, drawn_proof, made_from)
    changed = [name for name, text in expected.items() if _text(directory / name) != text]
    if changed:
        wrong.append(f"not what images.parquet and eval.json give: {', '.join(changed)}")
    pictures = _Pictures(Path(dataset), images)
    lookalikes = 0
    if not proved.absent:
        wrong += pictures.check(splits["eval"])
        wrong += pictures.missing(one for name in SPLITS for one in splits[name])
        lookalikes, leaks = pictures.leaks(splits, settings.hamming_radius, settings.colour_distance)
        wrong += leaks
    if wrong:
        raise SplitError("\n".join(["the splits are not proved:", *wrong, "screen and split again"]))
    return Verification(proved, settings, len(pictures.read), lookalikes)


class _Pictures:
    """The pictures themselves, each read once."""

    def __init__(self, dataset: Path, images: pa.Table) -> None:
        columns = (images[name].to_pylist() for name in ("image_id", "path", "phash"))
        rows = list(zip(*columns, strict=True))
        self._files = {image_id: dataset / path for image_id, path, _ in rows}
        self._hashes = {image_id: phash for image_id, _, phash in rows}
        self.read: dict[str, Inspection] = {}

    def missing(self, image_ids: Iterable[str]) -> list[str]:
        gone = [one for one in image_ids if not self._files[one].is_file()]
        return [f"{len(gone)} pictures are not in the image store, such as {gone[0]}"] if gone else []

    def check(self, image_ids: Iterable[str]) -> list[str]:
        """Read these; what is wrong with them, a line each."""
        return [line for one in image_ids if self._files[one].is_file() for line in self._check(one)]

    def leaks(self, splits: Mapping[str, Sequence[str]], radius: int, limit: float) -> tuple[int, list[str]]:
        """Look at what resembles an eval image: in the same colours, the two should have been in one group.

        Returns:
            How many pairs were looked at, and a line for each that is a leak.
        """
        rest = [one for name in SPLITS if name != "eval" for one in splits[name]]
        hashes = np.array([self._hashes[one] for one in rest], np.uint64)
        pairs = []
        for one in (one for one in splits["eval"] if one in self.read):
            for phash, mirrored in ((self.read[one].phash, False), (self.read[one].mirrored, True)):
                if phash is not None:
                    near = np.nonzero(distance(np.uint64(phash), hashes) <= radius)[0]
                    pairs += [(one, rest[index], mirrored) for index in near.tolist()]
        wrong = self.check({other for _, other, _ in pairs} - self.read.keys())
        for one, other, mirrored in pairs:
            here, there = (self.read[name].colours if name in self.read else None for name in (one, other))
            if here and there and colour_distance(here, there, mirrored=mirrored) <= limit:
                kind = "mirrored" if mirrored else "near"
                wrong.append(f"{one} of eval and {other} of another split are {kind} duplicates")
        return len(pairs), wrong

    def _check(self, image_id: str) -> list[str]:
        path = self._files[image_id]
        seen = self.read[image_id] = inspect(path, _ANY_SIZE)
        if hashlib.sha256(path.read_bytes()).hexdigest() != image_id:
            return [f"{path} does not hold the bytes that its name says"]
        if seen.phash != self._hashes[image_id]:
            return [f"{image_id} does not have the perceptual hash that images.parquet says"]
        return []


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
