"""Pictures with ground truth: a folder of ours, the evaluation set that ships, or COCO's.

images/<name>.jpg      the pictures
parts/<name>.png       part maps: grey or palette, a pixel is a part number 0-24; may be absent
annotations.json       COCO-DensePose annotations; may be absent where there are part maps
surface.npz            geodesic distances on the body that was annotated; may be absent
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from densepose_labeler.checkpoints import cache_directory
from densepose_labeler.metrics import official
from densepose_labeler.metrics.annotations import Picture, read
from densepose_labeler.metrics.part_maps import PartMap, read_truth
from densepose_labeler.metrics.surface import Surface
from manifests.charts import Charts
from manifests.decoding import ImageError, ImageHeader, probe
from manifests.settings import fingerprint

RENDERS = "renders-eval"
COCO = "coco-minival"
_SHIPPED = Path(__file__).parents[1] / "renders_eval"
_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


class EvaluationError(Exception):
    """An evaluation that cannot start or go on; the message says why and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationSet:
    """Pictures with ground truth.

    Attributes:
        name: for titles and folders.
        images: the pictures' folder.
        pictures: in order.
        image_ids: sha256 of each picture's file.
        parts: folder of part maps; None where there are none.
        surface: None where there is none.
        charts: whose U, V the annotations have.
        fingerprint: of everything that decides what a label is held against.
    """

    name: str
    images: Path
    pictures: tuple[Picture, ...]
    image_ids: tuple[str, ...]
    parts: Path | None
    surface: Surface | None
    charts: Charts
    fingerprint: str

    @property
    def annotated(self) -> bool:
        """Whether people are annotated, and not parts alone."""
        return self.pictures[0].people is not None

    def path(self, picture: Picture) -> Path:
        """The picture's file."""
        return self.images / picture.file_name

    def truth(self, picture: Picture) -> PartMap | None:
        """The picture's part map, uint8 [H, W]; None where the set has none.

        Raises:
            EvaluationError: its size is not the picture's.
            TruthError: it is not there or no part map.
        """
        if self.parts is None:
            return None
        stem = Path(picture.file_name).stem
        found = read_truth(self.parts, [stem])[stem]
        if found.shape != (picture.height, picture.width):
            raise EvaluationError(
                f"{self.parts / stem}.png is {found.shape[1]} x {found.shape[0]} pixels, its picture "
                f"{picture.width} x {picture.height}"
            )
        return found


def open_set(
    name: str, images: Path | None = None, annotation_file: Path | None = None, surface: Path | None = None
) -> EvaluationSet:
    """Open an evaluation set.

    Args:
        name: "renders-eval", "coco-minival" or a folder.
        images, annotation_file, surface: where these lie, if not where the set has them.

    Raises:
        EvaluationError: there is no such set, it has no ground truth, or pictures are missing.
        AnnotationError, SurfaceError: these files are damaged.
    """
    if name == COCO:
        folder = cache_directory() / COCO
        places = images or folder / "val2014", annotation_file or folder / "densepose_minival2014.json"
        _have_coco(*places)
        return _open(COCO, *places, None, surface or places[1].parent / "surface.npz", "official")
    folder = _SHIPPED if name == RENDERS else Path(name)
    if not folder.is_dir():
        if name == RENDERS:
            raise EvaluationError(f"this installation lacks {folder}, the evaluation set: reinstall the package")
        raise EvaluationError(f"there is no folder {folder}: give one, {RENDERS} or {COCO}")
    file = annotation_file or folder / "annotations.json"
    parts = folder / "parts"
    if annotation_file is None and not file.is_file() and not parts.is_dir():
        raise EvaluationError(
            f"{folder} has no ground truth: neither annotations.json (COCO-DensePose) nor parts/ with part maps "
            "<name>.png; docs/metrics.md has their form"
        )
    return _open(
        RENDERS if name == RENDERS else folder.resolve().name,
        images or folder / "images",
        file if annotation_file or file.is_file() else None,
        parts if parts.is_dir() else None,
        surface or folder / "surface.npz",
        "vestiary",
        must_have_surface=surface is not None,
    )


