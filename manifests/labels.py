"""Label sets: Parquet parts with one row per image, and the rows as objects."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from manifests import atomic, iuv, schema
from manifests.charts import Charts
from manifests.instances import PLANES, Instance
from manifests.reasons import LabelStatus

PART_SIZE = 32
"""Images a part: the unit of work that survives a kill."""

_CHARTS = b"vestiary.charts"
_PART = re.compile(r"part-(\d{5})\.parquet")
_PLAIN = [name for name in schema.LABELS.names if name != "instances"]


@dataclass(frozen=True, slots=True, eq=False)
class LabelRow:
    """What one label set says of one image; see `manifests.schema.LABELS`."""

    image_id: str
    model: str
    weights_sha256: str
    fingerprint: str
    status: LabelStatus
    error: str | None
    width: int | None
    height: int | None
    instances: tuple[Instance, ...] = ()


class LabelSet:
    """The parts of one label set.

    Args:
        root: `labels/<name>` of a dataset; made when the first part is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._places: dict[str, tuple[int, int]] | None = None  # image id -> part number, row
        self._cached: tuple[int, pa.Table] | None = None

    @property
    def name(self) -> str:
        return self.root.name

    def parts(self) -> list[tuple[int, Path]]:
        """Numbers and files of the finished parts, in order."""
        found = ((match, path) for path in self.root.glob("part-*.parquet") if (match := _PART.fullmatch(path.name)))
        return sorted((int(match[1]), path) for match, path in found)

    @property
    def charts(self) -> Charts:
        """Whose U, V the labels hold, as the parts' metadata says."""
        for _, path in self.parts():
            metadata = pq.read_schema(path).metadata or {}
            return next((name for name in get_args(Charts) if metadata.get(_CHARTS) == name.encode()), "official")
        return "official"

    def write_part(self, number: int, rows: Sequence[LabelRow], charts: Charts = "official") -> Path:
        """Write or replace a part, whole or not at all."""
        path = self.root / f"part-{number:05d}.parquet"
        table = pa.Table.from_pylist([_to_record(row) for row in rows], schema=schema.LABELS)
        metadata = {**schema.LABELS.metadata, _CHARTS: charts.encode()}
        atomic.write_table(path, table.replace_schema_metadata(metadata))
        self._places = self._cached = None
        return path

    def remove_part(self, number: int) -> None:
        (self.root / f"part-{number:05d}.parquet").unlink(missing_ok=True)
        self._places = self._cached = None

    def ids(self, fingerprint: str | None = None) -> set[str]:
        """The labelled images, or those labelled with this fingerprint."""
        table = self.summary(["image_id", "fingerprint"])
        pairs = zip(table["image_id"].to_pylist(), table["fingerprint"].to_pylist(), strict=True)
        return {image_id for image_id, made_with in pairs if fingerprint in (None, made_with)}

    def summary(self, columns: Sequence[str] = tuple(_PLAIN)) -> pa.Table:
        """Columns of all parts as one table, by default all but the instances."""
        tables = [table for _, table in self.summaries(columns)]
        if not tables:
            return pa.schema([schema.LABELS.field(name) for name in columns]).empty_table()
        return pa.concat_tables(tables)

    def summaries(self, columns: Sequence[str]) -> Iterator[tuple[int, pa.Table]]:
        """Number and columns of each part, in order."""
        for number, path in self.parts():
            yield number, pq.read_table(path, columns=list(columns))

    def read(self, image_id: str) -> LabelRow:
        """The row of one image. Neighbouring images are served from the part that was read last.

        Raises:
            KeyError: the set has no row for it.
        """
        if self._places is None:
            self._places = {
                one: (number, row)
                for number, path in self.parts()
                for row, one in enumerate(pq.read_table(path, columns=["image_id"])["image_id"].to_pylist())
            }
        if image_id not in self._places:
            raise KeyError(f"label set {self.name!r} has no row for image {image_id}")
        number, row = self._places[image_id]
        if self._cached is None or self._cached[0] != number:
            self._cached = (number, pq.read_table(self.root / f"part-{number:05d}.parquet"))
        return _from_record(self._cached[1].slice(row, 1).to_pylist()[0])

    def __iter__(self) -> Iterator[LabelRow]:
        """All rows, part by part."""
        for _, path in self.parts():
            for record in pq.read_table(path).to_pylist():
                yield _from_record(record)

    def __getstate__(self) -> dict[str, Any]:
        return {"root": self.root, "_places": self._places, "_cached": None}


def _to_record(row: LabelRow) -> dict[str, Any]:
    record: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    record["instances"] = [
        {
            "box": [float(value) for value in one.box],
            "score": float(one.score),
            "iuv_box": list(one.iuv_box),
            "iuv": iuv.encode_png(one.iuv),
            "part_pixels": one.part_pixels.tolist(),
        }
        | {
            name: zlib.compress(one.confidences[name].astype("<f2").tobytes(), 6) if name in one.confidences else None
            for name in PLANES
        }
        for one in row.instances
    ]
    return record


def _from_record(record: dict[str, Any]) -> LabelRow:
    plain = {name: record[name] for name in _PLAIN} | {"status": LabelStatus(record["status"])}
    return LabelRow(**plain, instances=tuple(_instance(one) for one in record["instances"]))


def _instance(record: dict[str, Any]) -> Instance:
    x, y, width, height = record["iuv_box"]
    confidences = {
        name: np.frombuffer(zlib.decompress(record[name]), "<f2").reshape(height, width).astype(np.float16)
        for name in PLANES
        if record.get(name) is not None  # parts written before a plane was thought of lack it
    }
    x0, y0, x1, y1 = record["box"]
    return Instance(
        (x0, y0, x1, y1), record["score"], (x, y, width, height), iuv.decode_png(record["iuv"]), confidences
    )
