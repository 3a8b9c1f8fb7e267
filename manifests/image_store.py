"""The content-addressed image store: original bytes under the sha256 of themselves."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from manifests import atomic
from manifests.decoding import SUFFIXES

_ID = re.compile(r"[0-9a-f]{64}")
_SUFFIXES = (*SUFFIXES.values(), ".bin")


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One picture in the store.

    Attributes:
        image_id: sha256 of the bytes, 64 lower-case hexadecimal digits.
        path: the file, relative to the dataset directory, with forward slashes: `images/ab/<sha256>.jpg`.
        bytes: its size.
    """

    image_id: str
    path: str
    bytes: int


class ImageStore:
    """Pictures at `<root>/ab/<sha256><suffix>`, never re-encoded, never overwritten.

    Args:
        root: the `images` directory of a dataset; made when the first picture is added.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def add(self, data: bytes, suffix: str) -> StoredImage:
        """Store `data`; when this returns, the picture is on the disk. Adding it again costs a hash and a look.

        Args:
            data: the original bytes.
            suffix: the ending that fits the bytes' own format (`ImageHeader.suffix`), such as ".jpg"; ".bin" for none.
        """
        image_id = hashlib.sha256(data).hexdigest()
        path = self.path(image_id)
        if path is None:
            path = self.root / image_id[:2] / f"{image_id}{suffix}"
            atomic.write_bytes(path, data)
        return StoredImage(image_id, self.relative(path), len(data))

    def adopt(self, arrivals: Sequence[tuple[Path, str, str]]) -> list[StoredImage]:
        """Move finished files into the store; when this returns, all of them are on the disk.

        Args:
            arrivals: (file on the store's file system, sha256 of its bytes, suffix); the file is gone afterwards.
        """
        stored, moves = [], []
        for part, image_id, suffix in arrivals:
            size, path = part.stat().st_size, self.path(image_id)
            if path is None:
                path = self.root / image_id[:2] / f"{image_id}{suffix}"
                moves.append((part, path))
            else:
                part.unlink()
            stored.append(StoredImage(image_id, self.relative(path), size))
        atomic.place(moves)
        return stored

    def path(self, image_id: str) -> Path | None:
        """The file of a picture, or None if the store does not have it.

        Raises:
            ValueError: `image_id` is not 64 lower-case hexadecimal digits.
        """
        if not _ID.fullmatch(image_id):
            raise ValueError(f"not an image id (64 hexadecimal digits): {image_id!r}")
        for suffix in _SUFFIXES:  # a look for each is much cheaper than a directory's listing
            path = os.path.join(self.root, image_id[:2], image_id + suffix)  # pathlib costs more than the look itself
            if os.path.isfile(path):
                return Path(path)
        return None

    def read(self, image_id: str) -> bytes:
        """The original bytes.

        Raises:
            FileNotFoundError: the store does not have the picture.
        """
        path = self.path(image_id)
        if path is None:
            raise FileNotFoundError(f"no picture {image_id} in {self.root}")
        return path.read_bytes()

    def relative(self, path: Path) -> str:
        """`path` as the contract writes it: relative to the dataset directory, with forward slashes."""
        return path.relative_to(self.root.parent).as_posix()

    def __contains__(self, image_id: str) -> bool:
        return self.path(image_id) is not None

    def __iter__(self) -> Iterator[str]:
        """All ids, sorted."""
        return iter(sorted(path.stem for path in self.root.glob("??/*") if _ID.fullmatch(path.stem)))
