"""A small real dataset: three pictures, one of them dropped, one label set, one split."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from manifests import atomic, schema
from manifests.image_store import ImageStore
from manifests.instances import Instance
from manifests.labels import LabelRow, LabelSet
from manifests.reasons import LabelStatus

SIZES = ((40, 30), (40, 30), (20, 50))  # height, width


def picture(number: int) -> bytes:
    height, width = SIZES[number]
    rng = np.random.default_rng(number)
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def label_row(image_id: str, number: int, model: str = "embedded") -> LabelRow:
    height, width = SIZES[number]
    iuv = np.zeros((10, 8, 3), np.uint8)
    iuv[2:, :4] = (15, 51, 102)  # left upper arm, on the picture's left half of the box
    iuv[2:, 4:] = (2, 51, 102)
    one = Instance((3.5, 4.0, 11.9, 14.2), 0.9, (3, 4, 8, 10), iuv, {"sigma_2": np.full((10, 8), 0.5, np.float16)})
    return LabelRow(image_id, model, "w" * 64, "f" * 64, LabelStatus.OK, None, width, height, (one,))


@pytest.fixture
def dataset_path(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    store = ImageStore(root / "images")
    entries = sorted(((store.add(picture(n), ".png"), n) for n in range(3)), key=lambda entry: entry[0].image_id)
    rows = [
        {
            "image_id": image.image_id, "path": image.path, "width": SIZES[n][1], "height": SIZES[n][0],
            "format": "png", "bytes": image.bytes, "phash": n, "source": "zara", "synthetic": True, "gender": "women",
            "category": "tops", "view": "model", "brand": "", "product_id": f"p{n}", "colour": "red", "sightings": [],
            "group_id": image.image_id, "status": "dropped" if n == 1 else "kept",
            "reason": "too_small" if n == 1 else None, "duplicate_of": None,
        }
        for image, n in entries
    ]  # fmt: skip
    atomic.write_table(root / "images.parquet", pa.Table.from_pylist(rows, schema=schema.IMAGES))
    labels = LabelSet(root / "labels" / "embedded")
    labels.write_part(0, [label_row(image.image_id, n) for image, n in entries], charts="vestiary")
    kept = [image.image_id for image, n in entries if n != 1]
    atomic.write_text(root / "splits" / "eval.txt", f"{kept[0]}\n")
    atomic.write_json(root / "vestiary.json", {"format": schema.FORMAT_VERSION})
    return root
