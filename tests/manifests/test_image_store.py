from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from manifests.image_store import ImageStore


def test_bytes_come_back_unchanged_under_their_own_hash(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "images")
    stored = store.add(b"\xff\xd8\xff picture", ".jpg")
    assert stored.image_id == hashlib.sha256(b"\xff\xd8\xff picture").hexdigest()
    assert stored.path == f"images/{stored.image_id[:2]}/{stored.image_id}.jpg"
    assert (tmp_path / stored.path).read_bytes() == store.read(stored.image_id) == b"\xff\xd8\xff picture"


def test_adding_twice_keeps_one_file_and_does_not_write_again(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "images")
    first = store.add(b"same", ".jpg")
    before = (tmp_path / first.path).stat().st_mtime_ns
    assert store.add(b"same", ".png") == first
    assert (tmp_path / first.path).stat().st_mtime_ns == before
    assert list(store) == [first.image_id]


def test_membership_order_and_absence(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "images")
    assert list(store) == []
    ids = [store.add(bytes([n]), ".png").image_id for n in range(20)]
    assert list(store) == sorted(ids)
    assert ids[0] in store and "0" * 64 not in store
    with pytest.raises(FileNotFoundError, match="no picture 0000"):
        store.read("0" * 64)


def test_an_id_that_is_none_cannot_leave_the_store(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not an image id"):
        ImageStore(tmp_path / "images").path("../../etc/passwd")


def test_finished_files_are_adopted_by_their_hash_and_leave_nothing_behind(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "images")
    known = store.add(b"known", ".jpg")
    arrivals = []
    for number, data in enumerate((b"one", b"known", b"two", b"one")):
        part = tmp_path / f"{number}.part"
        part.write_bytes(data)
        arrivals.append((part, hashlib.sha256(data).hexdigest(), ".png"))
    stored = store.adopt(arrivals)
    assert [image.bytes for image in stored] == [3, 5, 3, 3]
    assert stored[1] == known and stored[0] == stored[3]
    assert [store.read(image.image_id) for image in stored[:3]] == [b"one", b"known", b"two"]
    assert len(list(store)) == 3 and not list(tmp_path.rglob("*.part"))
