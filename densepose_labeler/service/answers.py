"""Labels in the form that the caller accepts."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from densepose_labeler.service.contract import Labels, Parameters, Person
from densepose_labeler.service.models import Served
from densepose_labeler.service.scheduling import Found
from manifests import iuv
from manifests.exports import render
from manifests.instances import Instance, flatten
from manifests.palettes import PARULA, colourise

JSON, PNG, NPZ = "application/json", "image/png", "application/x-npz"
OFFERED = (JSON, PNG, NPZ)
"""Media types of an answer, the default first."""


def negotiate(accept: str, offered: Sequence[str] = OFFERED) -> str | None:
    """The offered type that an Accept header likes best (RFC 9110, 12.5.1), or None. Earlier ones win a tie."""
    ranges = [_range(one) for one in accept.split(",") if one.strip()] or [("*/*", 1.0)]

    def quality(kind: str) -> float:
        for pattern in (kind, kind.partition("/")[0] + "/*", "*/*"):  # the most specific range decides
            found = [weight for one, weight in ranges if one == pattern]
            if found:
                return max(found)
        return 0.0

    best = max(offered, key=quality)
    return best if quality(best) > 0 else None


def _range(text: str) -> tuple[str, float]:
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        return kind, min(max(float(weight), 0.0), 1.0)
    except ValueError:
        return kind, 0.0


def labels(served: Served, found: Found, encoding: str = "none") -> Labels:
    """The answer as data; `encoding` is that of `Parameters`."""
    return Labels(
        model=served.name,
        weights_sha256=served.weights_sha256,
        width=found.width,
        height=found.height,
        persons=len(found.instances),
        instances=[_person(one, encoding) for one in found.instances],
    )


def encode(kind: str, served: Served, found: Found, wanted: Parameters) -> bytes:
    """The answer's body as `kind`, one of `OFFERED`."""
    if kind == JSON:
        return labels(served, found, wanted.encoding).model_dump_json(exclude_none=True).encode()
    if kind == NPZ:
        return npz(found)
    flat = flatten(found.instances, found.height, found.width)
    if wanted.picture == "iuv":
        return iuv.encode_png(flat)
    if wanted.picture == "colours":
        return iuv.encode_png(colourise(np.ascontiguousarray(flat[..., 0]), PARULA))
    return render(flat, "catvton")


def npz(found: Found) -> bytes:
    """A compressed numpy archive that loads without pickle: `iuv` uint8 [H, W, 3] (everybody on one map), `boxes`
    float32 [n, 4] (XYXY), `scores` float32 [n], `iuv_boxes` int32 [n, 4] (x, y, width, height), `part_pixels` int32
    [n, 25], and for person i `iuv_i` uint8 [height, width, 3] and the confidences that the model estimates, `name_i`.
    """
    people = found.instances
    arrays: dict[str, Any] = {
        "iuv": flatten(people, found.height, found.width),
        "boxes": np.array([one.box for one in people], np.float32).reshape(-1, 4),
        "scores": np.array([one.score for one in people], np.float32),
        "iuv_boxes": np.array([one.iuv_box for one in people], np.int32).reshape(-1, 4),
        "part_pixels": np.array([one.part_pixels for one in people], np.int32).reshape(-1, 25),
    }
    for number, one in enumerate(people):
        arrays[f"iuv_{number}"] = one.iuv
        for name, values in one.confidences.items():
            arrays[f"{name}_{number}"] = values
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def runs(parts: np.typing.NDArray[np.uint8]) -> list[int]:
    """Run lengths of a part map uint8 [h, w], row by row: part, run, part, run ..."""
    flat = parts.ravel()
    starts = np.flatnonzero(np.concatenate(([True], flat[1:] != flat[:-1])))
    lengths = np.diff(np.append(starts, flat.size))
    pairs: list[int] = np.stack((flat[starts], lengths), 1).ravel().tolist()
    return pairs


def _person(one: Instance, encoding: str) -> Person:
    x0, y0, x1, y1 = (round(value, 3) for value in one.box)
    return Person(
        box=(x0, y0, x1, y1),
        score=round(one.score, 6),
        part_pixels=one.part_pixels.tolist(),
        iuv_box=one.iuv_box,
        iuv_png=base64.b64encode(iuv.encode_png(one.iuv)).decode() if encoding == "png" else None,
        parts_rle=runs(np.ascontiguousarray(one.iuv[..., 0])) if encoding == "rle" else None,
    )
