"""The dataset card: README.md with pictures of what was made, for a person who opens the directory."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

import manifests
from manifests import atomic, decoding
from manifests.instances import flatten
from manifests.settings import fingerprint
from vestiary.config import Config

CARD = "README.md"
PICTURES = "card"
_PER_SHEET = 6
_LONGEST_SIDE = 640
_MARK = "<!-- made from {} -->"


def write(root: Path, config: Config) -> bool:
    """Write README.md and its pictures under `card/`; False if they show this very dataset already.

    Raises:
        manifests.DatasetError: the dataset is not finished.
    """
    dataset = manifests.open(root)
    mark = _MARK.format(_made_from(dataset, config))
    path = root / CARD
    if path.is_file() and mark in path.read_text(encoding="utf-8"):
        return False
    model = config.label.models[0]
    sheets = []
    for source, gender, picture in _sheets(dataset, model):
        name = f"{PICTURES}/{source}-{gender}.jpg"
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=88)
        atomic.write_bytes(root / name, buffer.getvalue())
        sheets.append({"source": source, "gender": gender, "file": name})
    atomic.write_text(path, _render(dataset, config, model, sheets) + mark + "\n")
    return True


def _made_from(dataset: manifests.Dataset, config: Config) -> str:
    files = [dataset.table_path("images"), dataset.table_path("index"), *sorted(dataset.path.glob("splits/*.txt"))]
    contents = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return fingerprint({"files": contents, "title": config.dataset.title, "versions": dataset.about["versions"]})


def _render(dataset: manifests.Dataset, config: Config, model: str, sheets: list[dict[str, str]]) -> str:
    images, index = dataset.images, dataset.index
    environment = Environment(
        loader=PackageLoader("vestiary"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("card.md.j2").render(
        title=config.dataset.title,
        path=dataset.path.as_posix(),
        model=model,
        images=images,
        kept=int((images["status"] == "kept").sum()),
        status_table=_table(images.groupby(["source", "gender", "status"]).size().unstack(fill_value=0)),
        reason_table=_table(
            images[images["status"] == "dropped"].groupby(["source", "reason"]).size().to_frame("images")
        ),
        split_table=_split_table(dataset),
        label_table=_label_table(index),
        sheets=sheets,
        synthetic=bool(images["synthetic"].all()),
        partly_synthetic=bool(images["synthetic"].any()),
        permissions=dataset.about["permissions"],
        versions=dataset.about["versions"],
        configuration_fingerprint=dataset.about["configuration_fingerprint"],
    )


def _split_table(dataset: manifests.Dataset) -> str:
    images = dataset.images.set_index("image_id")
    counts = {name: images.loc[ids].groupby(["source", "gender"]).size() for name, ids in dataset.splits.items() if ids}
    return _table(pd.DataFrame(counts).fillna(0).astype(int)) if counts else "No split has images."


def _label_table(index: pd.DataFrame) -> str:
    groups = index.groupby("model")
    return _table(
        pd.DataFrame({
            "images": groups.size(),
            "with a person": groups["persons"].apply(lambda persons: int((persons > 0).sum())),
            "persons": groups["persons"].sum(),
            "errors": groups["status"].apply(lambda status: int((status == "error").sum())),
            "mean share of the picture": groups["foreground"].mean().map("{:.0%}".format),
        })
    )  # fmt: skip


def _table(frame: pd.DataFrame) -> str:
    """A Markdown table of a frame with a named index."""
    if frame.empty:
        return "None."
    flat = frame.reset_index()
    lines = [[str(name) for name in flat.columns], ["---"] * len(flat.columns)]
    lines += [[str(value) for value in row] for row in flat.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _sheets(dataset: manifests.Dataset, model: str) -> Iterator[tuple[str, str, npt.NDArray[np.uint8]]]:
    """A contact sheet of labelled pictures for every source and gender, one product after the other."""
    from densepose_labeler.overlays import contact_sheet

    labels = dataset.labels(model)
    index = dataset.index
    shown = index[(index["model"] == model) & (index["status"] == "ok")]
    kept = dataset.images[dataset.images["status"] == "kept"]
    shown = shown[shown["image_id"].isin(kept["image_id"])].merge(kept[["image_id", "product_id", "colour"]])
    shown = shown.assign(turn=shown.sort_values("image_id").groupby(["source", "product_id"]).cumcount())
    for (source, gender), rows in shown.groupby(["source", "gender"]):
        entries = []
        for row in rows.sort_values(["turn", "image_id"]).head(_PER_SHEET).to_dict("records"):
            image = decoding.decode(dataset.path / row["path"])
            iuv = flatten(labels.read(row["image_id"]).instances, *image.shape[:2])
            split = f" · {row['split']}" if isinstance(row["split"], str) else ""
            caption = f"{row['category'] or 'no category'} {row['colour']}\n{row['image_id'][:12]}{split}"
            entries.append((_smaller(image), _smaller_parts(iuv[..., 0]), caption))
        yield str(source), str(gender), contact_sheet(entries, title=f"{source} · {gender}")


def _size(height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, _LONGEST_SIDE / max(height, width))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _smaller(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.fromarray(image).resize(_size(*image.shape[:2]), Image.Resampling.LANCZOS))


def _smaller_parts(parts: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    picture = Image.fromarray(np.ascontiguousarray(parts))
    return np.asarray(picture.resize(_size(*parts.shape), Image.Resampling.NEAREST))
