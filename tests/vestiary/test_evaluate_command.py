"""`vestiary evaluate`, whole: a folder whose truth is what the embedded model says, and folders that cannot be used."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from densepose_labeler import checkpoints, zoo
from densepose_labeler.metrics.annotations import AnnotationError
from densepose_labeler.metrics.evaluation_set import EvaluationError
from densepose_labeler.metrics.similarity import body, corner_box
from densepose_labeler.metrics.surface import SurfaceError
from densepose_labeler.predictor import Predictor
from manifests.decoding import decode
from manifests.instances import Instance, flatten
from tests.densepose_labeler.metrics.made_up import surface
from vestiary.cli import app


@dataclass(frozen=True)
class Shown:
    """A folder with ground truth, and the cache that evaluations of it share."""

    folder: Path
    cache: Path


@pytest.fixture(scope="module")
def made(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """A photograph with a person, whose truth is the embedded model's own label, and a picture of nobody."""
    shown = Shown(tmp_path_factory.mktemp("evaluated") / "toy", tmp_path_factory.mktemp("cache"))
    for name in ("images", "parts"):
        (shown.folder / name).mkdir(parents=True)
    picture = shown.folder / "images" / "person.jpg"
    shutil.copyfile(root / "demo/pictures/zara-men-chinos-khaki-front.jpg", picture)
    pixels = decode(picture)
    spec = zoo.get("embedded")
    (somebody,) = Predictor(checkpoints.load(spec), spec)([pixels])[0]
    height, width = pixels.shape[:2]
    parts = flatten([somebody], height, width)[..., 0]
    Image.fromarray(parts).save(shown.folder / "parts" / "person.png")
    Image.new("RGB", (90, 120), (200, 200, 200)).save(shown.folder / "images" / "nobody.png")
    Image.new("L", (90, 120)).save(shown.folder / "parts" / "nobody.png")
    images = [
        {"id": 1, "file_name": "person.jpg", "width": width, "height": height, "strata": {"view": "front"}},
        {"id": 2, "file_name": "nobody.png", "width": 90, "height": 120, "strata": {"view": "none"}},
    ]
    data = {"info": {}, "images": images, "annotations": [_annotation(somebody, height, width)],
            "categories": [{"id": 1, "name": "person"}]}  # fmt: skip
    (shown.folder / "annotations.json").write_text(json.dumps(data))
    surface().write(shown.folder / "surface.npz")
    return shown


