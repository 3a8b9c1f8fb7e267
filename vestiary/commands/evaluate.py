"""`vestiary evaluate`: models held against ground truth."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from manifests.settings import parse
from vestiary import config
from vestiary.commands.options import ConfigOption, ModelsOption, console, matching
from vestiary.progress import Progress

if TYPE_CHECKING:
    from densepose_labeler.metrics.run import Evaluation

app = typer.Typer()
WHERE = "Where things lie, if not where the set has them"


class KappaName(StrEnum):
    """Whose constants point similarity uses."""

    official = "official"
    paper = "paper"


@app.command(
    epilog="Examples: `vestiary evaluate --models embedded --on renders-eval`; "
    "`vestiary evaluate --models 'R_50*' --on coco-minival --images coco/val2014 "
    "--annotations coco/densepose_minival2014.json --surface coco/surface.npz`"
)
def evaluate(
    models: ModelsOption = "embedded",
    on: Annotated[
        str,
        typer.Option(
            help="`renders-eval` (ships with vestiary), `coco-minival`, or a folder with images/ and annotations.json "
            "(COCO-DensePose), parts/ (part maps) or both."
        ),
    ] = "renders-eval",
    out: Annotated[
        Path | None, typer.Option(help="Folder for the page and the tables. [default: data/evaluation/<set>]")
    ] = None,
    worst: Annotated[int, typer.Option(min=0, help="Pictures on the page for each model, the worst first.")] = 12,
    replicates: Annotated[int, typer.Option(min=1, help="Bootstrap draws behind the intervals.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    kappa: Annotated[
        KappaName,
        typer.Option(help="How fast point similarity falls with distance: as published figures, or as in the paper."),
    ] = KappaName.official,
    images: Annotated[Path | None, typer.Option(help="Folder of pictures.", rich_help_panel=WHERE)] = None,
    annotations: Annotated[Path | None, typer.Option(help="COCO-DensePose JSON.", rich_help_panel=WHERE)] = None,
    surface: Annotated[Path | None, typer.Option(help="Geodesic distances, .npz.", rich_help_panel=WHERE)] = None,
    device: Annotated[str | None, typer.Option(help="`cpu`, `cuda` (all), `cuda:0,cuda:2`, `auto`.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Pictures inferred side by side on a CPU.")] = None,
    convert_official: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Only make FOLDER/surface.npz of DensePose's own files in it (SMPL_subdiv.mat, "
            "SMPL_SUBDIV_TRANSFORM.mat, Pdist_matrix.pkl), once, for `--surface`.",
        ),
    ] = None,
    config_path: ConfigOption = None,
) -> None:
    """Hold models against ground truth: DensePose's own metrics (GPS, GPSm, AUC) and those by pixels.

    Writes report.html (with the worst pictures), figures.json, figures.csv, figures.parquet and pictures.parquet.
    Labels are kept in the cache: a second run is quick, and an interrupted one goes on where it was.
    Definitions: docs/metrics.md.
    """
    from densepose_labeler import zoo
    from densepose_labeler.config import LabelConfig
    from densepose_labeler.label_sets import ALL, expand
    from densepose_labeler.metrics import official, page, run, tables
    from densepose_labeler.metrics.evaluation_set import open_set

    if convert_official is not None:
        console.print(f"written: {official.convert(convert_official)}", soft_wrap=True)
        return
    path = config_path or config.default_path()
    # the shipped configuration is not everywhere, and evaluating needs none of it
    settings = config.load(path).label if config_path is not None or path.is_file() else LabelConfig()
    stated = {key: value for key, value in {"device": device, "threads": threads}.items() if value is not None}
    options = parse(LabelConfig, settings.model_dump() | stated, "command line")
    known = zoo.load(options.zoo)
    chosen = expand([ALL], known) if models == ALL else matching(models, [*known, *options.sets])
    target = open_set(on, images, annotations, surface)
    with Progress(console) as progress:
        found = run.evaluate(target, chosen, options, replicates, seed, kappa.value, progress)
    folder = out or Path("data") / "evaluation" / target.name
    tables.write(found, folder)
    page.write(found, folder / "report.html", worst)
    _show(found)
    console.print(f"look at it: {folder / 'report.html'}", soft_wrap=True)


def _show(found: Evaluation) -> None:
    from densepose_labeler.metrics.columns import MAIN

    shown = [one for one in MAIN if any(one.name in result.figures for result in found.models)]
    table = Table("", *(result.predictions.model for result in found.models))
    for column in shown:
        table.add_row(column.title, *(column.show(one.figures.get(column.name), True) for one in found.models))
    speeds = [one.predictions.images_per_second for one in found.models]
    table.add_row("images / s", *("–" if one is None else f"{one:.2f}" for one in speeds))
    table.caption = f"{len(found.on.pictures)} pictures of {found.on.name}; in brackets 95 % intervals"
    console.print(table)
    for note in dict.fromkeys(note for result in found.models for note in result.notes):
        console.print(note, soft_wrap=True)
