"""A small dataset that several made-up models have labelled, for what is done with labels."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from manifests import atomic
from manifests.image_store import ImageStore
from manifests.instances import Instance
from manifests.labels import LabelRow, LabelSet
from manifests.reasons import LabelStatus

HEIGHT, WIDTH = 96, 64
STRATA = (("zara", "women"), ("zalando", "men"))


def figure(number: int) -> NDArray[np.uint8]:
    """A part map of somebody: head, torso, arms and legs as rectangles; uint8 [HEIGHT, WIDTH]."""
    parts = np.zeros((HEIGHT, WIDTH), np.uint8)
    shift = number % 7
    for part, (y0, y1, x0, x1) in {
        23: (6, 18, 26, 32), 24: (6, 18, 32, 38), 2: (18, 50, 22, 42), 15: (20, 40, 42, 48), 16: (20, 40, 16, 22),
        9: (50, 70, 22, 31), 10: (50, 70, 33, 42), 13: (70, 90, 22, 30), 14: (70, 90, 34, 42),
    }.items():  # fmt: skip
        parts[y0:y1, x0 + shift : x1 + shift] = part
    return parts


def blurred(parts: NDArray[np.uint8], share: float, seed: int) -> NDArray[np.uint8]:
    """The map with about so large a share of its foreground relabelled at random."""
    random = np.random.default_rng(seed)
    spoilt = (random.random(parts.shape) < share) & (parts > 0)
    return np.where(spoilt, random.integers(1, 25, parts.shape), parts).astype(np.uint8)


def instance(parts: NDArray[np.uint8], score: float = 0.9) -> Instance:
    """A person that fills the picture with this part map; U, V are 128."""
    height, width = parts.shape
    iuv = np.zeros((height, width, 3), np.uint8)
    iuv[..., 0] = parts
    iuv[parts > 0, 1:] = 128
    return Instance((0.0, 0.0, float(width), float(height)), score, (0, 0, width, height), iuv)


def write_images(dataset: Path, count: int) -> list[str]:
    """Photographs, images.parquet with as much as reading labels needs, and an eval split; their sorted ids."""
    store, ids = ImageStore(dataset / "images"), []
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3)).astype(np.uint8)
        pixels = np.kron(pixels, np.ones((8, 8, 1), np.uint8))
        pixels[figure(number) > 0] = (200, 160, 120)
        data = io.BytesIO()
        Image.fromarray(pixels).save(data, "PNG")
        ids.append(store.add(data.getvalue(), ".png").image_id)
    ids.sort()
    rows = [
        {"image_id": one, "source": STRATA[n % 2][0], "gender": STRATA[n % 2][1], "status": "kept"}
        for n, one in enumerate(ids)
    ]
    atomic.write_table(dataset / "images.parquet", pa.Table.from_pylist(rows))
    atomic.write_text(dataset / "splits" / "eval.txt", "".join(f"{one}\n" for one in ids))
    return ids


def write_labels(dataset: Path, name: str, maps: dict[str, Sequence[NDArray[np.uint8]]], made_with: str = "f") -> None:
    """A label set: image id -> the part maps of its persons, none for an image without a person."""
    rows = [
        LabelRow(
            image_id, name, "0" * 64, made_with * 64, LabelStatus.OK if people else LabelStatus.NO_PERSON, None,
            WIDTH, HEIGHT, tuple(instance(one) for one in people),
        )
        for image_id, people in sorted(maps.items())
    ]  # fmt: skip
    LabelSet(dataset / "labels" / name).write_part(0, rows)


def write_models(dataset: Path, shares: dict[str, float], count: int = 12) -> list[str]:
    """A dataset of `count` images, labelled by models that spoil the given share of the foreground."""
    ids = write_images(dataset, count)
    for model_number, (name, share) in enumerate(shares.items()):
        write_labels(
            dataset, name, {one: [blurred(figure(n), share, 1000 * model_number + n)] for n, one in enumerate(ids)}
        )
    return ids