def _annotation(somebody: Instance, height: int, width: int) -> dict[str, Any]:
    box = corner_box(somebody)
    mask = np.zeros((height, width), bool)
    shape = body(somebody, height, width)
    mask[shape.y : shape.y + shape.pixels.shape[0], shape.x : shape.x + shape.pixels.shape[1]] = shape.pixels
    flat = np.concatenate([[False], mask.T.ravel()])
    runs = np.diff(np.concatenate([[0], np.flatnonzero(np.diff(flat)), [mask.size]])).tolist()
    rows, columns = np.nonzero(somebody.iuv[..., 0])
    chosen = np.random.default_rng(0).choice(len(rows), 200, replace=False)
    rows, columns = rows[chosen], columns[chosen]
    iuv = somebody.iuv[rows, columns]
    return {
        "id": 5, "image_id": 1, "category_id": 1, "iscrowd": 0, "bbox": box.tolist(), "area": float(mask.sum()),
        "segmentation": {"size": [height, width], "counts": runs}, "dp_I": iuv[:, 0].tolist(),
        "dp_U": (iuv[:, 1] / 255).tolist(), "dp_V": (iuv[:, 2] / 255).tolist(),
        # the detection's pixels begin where its box does, which is no whole number
        "dp_x": ((columns + 1e-6) / box[2] * 255).tolist(), "dp_y": ((rows + 1e-6) / box[3] * 255).tolist(),
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _apart(made: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("VESTIARY_CACHE", str(made.cache))
    monkeypatch.chdir(tmp_path)


def _evaluate(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", "--replicates", "20", *map(str, arguments)])


def _figures(folder: Path) -> dict[str, float | None]:
    data = json.loads((folder / "figures.json").read_text())
    return {name: one["value"] for name, one in data["models"]["embedded"]["figures"].items()}


def test_labels_held_against_themselves_are_perfect(made: Shown, tmp_path: Path) -> None:
    result = _evaluate("--on", made.folder, "--out", tmp_path / "out", "--models", "embedded")
    assert result.exit_code == 0, result.output
    assert "GPS AP" in result.output and "2 pictures of toy" in result.output
    figures = _figures(tmp_path / "out")
    perfect = (
        "people_found",
        "foreground_iou",
        "part_iou",
        "accuracy",
        "gps_AP",
        "gpsm_AP",
        "iou_AP",
        "auc10",
        "auc30",
    )
    assert {name: figures[name] for name in perfect} == pytest.approx(dict.fromkeys(perfect, 1.0))
    assert (figures["nobody"], figures["u_error"], figures["v_error"]) == pytest.approx((0, 0, 0), abs=1e-6)
    frame = pd.read_parquet(tmp_path / "out" / "figures.parquet")
    written = pd.read_csv(tmp_path / "out" / "figures.csv", keep_default_na=False, na_values={"gps_AP": ""})
    pd.testing.assert_series_equal(written["gps_AP"], frame["gps_AP"])
    assert list(written) == list(frame) and list(written["value"]) == list(frame["value"])
    assert frame["slice"].value_counts().to_dict() == {"all": 1, "view": 2, "part": 24}
    html = (tmp_path / "out" / "report.html").read_text()
    assert html.count('<img src="data:image/jpeg;base64,') == 6 and "http" not in html.replace("http-equiv", "")


def test_a_second_run_needs_no_network(made: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _evaluate("--on", made.folder, "--out", tmp_path / "first").exit_code == 0
    monkeypatch.setattr("densepose_labeler.checkpoints.load", None)
    assert _evaluate("--on", made.folder, "--out", tmp_path / "second").exit_code == 0
    for name in ("figures.json", "figures.csv", "figures.parquet", "pictures.parquet", "report.html"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name


def _copy(made: Shown, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made.folder, tmp_path / "toy"))


def test_part_maps_alone_give_figures_by_pixels(made: Shown, tmp_path: Path) -> None:
    folder = _copy(made, tmp_path)
    for name in ("annotations.json", "surface.npz"):
        (folder / name).unlink()
    result = _evaluate("--on", folder, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "part maps alone" in result.output and "GPS" not in result.output and "AUC" not in result.output
    assert _figures(tmp_path / "out").keys() == {"foreground_iou", "part_iou", "accuracy", "common_accuracy"}
    assert _figures(tmp_path / "out")["part_iou"] == 1.0


def test_annotations_alone_without_a_surface(made: Shown, tmp_path: Path) -> None:
    folder = _copy(made, tmp_path)
    shutil.rmtree(folder / "parts")
    (folder / "surface.npz").unlink()
    result = _evaluate("--on", folder, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "no surface.npz with geodesic distances, so no GPS and AUC" in result.output
    assert "no part maps, so no figures by pixels" in result.output
    figures = _figures(tmp_path / "out")
    assert "part_iou" not in figures and "auc10" not in figures and "gps_AP" not in figures
    assert figures["point_accuracy"] == 1.0 and figures["iou_AP"] == pytest.approx(1.0)
    assert (tmp_path / "out" / "report.html").read_text().count("<figure>") == 3


def test_charts_of_another_kind_are_not_compared(made: Shown, tmp_path: Path) -> None:
    folder = _copy(made, tmp_path)
    data = json.loads((folder / "annotations.json").read_text())
    (folder / "annotations.json").write_text(json.dumps(data | {"info": {"charts": "official"}}))
    result = _evaluate("--on", folder, "--out", tmp_path / "out")
    assert (
        result.exit_code == 0
        and "in charts of its own kind (vestiary), the truth in others (official)" in result.output
    )
    assert not {"gps_AP", "auc10", "u_error"} & _figures(tmp_path / "out").keys()


def test_folders_that_cannot_be_used_say_why(made: Shown, tmp_path: Path) -> None:
    def error(kind: type[Exception], *arguments: object) -> str:
        result = _evaluate(*arguments)
        assert isinstance(result.exception, kind), result.output
        return str(result.exception)

    assert "give one, renders-eval or coco-minival" in error(EvaluationError, "--on", tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "neither annotations.json" in error(EvaluationError, "--on", tmp_path / "empty")
    words = error(EvaluationError, "--on", "coco-minival")
    assert "val2014.zip" in words and "densepose_minival2014.json" in words and "--convert-official" in words
    folder = _copy(made, tmp_path)
    assert "Pdist_matrix.pkl" in error(SurfaceError, "--convert-official", folder)
    (folder / "parts" / "nobody.png").unlink()
    assert "1 of 2 part maps are not in" in error(EvaluationError, "--on", folder)
    Image.new("L", (91, 120)).save(folder / "parts" / "nobody.png")
    assert "91 x 120 pixels, its picture 90 x 120" in error(EvaluationError, "--on", folder)
    (folder / "images" / "nobody.png").write_bytes(b"<html>")
    assert "nobody.png is no usable picture" in error(EvaluationError, "--on", folder)
    Image.new("RGB", (80, 80)).save(folder / "images" / "nobody.png")
    assert "80 x 80 pixels, its annotation says 90 x 120" in error(EvaluationError, "--on", folder)
    (folder / "images" / "nobody.png").unlink()
    assert "1 of 2 pictures are not in" in error(EvaluationError, "--on", folder)
    (folder / "annotations.json").write_text("{")
    assert "cannot be read as JSON" in error(AnnotationError, "--on", folder)


def test_a_damaged_mask_names_its_annotation(made: Shown, tmp_path: Path) -> None:
    folder = _copy(made, tmp_path)
    data = json.loads((folder / "annotations.json").read_text())
    data["annotations"][0]["segmentation"]["counts"] = [3]
    (folder / "annotations.json").write_text(json.dumps(data))
    result = _evaluate("--on", folder)
    assert "annotation 5 of person.jpg is damaged" in str(result.exception)


def test_an_unknown_model_and_help() -> None:
    result = _evaluate("--models", "embeded", "--on", "renders-eval")
    assert result.exit_code == 2 and "did you mean 'embedded'?" in result.output
    helped = CliRunner().invoke(app, ["evaluate", "--help"])
    assert helped.exit_code == 0 and "--on renders-eval" in helped.output and "--convert-official" in helped.output
