from __future__ import annotations

import ctypes
import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from densepose_labeler.service.roots import OutsideRoots, Roots

_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2(2)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "root/images/GM").mkdir(parents=True)
    (tmp_path / "root/images/GM/00009.jpg").write_bytes(b"inside")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.jpg").write_bytes(b"secret")
    return tmp_path


@pytest.fixture
def roots(tree: Path) -> Iterator[Roots]:
    one = Roots([tree / "root"], max_bytes=1000)
    yield one
    one.close()


@pytest.mark.parametrize(
    ("image_path", "name"),
    [
        ("images/GM/00009.jpg", "anything"),
        ("images/GM", "00009"),
        ("images/GM/", "00009.jpg"),
        ("images/GM/00009", "anything"),
        ("images/GM/0000", "9"),
        ("images/../images/./GM", "00009"),
    ],
)
def test_the_image_that_is_meant(tree: Path, roots: Roots, image_path: str, name: str) -> None:
    found = roots.find(str(tree / "root") + "/" + image_path, name)
    assert found == tree / "root/images/GM/00009.jpg"
    assert roots.read(found) == b"inside"


def test_relative_paths_start_at_the_working_directory(
    tree: Path, roots: Roots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree / "outside")
    assert roots.read(roots.find("../root/images/GM", "00009")) == b"inside"


@pytest.mark.parametrize(
    "path",
    ["outside/secret.jpg", "root/../outside/secret.jpg", "root", "/etc/passwd", "root-not/x", "root/images/GM/no"],
)
def test_nothing_else_is_found(tree: Path, roots: Roots, path: str) -> None:
    (tree / "root-not").mkdir()
    (tree / "root-not/x.jpg").write_bytes(b"a neighbour whose name begins like the root's")
    expected = FileNotFoundError if path.startswith("root/i") or path == "root" else OutsideRoots
    with pytest.raises(expected):
        roots.find(str(tree / path), "nothing")


def test_the_name_cannot_lead_out(tree: Path, roots: Roots) -> None:
    for name in ("../../../outside/secret.jpg", "/../../outside/secret"):
        with pytest.raises(FileNotFoundError):
            roots.find(str(tree / "root/images/GM"), name)


def test_links_are_followed_inside_the_roots_alone(tree: Path, roots: Roots) -> None:
    (tree / "root/alias").symlink_to("images/GM")
    (tree / "root/way_out").symlink_to(tree / "outside")
    assert roots.read(roots.find(str(tree / "root/alias"), "00009")) == b"inside"
    assert roots.write(str(tree / "root/alias"), "new.png", b"x").path == tree / "root/images/GM/new.png"
    with pytest.raises(OutsideRoots):
        roots.find(str(tree / "root/way_out"), "secret")
    with pytest.raises(OutsideRoots):
        roots.write(str(tree / "root/way_out"), "new.png", b"x")
    (tree / "root/images/GM/link.jpg").symlink_to(tree / "outside/secret.jpg")
    with pytest.raises(OutsideRoots):
        roots.find(str(tree / "root/images/GM/link.jpg"), "")
    with pytest.raises(FileNotFoundError):  # in a folder that is inside, it is no image
        roots.find(str(tree / "root/images/GM"), "link")


