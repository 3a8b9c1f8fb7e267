"""index.parquet: one row per image and label set without the label pictures, for filtering with pandas."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from manifests import atomic, schema
from manifests.instances import flatten
from manifests.labels import LabelRow, LabelSet
from manifests.reasons import Gender, View
from manifests.settings import fingerprint

_MADE_FROM = b"vestiary.made_from"
_DETERMINING = ["image_id", "model", "fingerprint", "status"]
_PLAIN = ["image_id", "status", "width", "height"]
_SMALL = [f"instances.list.element.{name}" for name in ("box", "score", "iuv_box", "part_pixels")]
_FROM_IMAGES = ("path", "source", "gender", "category", "view", "group_id")
_UNKNOWN_IMAGE = dict.fromkeys(_FROM_IMAGES, "") | {"gender": Gender.UNKNOWN.value, "view": View.UNKNOWN.value}


def build_index(dataset_path: Path) -> bool:
    """Write `index.parquet` from images.parquet, the splits and every label set under `labels/`.

    Nothing is written when the index was made from just these inputs: the key is the contents of images.parquet and of
    the split files, and of the labels what determines them (image, fingerprint, status). Rows are sorted by image and
    label set; an image that images.parquet does not name has empty facts.

    Returns:
        True if it was written, False if it was up to date.

    Raises:
        FileNotFoundError: the dataset has no images.parquet.
        pyarrow.ArrowException: a label part is no readable Parquet file.
    """
    root = Path(dataset_path)
    target = root / "index.parquet"
    sets = [LabelSet(path) for path in sorted((root / "labels").glob("*")) if path.is_dir()]
    made_from = _key(root, sets)
    if _stored_key(target) == made_from:
        return False
    images = _images(root)
    splits = _splits(root)
    rows = [
        _row(record, images.get(record["image_id"], _UNKNOWN_IMAGE), splits.get(record["image_id"]))
        for label_set in sets
        for record in _records(root, label_set)
    ]
    rows.sort(key=lambda row: (row["image_id"], row["model"]))
    table = pa.Table.from_pylist(rows, schema=schema.INDEX)
    metadata = {**(table.schema.metadata or {}), _MADE_FROM: made_from}
    atomic.write_table(target, table.replace_schema_metadata(metadata))
    return True


def _key(root: Path, sets: list[LabelSet]) -> bytes:
    labels = [
        (path.relative_to(root).as_posix(), _columns(path, _DETERMINING).to_pydict())
        for label_set in sets
        for _, path in label_set.parts()
    ]
    files = [root / "images.parquet", *sorted((root / "splits").glob("*.txt"))]
    contents = [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
    return fingerprint([schema.FORMAT_VERSION, schema.INDEX.names, contents, labels]).encode()


def _columns(path: Path, columns: list[str]) -> pa.Table:
    with pq.ParquetFile(path) as file:  # not read_table, which cannot leave out members of a struct
        return file.read(columns=columns)


def _stored_key(target: Path) -> bytes | None:
    try:
        stored: bytes | None = (pq.read_schema(target).metadata or {}).get(_MADE_FROM)
    except (FileNotFoundError, pa.ArrowException):
        return None
    return stored


def _images(root: Path) -> dict[str, dict[str, Any]]:
    table = pq.read_table(root / "images.parquet", columns=["image_id", *_FROM_IMAGES])
    return {record["image_id"]: record for record in table.to_pylist()}


def _splits(root: Path) -> dict[str, str]:
    return {
        image_id: path.stem for path in sorted((root / "splits").glob("*.txt")) for image_id in path.read_text().split()
    }


def _records(root: Path, label_set: LabelSet) -> Iterator[dict[str, Any]]:
    """Label rows without their pictures, with `part_pixels` of the flattened map in place of the instances' own."""
    for _, path in label_set.parts():
        for record in _columns(path, [*_PLAIN, *_SMALL]).to_pylist():
            yield {
                **record,
                "model": label_set.name,
                "labels_path": path.relative_to(root).as_posix(),
                "part_pixels": _part_pixels(label_set, record),
            }


def _part_pixels(label_set: LabelSet, record: Mapping[str, Any]) -> npt.NDArray[np.int64]:
    """int64 [25]: pixels of the whole picture by part, persons drawn in ascending score."""
    height, width = record["height"] or 0, record["width"] or 0
    instances = record["instances"]
    if len(instances) > 1 or any(_reaches_out(one["iuv_box"], height, width) for one in instances):
        row: LabelRow = label_set.read(record["image_id"])  # persons may overlap: only the pictures tell
        return np.bincount(flatten(row.instances, height, width)[..., 0].ravel(), minlength=25)
    counts = np.zeros(25, np.int64)
    for one in instances:  # one person within the picture: the stored counts say it all, no picture is decoded
        counts[:] = one["part_pixels"]
    counts[0] = height * width - counts[1:].sum()
    return counts


def _reaches_out(box: list[int], height: int, width: int) -> bool:
    x, y, w, h = box
    return x < 0 or y < 0 or x + w > width or y + h > height


def _row(record: Mapping[str, Any], image: Mapping[str, Any], split: str | None) -> dict[str, Any]:
    pixels = record["part_pixels"]
    surest = max(record["instances"], key=lambda one: one["score"], default=None)
    return {
        "image_id": record["image_id"],
        "model": record["model"],
        **{name: image[name] for name in _FROM_IMAGES},
        "split": split,
        "width": record["width"],
        "height": record["height"],
        "status": record["status"],
        "persons": len(record["instances"]),
        "score": surest["score"] if surest else None,
        "box": surest["box"] if surest else None,
        "foreground": float(pixels[1:].sum() / max(1, pixels.sum())),
        "part_pixels": pixels.tolist(),
        "parts_visible": int((pixels[1:] > 0).sum()),
        "labels_path": record["labels_path"],
    }
