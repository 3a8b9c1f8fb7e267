from __future__ import annotations

import collections
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from densepose_labeler import array_pickle
from densepose_labeler.array_pickle import PickleError


def write(path: Path, content: object, protocol: int = 3) -> Path:
    path.write_bytes(pickle.dumps(content, protocol))
    return path


def test_memory_orders_and_precisions(tmp_path: Path) -> None:
    values = {
        "fortran": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        "big": np.arange(4, dtype=">f4"),
        "half": np.arange(3, dtype=np.float16),
        "scalar": np.array(2.5, np.float64),
    }
    for protocol in (2, 3, 5):
        read = array_pickle.read(write(tmp_path / "a.pkl", {"model": values}, protocol))
        assert {key: value.tolist() for key, value in read.items()} == {k: v.tolist() for k, v in values.items()}


class Malicious:
    def __reduce__(self) -> Any:
        return os.system, ("echo pwned > pwned",)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (Malicious(), "posix.system"),
        ({"model": {"a": Malicious()}}, "posix.system"),
        ({"model": {"a": np.array([Malicious()], object)}}, "O8"),
        ({"model": {"a": np.arange(3)}}, "i8"),
        ({"model": {"a": np.float32(1)}}, "numpy._core.multiarray.scalar"),
        ({"model": {"a": torch.zeros(2)}}, "torch._utils._rebuild_tensor_v2"),
        ({"model": collections.Counter()}, "collections.Counter"),
        ({"model": {"a": eval}}, "builtins.eval"),
        ({"model": {"a": [({"deep": (Malicious(),)},)]}}, "posix.system"),
        ({Malicious(): 1}, "posix.system"),
    ],
)
def test_anything_but_arrays_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: object, named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PickleError, match=named.replace(".", r"\.")):
        array_pickle.read(write(tmp_path / "bad.pkl", content))
    assert not (tmp_path / "pwned").exists()


def by_hand(*instructions: bytes) -> bytes:
    return b"\x80\x04" + b"".join(instructions) + b"."