def _open(
    name: str,
    images: Path,
    file: Path | None,
    parts: Path | None,
    surface_file: Path,
    charts: Charts,
    must_have_surface: bool = False,
) -> EvaluationSet:
    if not images.is_dir():
        raise EvaluationError(f"there is no folder of pictures {images}")
    surface = Surface.read(surface_file) if must_have_surface or surface_file.is_file() else None
    pictures, stated = (_of_part_maps(images, parts), None) if file is None else read(file)
    absent = [one.file_name for one in pictures if not (images / one.file_name).is_file()]
    _none_absent(absent, f"{len(pictures)} pictures are not in {images}")
    if parts is not None:
        stems = [Path(one.file_name).stem for one in pictures]
        absent = [f"{one}.png" for one in stems if not (parts / f"{one}.png").is_file()]
        _none_absent(absent, f"{len(pictures)} part maps are not in {parts}")
    ids = []
    for one in pictures:
        data = (images / one.file_name).read_bytes()
        header = _header(data, images / one.file_name)
        if (header.height, header.width) != (one.height, one.width):
            raise EvaluationError(
                f"{images / one.file_name} is {header.width} x {header.height} pixels, its annotation says "
                f"{one.width} x {one.height}"
            )
        ids.append(hashlib.sha256(data).hexdigest())
    files = [] if parts is None else [parts / f"{Path(one.file_name).stem}.png" for one in pictures]
    truth = [path for path in (file, surface_file if surface else None, *files) if path is not None]
    return EvaluationSet(
        name=name,
        images=images,
        pictures=pictures,
        image_ids=tuple(ids),
        parts=parts,
        surface=surface,
        charts=stated or (surface.charts if surface else charts),
        fingerprint=fingerprint([name, ids, [hashlib.sha256(path.read_bytes()).hexdigest() for path in truth]]),
    )


def _of_part_maps(images: Path, parts: Path | None) -> tuple[Picture, ...]:
    """The pictures that have a part map, where nothing else is known of them."""
    assert parts is not None
    files = [
        path
        for path in sorted(images.iterdir())
        if path.suffix.lower() in _SUFFIXES and (parts / f"{path.stem}.png").is_file()
    ]
    if not files:
        raise EvaluationError(f"no picture of {images} has a part map in {parts}: they have the pictures' names")
    headers = [_header(path.read_bytes(), path) for path in files]
    return tuple(
        Picture(number, path.name, header.height, header.width, None)
        for number, (path, header) in enumerate(zip(files, headers, strict=True))
    )


def _header(data: bytes, path: Path) -> ImageHeader:
    try:
        return probe(data)
    except ImageError as error:
        raise EvaluationError(f"{path} is no usable picture: {error}") from error


def _none_absent(names: Sequence[str], what: str) -> None:
    if names:
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        raise EvaluationError(f"{len(names)} of {what}: {shown}")


def _have_coco(images: Path, file: Path) -> None:
    fetch = []
    if not file.is_file():
        fetch.append(f"annotations at {file} (`--annotations`), from https://dl.fbaipublicfiles.com/densepose/"
                     "annotations/coco/densepose_minival2014.json")  # fmt: skip
    if not images.is_dir():
        fetch.append(f"pictures in {images} (`--images`), from http://images.cocodataset.org/zips/val2014.zip")
    if fetch:
        raise EvaluationError(
            f"{COCO} is not on this machine and may not be shipped. It needs {' and '.join(fetch)}; and for GPS the "
            f"surface: {', '.join(official.FILES)} from {official.SOURCE} in one folder, converted by "
            "`vestiary evaluate --convert-official FOLDER` (`--surface FOLDER/surface.npz`)"
        )