def test_a_link_that_takes_a_folders_place_leads_nowhere(
    tree: Path, roots: Roots, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a race would do, done for certain: the folder is exchanged just after it was resolved."""
    resolve = os.path.realpath

    def exchanged(path: str) -> str:
        real = resolve(path)
        folder = tree / "root/images/GM"
        if not folder.is_symlink():
            folder.rename(tree / "root/images/aside")
            folder.symlink_to(tree / "outside")
        return real

    path = tree / "root/images/GM/secret.jpg"
    with monkeypatch.context() as patch:
        patch.setattr("densepose_labeler.service.roots.os.path.realpath", exchanged)
        with pytest.raises(OutsideRoots):
            roots.read(path)
    (tree / "root/images/GM").unlink()
    (tree / "root/images/aside").rename(tree / "root/images/GM")
    with monkeypatch.context() as patch:
        patch.setattr("densepose_labeler.service.roots.os.path.realpath", exchanged)
        with pytest.raises(OutsideRoots):
            roots.write(str(tree / "root/images/GM"), "new.png", b"x")
    assert sorted(os.listdir(tree / "outside")) == ["secret.jpg"]


def test_a_storm_of_exchanged_links_leaks_nothing(tree: Path, roots: Roots) -> None:
    """A thread exchanges a folder and a link out as fast as it can, while files are read and written through it."""
    inside, link = tree / "root/images/GM", tree / "root/images/link"
    libc = ctypes.CDLL(None)
    (inside / "secret.jpg").write_bytes(b"decoy")
    link.symlink_to(tree / "outside")
    stop = threading.Event()

    def exchange() -> None:
        for pause in itertools.cycle((0, 0, 0, 0, 0.001)):  # an odd number, so that it rests in either state
            assert libc.renameat2(_HERE, bytes(inside), _HERE, bytes(link), _EXCHANGE) == 0
            if stop.wait(pause):
                return

    thread = threading.Thread(target=exchange)
    thread.start()
    read = tried = 0
    try:
        while tried < 400 or read == 0 or read == tried:  # until both the folder and the link were met
            tried += 1
            with suppress(OutsideRoots, FileNotFoundError):
                assert roots.read(roots.find(str(inside / "secret.jpg"), "")) == b"decoy"
                read += 1
            with suppress(OutsideRoots, FileNotFoundError):
                roots.write(str(inside), f"{tried}.png", b"x")
    finally:
        stop.set()
        thread.join()
    assert sorted(os.listdir(tree / "outside")) == ["secret.jpg"]


def test_only_regular_files_within_the_limit_are_read(tree: Path, roots: Roots) -> None:
    os.mkfifo(tree / "root/pipe.jpg")
    (tree / "root/folder.jpg").mkdir()
    for name in ("pipe.jpg", "folder.jpg"):
        with pytest.raises(FileNotFoundError):
            roots.find(str(tree / "root" / name), "x")
        with pytest.raises(FileNotFoundError):  # without waiting for somebody to write into the pipe
            roots.read(tree / "root" / name)
    (tree / "root/large.jpg").write_bytes(bytes(1001))
    with pytest.raises(ValueError, match="1,000 bytes"):
        roots.read(tree / "root/large.jpg")


def test_a_written_file_replaces_a_link_and_never_its_target(tree: Path, roots: Roots) -> None:
    (tree / "root/out.png").symlink_to(tree / "outside/secret.jpg")
    written = roots.write(str(tree / "root"), "out.png", b"picture")
    assert (written.path, written.bytes) == (tree / "root/out.png", 7)
    assert not (tree / "root/out.png").is_symlink() and (tree / "root/out.png").read_bytes() == b"picture"
    assert (tree / "outside/secret.jpg").read_bytes() == b"secret"


def test_folders_are_made_and_nothing_is_left_beside(tree: Path, roots: Roots) -> None:
    roots.write(str(tree / "root/new/GM"), "1.jpg", b"a")
    roots.write(str(tree / "root/new/GM"), "1.jpg", b"b")
    assert os.listdir(tree / "root/new/GM") == ["1.jpg"]
    assert (tree / "root/new/GM/1.jpg").read_bytes() == b"b"
    with pytest.raises(OutsideRoots):  # a file stands where a folder is needed
        roots.write(str(tree / "root/new/GM/1.jpg/below"), "2.jpg", b"c")


def test_a_root_must_be_a_folder(tree: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Roots([tree / "absent"], 1000)
    with pytest.raises(NotADirectoryError):
        Roots([tree / "outside/secret.jpg"], 1000)
    assert not Roots([], 1000)
