from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from densepose_labeler import checkpoints, checksums, converted, zoo
from densepose_labeler.stored_weights import look, verify
from tests.densepose_labeler.test_checkpoints import SPEC, arrays, published, write


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(checkpoints.CACHE_VARIABLE, str(tmp_path))
    path = checkpoints.cached_path(SPEC)
    path.parent.mkdir(parents=True)
    return write(path, published(arrays()))


def test_what_is_on_disk_and_who_knows_its_checksum(cached: Path) -> None:
    there = look(SPEC)
    assert (there.path, there.bytes, there.checksum, there.problem) == (cached, cached.stat().st_size, "unknown", "")
    checkpoints.load(SPEC)
    assert look(SPEC).checksum == "recorded"
    assert look(dataclasses.replace(SPEC, sha256="0" * 64)).checksum == "official"
    absent = look(dataclasses.replace(SPEC, name="other"))
    assert absent.path is None and "vestiary models fetch other" in absent.problem


def test_good_files_have_no_problem(cached: Path) -> None:
    assert verify(SPEC).problem == ""
    assert verify(dataclasses.replace(SPEC, sha256=checksums.sha256(cached))).problem == ""
    checkpoints.load(SPEC)
    assert verify(SPEC).problem == ""
    assert verify(zoo.get("embedded")).problem == ""


def test_bad_files_are_named(cached: Path) -> None:
    assert "sha256" in verify(dataclasses.replace(SPEC, sha256="0" * 64)).problem
    assert "bytes" in verify(dataclasses.replace(SPEC, bytes=5)).problem
    assert "not on this machine" in verify(dataclasses.replace(SPEC, name="other")).problem
    checkpoints.load(SPEC)
    copy = converted.copy_path(cached)
    copy.write_bytes(copy.read_bytes() + b"x")
    assert f"{copy} is damaged" in verify(SPEC).problem
    state = arrays()
    state["roi_heads.box_head.fc9.bias"] = state.pop("roi_heads.box_head.fc1.bias")
    write(cached, published(state))
    assert "changed since its first use" in verify(SPEC).problem
    assert "another network" in verify(dataclasses.replace(SPEC, url=None)).problem


def test_a_flipped_bit_is_found_even_where_size_and_time_are_the_same(cached: Path) -> None:
    os.utime(cached, ns=(0, 0))
    checkpoints.load(SPEC)
    data = bytearray(cached.read_bytes())
    data[len(data) // 2] ^= 1
    cached.write_bytes(data)
    os.utime(cached, ns=(0, 0))
    assert "changed since its first use" in verify(SPEC).problem