def text(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


def glob(module: str, name: str) -> bytes:
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


NOTHING, TUPLE1, TUPLE2, REDUCE, BUILD = b"N", b"\x85", b"\x86", b"R", b"b"
STACK_GLOBAL, MEMOIZE, EMPTY_DICT, SET_ITEM, EXTENSION, PERSISTENT = b"\x93", b"\x94", b"}", b"s", b"\x82", b"Q"
MARK, TUPLE, NEW, INSTANCE, OBJECT = b"(", b"t", b"\x81", b"i", b"o"

NDARRAY, DTYPE, ORDERED = glob("numpy", "ndarray"), glob("numpy", "dtype"), glob("collections", "OrderedDict")
RECONSTRUCT, GETATTR = glob("numpy.core.multiarray", "_reconstruct"), glob("builtins", "getattr")


def altering(attribute: str, value: bytes) -> bytes:
    """BUILD with a state that sets an attribute of whatever lies on the stack."""
    return NOTHING + EMPTY_DICT + text(attribute) + value + SET_ITEM + TUPLE2 + BUILD


@pytest.mark.parametrize(
    ("content", "message"),
    [
        # names put together out of the memo, so that no scan for "os\\nsystem" finds them
        (by_hand(text("system"), MEMOIZE, text("posix"), MEMOIZE, b"h\x01h\x00", STACK_GLOBAL), "posix.system"),
        (by_hand(text("numpy"), text("ndarray.__class__"), STACK_GLOBAL), "numpy.ndarray.__class__"),
        (by_hand(text("collections"), text("OrderedDict.__reduce__"), STACK_GLOBAL), "OrderedDict.__reduce__"),
        (by_hand(GETATTR, NDARRAY, text("base"), TUPLE2, REDUCE), "builtins.getattr"),
        (by_hand(MARK, INSTANCE, b"os\nsystem\n"), "os.system"),
        (by_hand(MARK, glob("os", "system"), text("true"), OBJECT), "os.system"),
        (by_hand(glob("functools", "partial"), NOTHING, TUPLE1, REDUCE), "functools.partial"),
        (by_hand(EXTENSION, b"\x01"), "unregistered extension"),
        (by_hand(text("x"), PERSISTENT), "persistent"),
        # what is admitted, called in ways that no checkpoint does
        (by_hand(NDARRAY, NOTHING, REDUCE), "not a readable pickle"),
        (by_hand(NDARRAY, NOTHING, TUPLE1, REDUCE), "calls numpy.ndarray"),
        (by_hand(RECONSTRUCT, MARK, DTYPE, NOTHING, NOTHING, TUPLE, REDUCE), "not an array"),
        (by_hand(DTYPE, MARK, TUPLE, NEW, MARK, TUPLE, BUILD), "not a readable pickle"),
        # BUILD on what stands for numpy's names: its state would become their attributes
        (by_hand(DTYPE, altering("dtype", NOTHING)), "not a readable pickle"),
        (by_hand(NDARRAY, altering("__init__", ORDERED)), "alters _NdarrayName.__init__"),
        (by_hand(RECONSTRUCT, altering("__new__", NOTHING)), "alters _Reconstruct.__new__"),
        (by_hand(ORDERED, altering("items", NOTHING)), "immutable type"),
    ],
)
def test_tricks_of_the_pickle_machine_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    before = [dict(vars(kind)) for kind in array_pickle._ALLOWED.values()]
    (tmp_path / "bad.pkl").write_bytes(content)
    with pytest.raises(PickleError, match=message.replace(".", r"\.")):
        array_pickle.read(tmp_path / "bad.pkl")
    assert [dict(vars(kind)) for kind in array_pickle._ALLOWED.values()] == before


def test_a_dictionary_that_shadows_its_methods_is_read_as_what_it_holds(tmp_path: Path) -> None:
    shadowing = [EMPTY_DICT + text(name) + NOTHING + SET_ITEM + BUILD for name in ("items", "get")]
    (tmp_path / "a.pkl").write_bytes(by_hand(ORDERED, b")", REDUCE, *shadowing))
    assert array_pickle.read(tmp_path / "a.pkl") == {}


def test_a_small_file_that_spells_a_huge_text_is_refused_briefly(tmp_path: Path) -> None:
    """Tuples of the same tuple twice, 60 deep: small to hold, endless to print."""
    doubled = text("x") + b"".join(MEMOIZE + b"h" + bytes([depth]) + TUPLE2 for depth in range(60))
    (tmp_path / "bomb.pkl").write_bytes(by_hand(DTYPE, doubled, TUPLE1, REDUCE))
    with pytest.raises(PickleError, match="array of dtype tuple"):
        array_pickle.read(tmp_path / "bomb.pkl")


def test_an_array_that_claims_more_than_it_brings_is_refused(tmp_path: Path) -> None:
    whole = pickle.dumps({"model": {"a": np.zeros((7, 11), np.float32)}}, 3)
    assert whole.count(b"K\x07K\x0b\x86") == 1
    for shape in (b"J" + struct.pack("<i", 2**31 - 1) + b"K\x0b\x86", b"J" + struct.pack("<i", -7) + b"K\x0b\x86"):
        (tmp_path / "a.pkl").write_bytes(whole.replace(b"K\x07K\x0b\x86", shape))
        with pytest.raises(PickleError, match="shape"):
            array_pickle.read(tmp_path / "a.pkl")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "holds a list"),
        ({"model": [1]}, "'model' is a list"),
        ({"model": {"a": "text"}}, "'a' is a str"),
        ({"model": {1: np.zeros(1, np.float32)}}, "is a int, not a text"),
        ({"blobs": {}}, "Caffe2"),
        ({"model": {}, "matching_heuristics": True}, "Caffe2"),
    ],
)
def test_other_content_is_named(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(PickleError, match=message):
        array_pickle.read(write(tmp_path / "other.pkl", content))
