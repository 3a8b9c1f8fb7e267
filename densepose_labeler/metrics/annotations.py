"""COCO-DensePose annotations: pictures, their people, and the points of the body's surface that show.

The file's form is that of the official densepose_coco_2014_*.json; a picture may also have `strata`, the groups it
belongs to, as a table of texts, and `info.charts` says whose U, V the points have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import zoom

from densepose_labeler.metrics.masks import Mask, MaskError, decode, polygons
from manifests.charts import Charts

PERSON = "person"
_GRID = 256
"""Points and part masks are written in a box scaled to 256 x 256."""
_COARSE_PARTS = 14


class AnnotationError(Exception):
    """Annotations that cannot be used; the message names the file and the annotation."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Annotated points of one person.

    Attributes:
        part: uint8 [P], 1-24.
        uv: float64 [P, 2], in 0..1.
        x, y: float64 [P], in pixels of the picture.
    """

    part: NDArray[np.uint8]
    uv: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One annotated person, or crowd.

    Attributes:
        number: the annotation's id.
        box: float64 [4]: x, y, width, height in pixels.
        area: in pixels, which decides whether the person counts as medium or large.
        crowd: several people in one annotation.
        points: None where nobody annotated the surface; such people are neither asked for nor held against a model.
        part_masks: COCO-DensePose's coarse parts, run lengths in a box of 256 x 256; None where there are none.
        segmentation: outlines or run lengths in the picture; None where there is neither.
    """

    number: int
    box: NDArray[np.float64]
    area: float
    crowd: bool = False
    points: Points | None = None
    part_masks: tuple[Mapping[str, Any], ...] | None = None
    segmentation: Any = None

    def mask(self, height: int, width: int) -> Mask:
        """The person's pixels in a picture of [height, width], as the official evaluation makes them.

        Raises:
            MaskError: a mask is malformed.
        """
        x, y, w, h = self.box.tolist()
        if self.part_masks is not None:
            union = np.zeros((_GRID, _GRID))
            for encoded in self.part_masks:
                pixels = decode(encoded)
                if pixels.shape != union.shape:
                    raise MaskError(f"a part mask is {pixels.shape}, not {_GRID} x {_GRID}")
                union[pixels] = 1.0
            scaled = zoom(union, (max(h, 1.0) / _GRID, max(w, 1.0) / _GRID), order=1, prefilter=False) > 0.5
            # the box's far edge is cut off before the picture's is
            inside = scaled[: max(int(y + h) - int(y), 0), : max(int(x + w) - int(x), 0)]
            return Mask.placed(inside, int(x), int(y), height, width)
        if isinstance(self.segmentation, Mapping):
            pixels = decode(self.segmentation)
            if pixels.shape != (height, width):
                raise MaskError(f"the mask is {pixels.shape}, the picture {(height, width)}")
            return Mask(0, 0, pixels)
        return Mask(0, 0, polygons(self.segmentation or [], height, width))


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture with its people.

    Attributes:
        number: the image's id, which decides the order among equally sure detections.
        file_name: within the images' folder.
        height, width: in pixels.
        people: as annotated; None where there are no annotations at all.
        strata: what groups the picture is in, such as {"view": "back"}.
    """

    number: int
    file_name: str
    height: int
    width: int
    people: tuple[Person, ...] | None
    strata: Mapping[str, str] = field(default_factory=dict)


def read(path: Path) -> tuple[tuple[Picture, ...], Charts | None]:
    """The pictures of an annotation file in the order of their ids, and whose charts it says to use, if it does.

    Raises:
        AnnotationError: it is not there, is no JSON of this form, or an annotation is damaged; the message names it.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AnnotationError(f"there is no annotation file {path}") from None
    except (OSError, ValueError) as error:
        raise AnnotationError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(data, dict) or not all(isinstance(data.get(key), list) for key in ("images", "annotations")):
        raise AnnotationError(f"{path} is no COCO annotation file: it lacks the lists images and annotations")
    categories = data.get("categories", [])
    with _named(path, "categories", 0, categories):
        wanted = {one["id"] for one in categories if one["name"] == PERSON} or {1}
    people: dict[int, list[Person]] = {}
    for place, one in enumerate(data["annotations"]):
        with _named(path, "annotation", place, one):
            if one.get("category_id", 1) in wanted:
                people.setdefault(int(one["image_id"]), []).append(_person(one))
    pictures = {}
    for place, one in enumerate(data["images"]):
        with _named(path, "image", place, one):
            picture = _picture(one, tuple(people.pop(int(one["id"]), ())))
            if picture.number in pictures:
                raise ValueError("another image has the same id")
            pictures[picture.number] = picture
    if people:
        lost = next(iter(people.values()))[0].number
        raise AnnotationError(f"{path}: annotation {lost} belongs to no image of the file")
    if not pictures:
        raise AnnotationError(f"{path} has no images")
    charts = data.get("info", {}).get("charts") if isinstance(data.get("info"), dict) else None
    if charts is not None and charts not in get_args(Charts):
        raise AnnotationError(f"{path}: info.charts is {charts!r}; there are {', '.join(get_args(Charts))}")
    return tuple(pictures[number] for number in sorted(pictures)), cast("Charts | None", charts)


@contextmanager
def _named(path: Path, kind: str, place: int, one: object) -> Iterator[None]:
    """Says of which entry an error was."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        number = one.get("id", f"at place {place}") if isinstance(one, dict) else f"at place {place}"
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise AnnotationError(f"{path}: {kind} {number} is damaged: {reason}") from error


def _picture(one: Mapping[str, Any], people: tuple[Person, ...]) -> Picture:
    name, height, width = str(one["file_name"]), int(one["height"]), int(one["width"])
    if height < 1 or width < 1:
        raise ValueError(f"a picture of {width} x {height} pixels")
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise ValueError(f"its file name {name!r} leads out of the images' folder")
    count = sum(not person.crowd for person in people)
    strata = one.get("strata", {"people": "several" if count > 1 else str(count)})
    return Picture(int(one["id"]), name, height, width, people, {str(key): str(value) for key, value in strata.items()})


def _person(one: Mapping[str, Any]) -> Person:
    box = np.asarray(one["bbox"], np.float64)
    if box.shape != (4,) or not np.isfinite(box).all() or (box[2:] < 0).any():
        raise ValueError(f"bbox {one['bbox']} is no x, y, width, height")
    masks = one.get("dp_masks")
    if masks is not None:
        masks = tuple(encoded for encoded in masks[:_COARSE_PARTS] if encoded)
    return Person(
        number=int(one["id"]),
        box=box,
        area=float(one["area"]),
        crowd=bool(one.get("iscrowd", 0)),
        points=_points(one, box) if "dp_x" in one else None,
        part_masks=masks,
        segmentation=one.get("segmentation"),
    )


def _points(one: Mapping[str, Any], box: NDArray[np.float64]) -> Points:
    part, u, v, x, y = (np.asarray(one[f"dp_{name}"], np.float64) for name in "IUVxy")
    if not all(values.shape == (len(part),) and np.isfinite(values).all() for values in (part, u, v, x, y)):
        raise ValueError("dp_I, dp_U, dp_V, dp_x and dp_y are not lists of numbers of one length")
    if ((part < 0) | (part > 24) | (part != np.floor(part))).any():
        raise ValueError("dp_I has a part outside 0-24")
    on = part > 0
    return Points(
        part=part[on].astype(np.uint8),
        uv=np.stack([u, v], axis=1)[on],
        x=(x * box[2] / (_GRID - 1) + box[0])[on],
        y=(y * box[3] / (_GRID - 1) + box[1])[on],
    )
