"""`vestiary label`: stage 3 alone."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from vestiary import config
from vestiary.commands.options import ConfigOption, DatasetArgument, console, matching
from vestiary.progress import Progress

app = typer.Typer()


@app.command(epilog="Example: `vestiary label data/demo --models embedded --split eval`")
def label(
    dataset_path: DatasetArgument = None,
    models: Annotated[
        str,
        typer.Option("--models", "-m", help="Label sets, separated by commas; `all`, or a pattern such as `R_50*`."),
    ] = "",
    split: Annotated[str | None, typer.Option("--split", "-s", help="Only this split. [default: all kept]")] = None,
    config_path: ConfigOption = None,
) -> None:
    """Label a dataset's images with one or several DensePose models. Resumable; finished images are skipped."""
    from densepose_labeler import zoo
    from densepose_labeler.index import build_index
    from densepose_labeler.job import label as run

    settings = config.load(config_path or config.default_path())
    root = dataset_path or settings.dataset.path
    chosen = matching(models, [*zoo.load(), *settings.label.sets]) if models else settings.label.models
    with Progress(console) as progress:
        summary = run(root, chosen, settings.label, split=split, progress=progress)
    build_index(root)
    table = Table("label set", "up to date", "ok", "no person", "error", "persons")
    for one in summary.sets:
        row = (one.up_to_date, one.ok, one.no_person, one.error, one.persons)
        table.add_row(one.name, *(str(value) for value in row))
    console.print(table)
