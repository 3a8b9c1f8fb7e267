"""Files below the folders that the service was started with, and no others.

A path is first resolved as the file system has it now, symbolic links and `..` included, and must then lie below a
root. It is opened step by step from the root's own descriptor, following no link, so that a link put in place of a
folder between the check and the opening leads nowhere.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from manifests import atomic
from manifests.decoding import SUFFIXES

ENDINGS = tuple(dict.fromkeys((*SUFFIXES.values(), ".jpeg", ".tiff", ".JPG", ".JPEG", ".PNG")))
"""File endings tried, in order, for an image path without one."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class OutsideRoots(PermissionError):
    """The path does not lie below a root, or a link took its place while it was being opened."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written: its real path and size in bytes."""

    path: Path
    bytes: int


@dataclass(frozen=True, slots=True)
class _Root:
    path: Path
    descriptor: int


class Roots:
    """The folders; hold them open with `with`.

    Raises:
        NotADirectoryError, FileNotFoundError: one of them is no folder.
    """

    def __init__(self, paths: Sequence[Path], max_bytes: int) -> None:
        self._max_bytes = max_bytes
        resolved = [Path(path).resolve(strict=True) for path in paths]
        self._roots = tuple(_Root(path, os.open(path, _FOLDER)) for path in resolved)

    def close(self) -> None:
        for root in self._roots:
            os.close(root.descriptor)

    def __bool__(self) -> bool:
        return bool(self._roots)

    def find(self, image_path: str, name: str) -> Path:
        """The real path of the image that a request of the founding contract means, the first of these that is a file:

        `image_path` itself; `name` in it, where it is a folder; `image_path` with an ending; `image_path` and `name`
        written together. The second and the last may lack their ending too.

        Raises:
            OutsideRoots: `image_path` lies outside the roots.
            FileNotFoundError: there is no such file.
        """
        self.check(image_path)
        stems = (os.path.join(image_path, name), image_path, image_path.rstrip("/") + name)
        candidates = [image_path, *(stem + ending for stem in stems for ending in ("", *ENDINGS))]
        for candidate in candidates:
            real = _resolve(candidate)
            if any(real.is_relative_to(root.path) for root in self._roots) and _is_file(real):
                return real
        raise FileNotFoundError(errno.ENOENT, "no such image", image_path)

    def read(self, path: Path) -> bytes:
        """The bytes of a file.

        Raises:
            OutsideRoots: it does not lie below a root.
            FileNotFoundError: it is gone, or is no regular file.
            ValueError: it has more than `max_bytes`.
        """
        root, parts = self._locate(str(path))
        if not parts:
            raise FileNotFoundError(errno.ENOENT, "not a file", str(path))
        with _walk(root, parts[:-1]) as folder, _no_links(path):
            descriptor = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError(errno.ENOENT, "not a regular file", str(path))
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(self._max_bytes + 1)
        if len(data) > self._max_bytes:
            raise ValueError(f"the file has more than {self._max_bytes:,} bytes")
        return data

    def write(self, folder: str, name: str, data: bytes) -> Written:
        """Write a file whole or not at all; folders that are missing are made.

        Raises:
            OutsideRoots: it would not lie below a root.
            OSError: the disk is full, or the folder cannot be written.
        """
        root, parts = self._locate(folder)
        with _walk(root, parts, make=True) as descriptor:
            atomic.write_bytes(Path(f"/proc/self/fd/{descriptor}") / name, data)
        return Written(root.path.joinpath(*parts, name), len(data))

    def check(self, path: str) -> None:
        """Raise OutsideRoots if a path lies outside the roots."""
        self._locate(path)

    def _locate(self, path: str) -> tuple[_Root, tuple[str, ...]]:
        real = _resolve(path)
        for root in self._roots:
            if real.is_relative_to(root.path):
                return root, real.relative_to(root.path).parts
        raise OutsideRoots(errno.EACCES, "outside the folders this service may use", path)


def _resolve(path: str) -> Path:
    try:
        return Path(os.path.realpath(path))
    except OSError as error:  # what was a link is none any more, or the other way round
        raise OutsideRoots(errno.EACCES, "the path changed while it was being resolved", path) from error


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


@contextmanager
def _walk(root: _Root, parts: Sequence[str], make: bool = False) -> Iterator[int]:
    """A descriptor of the folder `parts` below the root, reached without following a link."""
    current = os.dup(root.descriptor)
    try:
        for part in parts:
            with _no_links(root.path.joinpath(*parts)):
                following = _enter(current, part, make)
            os.close(current)
            current = following
        yield current
    finally:
        os.close(current)


def _enter(folder: int, name: str, make: bool) -> int:
    if make:
        try:
            return os.open(name, _FOLDER, dir_fd=folder)
        except FileNotFoundError:
            with suppress(FileExistsError):  # another request made it
                os.mkdir(name, dir_fd=folder)
    return os.open(name, _FOLDER, dir_fd=folder)


@contextmanager
def _no_links(path: Path) -> Iterator[None]:
    """What `O_NOFOLLOW` says of a link, in our words. With `O_DIRECTORY` the kernel says ENOTDIR of a link, too."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OutsideRoots(errno.EACCES, "a link took the place of a part of the path", str(path)) from error
        if error.errno == errno.ENOTDIR:
            raise OutsideRoots(errno.EACCES, "a part of the path is no folder", str(path)) from error
        raise
