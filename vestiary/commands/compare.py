"""`vestiary compare`: several models' labels of the same pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from vestiary import config
from vestiary.commands.options import ConfigOption, DatasetArgument, console, matching
from vestiary.progress import Progress

app = typer.Typer()


@app.command(epilog="Example: `vestiary compare data/demo --models embedded,R_50_FPN_s1x --split eval --time`")
def compare(
    dataset_path: DatasetArgument = None,
    models: Annotated[
        str,
        typer.Option("--models", "-m", help="Label sets, separated by commas, or patterns; all there are if unset."),
    ] = "all",
    split: Annotated[str | None, typer.Option("--split", "-s", help="Only this split. [default: all kept]")] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Folder of exact part maps, <image_id>.png: shows how well agreement foretells.")
    ] = None,
    time_models: Annotated[bool, typer.Option("--time", help="Measure each model's seconds an image here.")] = False,
    images: Annotated[int, typer.Option(min=0, help="Pictures on the contact sheet, the most disputed first.")] = 24,
    config_path: ConfigOption = None,
) -> None:
    """Compare models on the same images: a table, what they agree on, and a page to look at.

    Writes compare/report.html, compare/*.parquet and the label set `consensus`. Label the images first:
    `vestiary label --models ...`. To judge by eye, `vestiary review`.
    """
    from densepose_labeler.compare import page
    from densepose_labeler.compare.run import compare as run
    from densepose_labeler.compare.truth import read_truth
    from densepose_labeler.review.opening import labelled_sets

    settings = config.load(config_path or config.default_path())
    root = dataset_path or settings.dataset.path
    exact = None
    if truth is not None:
        exact = read_truth(truth, (path.stem for path in truth.glob("*.png")))
    with Progress(console) as progress:
        found = run(root, matching(models, labelled_sets(root)), settings.label, split, exact, time_models, progress)
        path = page.write(found, images)
    table = Table("model", "images", "people", "missed", "agrees with others", "part IoU with consensus", "s / image")
    for one in found.overall:
        table.add_row(
            one.model,
            str(one.images),
            str(one.persons),
            str(one.missed),
            *("" if value is None else form.format(value) for value, form in (
                (one.agreement, "{:.1%}"), (one.consensus_part_iou, "{:.3f}"), (one.seconds, "{:.2f}"),
            )),
        )  # fmt: skip
    console.print(table)
    console.print(f"look at it: {path}")
