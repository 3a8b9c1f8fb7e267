"""Masks as COCO's compressed run lengths (the format of pycocotools' masks, written from its description)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def encode(mask: NDArray[np.bool_]) -> dict[str, object]:
    """mask: bool [h, w]. Returns {"size": [h, w], "counts": text}: runs column by column, beginning with zeros."""
    flat = np.asarray(mask, bool).ravel(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    if flat.size and flat[0]:
        runs.insert(0, 0)
    # from the fourth run on, the difference from the run of the same colour before
    numbers = [run - runs[k - 2] if k > 2 else run for k, run in enumerate(runs)]
    return {"size": [int(mask.shape[0]), int(mask.shape[1])], "counts": "".join(map(_digits, numbers))}


def _digits(number: int) -> str:
    """Five bits a character, lowest first; the sixth says that more follow, the last one's fifth bit is the sign."""
    out = ""
    while True:
        digit, number = number & 31, number >> 5
        more = number != (-1 if digit & 16 else 0)
        out += chr(48 + digit + (32 if more else 0))
        if not more:
            return out
