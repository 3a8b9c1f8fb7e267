"""A folder in HR-VITON's layout (of VITON-HD, 2021): people in `image/`, garments of the same name in `cloth/`.

    train/image/00001_00.jpg              the photograph
    train/cloth/00001_00.jpg              the garment that the person wears
    train/image-densepose/00001_00.jpg    the part map, in colours, as a JPEG
    test/...                              the same
    train_pairs.txt, test_pairs.txt       lines of "person garment"

Archives spell the folders with hyphens or underscores. In `train_pairs.txt` a person stands with the garment worn; in
`test_pairs.txt` with one to be tried on, which says nothing about the photograph.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from curation.config import HrVitonConfig
from curation.errors import CurationError
from curation.records import SourceRecord
from curation.sources.base import Importer, Tick, picture_files
from manifests.ledger import Sighting
from manifests.reasons import View

_FOLDS = ("train", "test")
_NESTED = ("", "data", "zalando-hd-resized")  # where the published archives put the folds
_VIEWS = {"image": View.MODEL, "cloth": View.PACKSHOT}
_MAPS = ("image-densepose", "image_densepose")


class HrVitonSource:
    """The photographs of both folds, on request with the garment pictures; the prepared maps are not imported.

    A person and the garment worn are one product; numbered takes of one product (`00001_00`, `00001_01`) are one style,
    and so one group.
    """

    def __init__(self, config: HrVitonConfig, importer: Importer) -> None:
        self.config = config
        self.importer = importer

    def records(self, tick: Tick) -> Iterator[SourceRecord]:
        """
        Raises:
            CurationError: there is no `train/image` or `test/image` where the configuration points, or a pairs file
                names people who are not there.
        """
        root = self.root
        worn = self._worn()
        kinds = ("image", "cloth") if self.config.cloth else ("image",)
        folders = [(root / fold / kind, kind) for fold in _FOLDS for kind in kinds]
        files = [(file, kind) for folder, kind in folders for file in picture_files(folder)]
        image_ids = self.importer.add(file for file, _ in files)
        for number, ((file, kind), image_id) in enumerate(zip(files, image_ids, strict=True), start=1):
            key = file.relative_to(root).as_posix()
            product = worn.get(key, file.stem)
            sighting = Sighting(
                source=self.config.source,
                page_url="",
                image_url=f"{self.config.source}:{key}",
                image_key=key,
                position=0,
                product_id=product,
                style_id=_style(product),
                view=_VIEWS[kind],
                gender=self.config.gender,
            )
            yield SourceRecord(image_id, sighting)
            tick(number, len(files))

    def part_map(self, image_key: str) -> Path | None:
        """The coloured part map that was published with a photograph, if it is there."""
        fold, _, name = image_key.split("/", 2)
        stem = Path(name).stem
        candidates = (self.root / fold / kind / f"{stem}{ending}" for kind in _MAPS for ending in (".jpg", ".png"))
        return next((path for path in candidates if path.is_file()), None)

    @cached_property
    def root(self) -> Path:
        """The folder that holds the folds."""
        for nested in _NESTED:
            root = self.config.path / nested
            if any((root / fold / "image").is_dir() for fold in _FOLDS):
                return root
        raise CurationError(
            f"{self.config.path} is not in HR-VITON's layout: point curation.sources.hr_viton at the folder that "
            "holds train/image and test/image"
        )

    def _worn(self) -> dict[str, str]:
        """Image key -> the garment worn, where the pairs of a fold say so and it has another name."""
        worn: dict[str, str] = {}
        for fold in _FOLDS:
            pairs, folder = _pairs(self.root / f"{fold}_pairs.txt"), self.root / fold / "image"
            lost = sorted({person for person, _ in pairs if not (folder / person).is_file()})
            if lost:
                raise CurationError(
                    f"{fold}_pairs.txt names {len(lost)} people who are not in {folder}, such as {lost[0]}: "
                    "unpack the archive whole, or shorten the pairs file to what you use"
                )
            if fold == "train":
                worn |= {f"train/image/{person}": Path(garment).stem for person, garment in pairs}
        return worn


def _pairs(path: Path) -> list[tuple[str, str]]:
    if not path.is_file():
        return []
    pairs = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        match line.split():
            case [person, garment, *_]:
                pairs.append((person, garment))
            case [_]:
                raise CurationError(f'{path}, line {number}: not "person garment"')
    return pairs


def _style(product: str) -> str:
    """`00001_00` -> `00001`: the number before the take."""
    number, _, take = product.rpartition("_")
    return number if number and take.isdigit() else product
