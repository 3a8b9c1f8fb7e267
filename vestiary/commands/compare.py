"""`vestiary compare`: several models' labels of the same pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from vestiary import config
from vestiary.commands.options import ConfigOption, DatasetArgument, MadeOption, SplitOption, console, matching
from vestiary.progress import Progress

app = typer.Typer()


@app.command(epilog="Example: `vestiary compare data/demo --models embedded,R_50_FPN_s1x --split eval --time`")
def compare(
    dataset_path: DatasetArgument = None,
    models: MadeOption = "all",
    split: SplitOption = None,
    truth: Annotated[
        Path | None, typer.Option(help="Folder of exact part maps, <image_id>.png: shows how well agreement foretells.")
    ] = None,
    time_models: Annotated[bool, typer.Option("--time", help="Measure each model's seconds an image here.")] = False,
    stability: Annotated[
        int,
        typer.Option(
            min=0,
            help="Measure on so many images, of every stratum alike, how far each model says the same of the mirrored "
            "picture and of a smaller one; runs the networks, and what was measured is kept.",
        ),
    ] = 0,
    images: Annotated[int, typer.Option(min=0, help="Pictures on the contact sheet, the most disputed first.")] = 24,
    config_path: ConfigOption = None,
) -> None:
    """Compare models on the same images: a table, what they agree on, and a page to look at.

    Writes compare/report.html, compare/*.parquet and the label set `consensus`. Label the images first:
    `vestiary label --models ...`. To judge by eye, `vestiary review`.
    """
    from densepose_labeler.compare import page
    from densepose_labeler.compare.run import compare as run
    from densepose_labeler.metrics.part_maps import read_truth
    from densepose_labeler.review.opening import labelled_sets

    settings = config.load(config_path or config.default_path())
    root = dataset_path or settings.dataset.path
    exact = None
    if truth is not None:
        exact = read_truth(truth, (path.stem for path in truth.glob("*.png")))
    with Progress(console) as progress:
        chosen = matching(models, labelled_sets(root))
        found = run(root, chosen, settings.label, split, exact, time_models, stability, progress)
        path = page.write(found, images)
    shown = [
        (heading, name, form)
        for heading, name, form in (
            ("agrees with others", "agreement", "{:.1%}"),
            ("part IoU with consensus", "consensus_part_iou", "{:.3f}"),
            ("borders off", "consensus_border_distance", "{:.2%}"),
            ("with truth", "truth_part_iou", "{:.3f}"),
            ("itself mirrored", "mirrored_part_iou", "{:.3f}"),
            ("itself smaller", "smaller_part_iou", "{:.3f}"),
            ("s / image", "seconds", "{:.2f}"),
        )
        if any(getattr(one, name) is not None for one in found.overall)
    ]
    table = Table(Column("model", no_wrap=True), "images", "people", "missed", *(heading for heading, _, _ in shown))
    for one in found.overall:
        values = ((getattr(one, name), form) for _, name, form in shown)
        cells = ("" if value is None else form.format(value) for value, form in values)
        table.add_row(one.model, str(one.images), str(one.persons), str(one.missed), *cells)
    console.print(table)
    if found.correlation is not None:
        names = ("agreement with the consensus", "agreement with itself mirrored")
        for name, related in zip(names, found.correlation, strict=True):
            if related.over_labels is not None:
                by_model = (
                    "" if related.over_models is None else f", {related.over_models:.2f} over {related.models} models"
                )
                console.print(
                    f"{name} foretells the part IoU with the truth by a rank correlation of {related.over_labels:.2f} "
                    f"over {related.labels} labels{by_model}"
                )
    console.print(f"look at it: {path}", soft_wrap=True)
