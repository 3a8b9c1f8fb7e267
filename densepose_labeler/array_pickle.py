"""Named arrays out of a Python pickle, and nothing else.

The official checkpoints are pickles. They are read by an unpickler that knows dictionaries, numbers, strings and
arrays: a file that names any other class or function is refused before anything of it runs. Arrays are rebuilt here
from their bytes, not by numpy's own unpickling, and what stands for numpy's names cannot be altered by the file.
"""

from __future__ import annotations

import collections
import math
import pickle
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt


class PickleError(ValueError):
    """The file is damaged, is not a dictionary of arrays, or names something that checkpoints do not hold."""


def read(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a checkpoint `{"model": {name: array}}`, or of a bare dictionary of arrays.

    Raises:
        PickleError: as described there.
    """
    with path.open("rb") as file:
        if file.read(4) == b"PK\x03\x04":
            raise PickleError("it is a torch zip file; convert its state dict to safetensors")
        file.seek(0)
        try:
            data = _ArrayUnpickler(file, encoding="latin1").load()
        except PickleError:
            raise
        except Exception as error:  # a damaged pickle can raise nearly anything
            raise PickleError(f"it is not a readable pickle: {type(error).__name__}: {error}") from error
    if not isinstance(data, dict):
        raise PickleError(f"it holds a {type(data).__name__}, not a dictionary of arrays")
    if dict.__contains__(data, "blobs") or dict.get(data, "matching_heuristics") is not None:
        raise PickleError("it is a Caffe2 or Detectron1 file, whose names need a conversion that is not offered")
    state = dict.get(data, "model", data)
    if not isinstance(state, dict):
        raise PickleError(f"'model' is a {type(state).__name__}, not a dictionary of arrays")
    result: dict[str, npt.NDArray[Any]] = {}
    for name, value in dict.items(state):
        if not isinstance(name, str):
            raise PickleError(f"a name of its dictionary is a {type(name).__name__}, not a text")
        if not isinstance(value, _Array) or value.values is None:
            raise PickleError(f"{name!r} is a {type(value).__name__}, not an array")
        result[name] = value.values
    return result


class _Sealed(type):
    """Classes whose attributes a pickle cannot set: its BUILD instruction works on classes as on objects."""

    def __setattr__(cls, name: str, value: object) -> NoReturn:
        raise PickleError(f"refused: the pickle alters {cls.__name__}.{name}")


class _Dtype(metaclass=_Sealed):
    """What a pickle says of a dtype; only plain floating-point ones."""

    def __init__(self, code: object, align: object = False, copy: object = True) -> None:
        if not isinstance(code, str) or code not in ("f2", "f4", "f8"):
            shown = repr(code) if isinstance(code, str) else type(code).__name__
            raise PickleError(f"array of dtype {shown}; only float16, float32 and float64 are read")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.dtype = self.dtype.newbyteorder(">" if state[1] == ">" else "<")


class _Array(metaclass=_Sealed):
    """An array as numpy pickles it: empty first, its shape, dtype and bytes in `__setstate__`."""

    values: npt.NDArray[Any] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, raw = state
        self.values = _values(raw, dtype, shape, "F" if fortran else "C")


def _values(raw: object, dtype: object, shape: object, order: object) -> npt.NDArray[Any]:
    if isinstance(raw, str):
        raw = raw.encode("latin1")
    if not isinstance(dtype, _Dtype) or not isinstance(raw, bytes | bytearray) or not isinstance(shape, tuple):
        raise PickleError("an array of the pickle is malformed")
    if not all(isinstance(side, int) and side >= 0 for side in shape):
        raise PickleError("an array of the pickle has a malformed shape")
    if math.prod(shape) * dtype.dtype.itemsize != len(raw):
        raise PickleError(f"an array of the pickle has {len(raw)} bytes, not what its shape {shape} needs")
    values = np.frombuffer(raw, dtype.dtype).reshape(shape, order="F" if order == "F" else "C")
    return np.array(values, dtype=dtype.dtype.newbyteorder("="), order="C")


class _NdarrayName(metaclass=_Sealed):
    """Stands for `numpy.ndarray`, which pickles name but never call."""

    def __init__(self, *arguments: object) -> None:
        raise PickleError("refused: the pickle calls numpy.ndarray, which checkpoints do not")


class _Reconstruct(metaclass=_Sealed):
    """Stands for numpy's `_reconstruct`."""

    def __new__(cls, kind: object, shape: object, code: object) -> Any:
        if kind is not _NdarrayName:
            raise PickleError("refused: the pickle rebuilds something that is not an array")
        return _Array()


class _FromBuffer(metaclass=_Sealed):
    """Stands for numpy's `_frombuffer`, which protocol 5 uses."""

    def __new__(cls, raw: object, dtype: object, shape: object, order: object) -> Any:
        result = _Array()
        result.values = _values(raw, dtype, shape, order)
        return result


class _Encode(metaclass=_Sealed):
    """Stands for `_codecs.encode`, by which pickles before protocol 3 spell bytes."""

    def __new__(cls, text: object, encoding: object) -> Any:
        if not isinstance(text, str) or encoding != "latin1":
            raise PickleError("the pickle holds bytes in an unknown form")
        return text.encode("latin1")


_ALLOWED: dict[tuple[str, str], type] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("_codecs", "encode"): _Encode,
    ("numpy", "ndarray"): _NdarrayName,
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "_reconstruct"): _Reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _Reconstruct,
    ("numpy.core.numeric", "_frombuffer"): _FromBuffer,
    ("numpy._core.numeric", "_frombuffer"): _FromBuffer,
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise PickleError(f"refused: the pickle names {module}.{name}; checkpoints hold arrays only") from None
