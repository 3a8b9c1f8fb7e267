"""Real pictures, drawn from a seed, and datasets of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

from curation.config import CurationConfig
from curation.records import ImageRecord, Inspection, SourceRecord
from curation.run import candidates
from manifests.image_store import ImageStore
from manifests.instances import Instance
from manifests.labels import LabelRow, LabelSet
from manifests.ledger import Fetch, Ledger, Sighting
from manifests.reasons import LabelStatus

relaxed = settings(deadline=None, max_examples=80)
"""Machines that run tests are slow at times, and what is compiled is slow the first time."""

STANDING = (2, 3, 4, 5, 6, 9, 10, 13, 14, 17, 18, 21, 22, 23, 24)
"""The parts one sees of somebody who stands and faces the camera."""


def scene(seed: int, size: tuple[int, int] = (320, 400)) -> Image.Image:
    """A smooth scene of random colours with a random figure; scenes of different seeds look nothing alike."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(30, 226, (7, 6, 3), dtype=np.uint8))
    image = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC)).copy()
    width, height = size
    x, y = (int(rng.integers(0, side // 2)) for side in size)
    image[y : y + height // 3, x : x + width // 3] = rng.integers(0, 256, 3)
    return Image.fromarray(image)


def encode(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **({"quality": 90} if kind == "JPEG" and not options else options))
    return buffer.getvalue()


def record(
    image_id: str,
    *,
    phash: int | None = 0,
    mirrored: int | None = None,
    colours: bytes = bytes(432),
    size: tuple[int, int] = (400, 600),
    file_size: int = 1000,
    product: str = "",
    style: str = "",
    source: str = "zara",
) -> ImageRecord:
    """A record as it is after inspection."""
    sighting = Sighting(source, "", f"u/{image_id}", "", 0, product, style)
    if phash is None:
        inspection = Inspection("jpeg", *size, file_size)
    else:
        far = phash ^ 0xFFFF_FFFF if mirrored is None else mirrored  # like no other picture unless the test says so
        inspection = Inspection("jpeg", *size, file_size, phash, far, colours, 100.0)
    return ImageRecord(image_id, f"images/{image_id}", (SourceRecord(image_id, sighting),), inspection)


def person(
    parts: tuple[int, ...] = STANDING, score: float = 0.9, box: tuple[int, int, int, int] = (100, 40, 220, 360)
) -> Instance:
    """Somebody who shows these parts in bands of equal height."""
    x0, y0, x1, y1 = box
    iuv = np.zeros((y1 - y0, x1 - x0, 3), np.uint8)
    edges = np.linspace(0, y1 - y0, len(parts) + 1).astype(int)
    for part, top, bottom in zip(parts, edges[:-1], edges[1:], strict=True):
        iuv[top:bottom, :, 0] = part
    return Instance(box, score, (x0, y0, x1 - x0, y1 - y0), iuv)


def write_labels(
    dataset: Path, people: dict[str, tuple[Instance, ...]], fingerprint: str = "f" * 64, model: str = "embedded"
) -> None:
    """Label images of 320 x 400 pixels."""
    rows = []
    for one, found in sorted(people.items()):
        status = LabelStatus.OK if found else LabelStatus.NO_PERSON
        rows.append(LabelRow(one, model, "w" * 64, fingerprint, status, None, 320, 400, found))
    LabelSet(dataset / "labels" / model).write_part(0, rows)


def label_all(dataset: Path, fingerprint: str = "f" * 64) -> None:
    """Label every candidate for screening, each with one person."""
    write_labels(dataset, {one: (person(),) for one in candidates(dataset)}, fingerprint)


def contents(dataset: Path) -> dict[str, bytes]:
    """The files that must be the same bytes whenever the inputs are the same."""
    paths = [dataset / "images.parquet", *sorted((dataset / "splits").glob("*"))]
    return {path.relative_to(dataset).as_posix(): path.read_bytes() for path in paths if path.exists()}


def collect_into(dataset: Path, pictures: dict[str, bytes], sightings: list[Sighting]) -> dict[str, str]:
    """What a crawl leaves: bytes in the store, fetches and sightings in the ledger. Returns URL -> image id."""
    store = ImageStore(dataset / "images")
    ids = {}
    with Ledger(dataset / "crawl.sqlite") as ledger:
        for url, data in pictures.items():
            ids[url] = store.add(data, ".jpg").image_id
            ledger.record_fetch(Fetch(url, "image", "zara", "stored", 200, ids[url], len(data), fetched_at=1.0))
        for sighting in sightings:
            ledger.record_sighting(sighting)
    return ids


@pytest.fixture
def photos(tmp_path: Path) -> Callable[[int], Path]:
    """Makes a folder of so many different photographs."""

    def make(count: int) -> Path:
        folder = tmp_path / "photos"
        folder.mkdir()
        for seed in range(count):
            (folder / f"{seed:03}.jpg").write_bytes(encode(scene(seed)))
        return folder

    return make


def config_for(folder: Path | None = None, **options: object) -> CurationConfig:
    """A configuration that reads one folder, in one worker process."""
    folders = [{"path": folder, "source": "studio", "gender": "women"}] if folder else []
    split = {"eval": [{"source": "studio", "gender": "women", "count": 3}], "validation": 0.3}
    return CurationConfig.model_validate({"workers": 1, "sources": {"folders": folders}, "split": split, **options})
