"""Label pictures in the layouts that other projects read.

| layout | folder, file | what |
| --- | --- | --- |
| viton-hd | `image-densepose/<name>.jpg` | PARULA colours on black: HR-VITON, IDM-VTON, VITON-HD |
| viridis | `image-densepose/<name>.png` | VIRIDIS on its darkest colour: MagicAnimate, vid2densepose |
| catvton | `densepose/<name>.png` | part indices 0-24 as an 8-bit picture: CatVTON |
| iuv | `iuv/<name>.png` | part, U * 255, V * 255 as RGB |

A picture has the size of its photograph. JPEG changes colours, so viton-hd is written at quality 100 without chroma
subsampling, read back, and the share of pixels whose index survives is part of the answer. Of the demo shops' pictures
every pixel does.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image

from manifests import atomic, iuv
from manifests.dataset import Dataset, DatasetError
from manifests.instances import flatten
from manifests.palettes import PARULA, VIRIDIS, colourise, indices
from manifests.reasons import LabelStatus

Layout = Literal["viton-hd", "viridis", "catvton", "iuv"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)

_FILES: dict[Layout, tuple[str, str]] = {
    "viton-hd": ("image-densepose", ".jpg"),
    "viridis": ("image-densepose", ".png"),
    "catvton": ("densepose", ".png"),
    "iuv": ("iuv", ".png"),
}


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What an export did.

    Attributes:
        written: pictures written by this run.
        present: pictures that were there already and were left alone.
        unlabelled: images whose label has status error; they have no picture.
        readable: share of the written foreground pixels whose part index can be read back from the picture, 0..1.
    """

    written: int
    present: int
    unlabelled: int
    readable: float


def render(flat: iuv.IUV, layout: Layout) -> bytes:
    """One picture's bytes.

    Args:
        flat: uint8 [H, W, 3]: part, U * 255, V * 255, as `manifests.flatten` gives it.
    """
    parts = np.ascontiguousarray(flat[..., 0])
    buffer = io.BytesIO()
    match layout:
        case "viton-hd":
            Image.fromarray(colourise(parts, PARULA)).save(buffer, "JPEG", quality=100, subsampling=0)
        case "viridis":
            Image.fromarray(colourise(parts, VIRIDIS)).save(buffer, "PNG")
        case "catvton":
            Image.fromarray(parts).save(buffer, "PNG")
        case "iuv":
            return iuv.encode_png(flat)
    return buffer.getvalue()


def read(data: bytes, layout: Layout) -> npt.NDArray[np.uint8]:
    """Part indices of an exported picture: uint8 [H, W], 0-24; for viton-hd the nearest colours'."""
    with Image.open(io.BytesIO(data)) as image:
        pixels = np.asarray(image)
    match layout:
        case "viton-hd":
            return indices(pixels, PARULA)[0]
        case "viridis":
            return indices(pixels, VIRIDIS)[0]
        case "catvton":
            return pixels
        case "iuv":
            return pixels[..., 0]


def export(
    dataset: Dataset,
    model: str,
    layout: Layout,
    target: Path,
    split: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> ExportSummary:
    """Write one picture for every labelled image that is kept, named by its image id.

    Pictures that are there already are left alone, so an interrupted export goes on where it was; give another folder
    after labelling anew.

    Args:
        target: the folder that gets the layout's own folder.
        split: only this split; None for every kept image.

    Raises:
        DatasetError: no such label set, split or layout.
        OSError: the disk is full or cannot be written.
    """
    if layout not in _FILES:
        raise DatasetError(f"no layout {layout!r}; there are {', '.join(LAYOUTS)}")
    folder, suffix = _FILES[layout]
    labels = dataset.labels(model)
    images = dataset.images
    wanted = set(images.loc[images["status"] == "kept", "image_id"]) & labels.ids()
    if split is not None:
        wanted &= set(dataset.split(split))
    written = present = unlabelled = right = total = 0
    for done, image_id in enumerate(sorted(wanted)):
        if progress is not None:
            progress("export", done, len(wanted))
        path = target / folder / f"{image_id}{suffix}"
        if path.is_file():
            present += 1
            continue
        row = labels.read(image_id)
        if row.status == LabelStatus.ERROR or row.height is None or row.width is None:
            unlabelled += 1
            continue
        flat = flatten(row.instances, row.height, row.width)
        data = render(flat, layout)
        atomic.write_bytes(path, data)
        person = flat[..., 0] > 0
        right += int((read(data, layout) == flat[..., 0])[person].sum())
        total += int(person.sum())
        written += 1
    if progress is not None:
        progress("export", len(wanted), len(wanted))
    return ExportSummary(written, present, unlabelled, right / total if total else 1.0)
