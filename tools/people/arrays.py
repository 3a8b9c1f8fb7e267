"""One formula for numpy arrays and torch tensors: which library an array belongs to, and its casts.

Functions that take "arrays" in `fabrics`, `backdrops`, `shading` and `staging` work on both, so that the picture is
described once and drawn by either renderer. Only names that numpy and torch share are used in them.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

Array = Any
"""A numpy array or a torch tensor."""


def namespace(array: Array) -> Any:
    """The module whose functions take `array`: numpy or torch (which is imported already if there is a tensor)."""
    return np if isinstance(array, np.ndarray | np.generic) else sys.modules["torch"]


def cast(array: Array, kind: str) -> Array:
    """`array` as a dtype that both libraries have ("float32", "int64", "uint8", ...)."""
    if isinstance(array, np.ndarray | np.generic):
        return np.asarray(array, kind)
    return array.to(getattr(sys.modules["torch"], kind))


def beside(values: np.ndarray[Any, Any], like: Array) -> Array:
    """Host values as an array of the kind, and on the device, of `like`."""
    if isinstance(like, np.ndarray):
        return values
    return sys.modules["torch"].as_tensor(values).to(like.device)
