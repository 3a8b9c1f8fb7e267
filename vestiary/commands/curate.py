"""`vestiary curate`: stage 2 alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from vestiary import config
from vestiary.commands.options import ConfigOption, DatasetArgument, console
from vestiary.progress import Progress

if TYPE_CHECKING:
    from curation.config import CurationConfig
    from curation.run import CurationResult

app = typer.Typer()


@app.command(epilog="Example: `vestiary curate data/demo --config configs/demo.toml --report`")
def curate(
    dataset_path: DatasetArgument = None,
    config_path: ConfigOption = None,
    report: Annotated[
        bool, typer.Option("--report", "-r", help="Write curation-report.html into the dataset, to be looked at.")
    ] = False,
    allow_short: Annotated[
        bool, typer.Option("--allow-short", help="Accept eval quotas that cannot be filled; the splits record it.")
    ] = False,
    freeze: Annotated[
        bool, typer.Option("--freeze", help="Keep the evaluation split for good, as `vestiary split freeze` does.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Of the draw. [default: the configuration's]")] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes that decode; 0 is one a core. [default: the configuration's]")
    ] = None,
) -> None:
    """Bring what was crawled into images.parquet: inspect, find duplicates, group, screen and split.

    Screening needs the labels of the screening model, which are made on the way. It can be interrupted at any moment;
    the same command again goes on from there, and what is up to date is not done again.
    """
    from curation.run import candidates, screen_and_split
    from curation.run import curate as run
    from densepose_labeler.job import label as label_images

    settings = config.load(config_path or config.default_path())
    root = dataset_path or settings.dataset.path
    curation = _overridden(settings.curation, allow_short, seed, workers)
    with Progress(console) as progress:
        found = run(root, curation, progress)
        if found.missing:
            console.print(
                f"[yellow]{len(found.missing)} pictures are no longer in the image store[/yellow] and have no row, "
                f"such as {found.missing[0]}"
            )
        screening = (settings.label.screening_model,)
        label_images(root, screening, settings.label, image_ids=candidates(root), progress=progress)
        try:
            result = screen_and_split(root, curation, progress)
        finally:  # a shortage is best understood by looking
            if report:
                _write_report(root, settings.dataset.title)
    _print_counts(root)
    _print_splits(result)
    if freeze:
        from vestiary.commands.split import freeze as freeze_split

        freeze_split(root)


def _overridden(settings: CurationConfig, allow_short: bool, seed: int | None, workers: int | None) -> CurationConfig:
    """The configuration with what the command line says instead."""
    split = settings.split.model_copy(
        update={"allow_short": settings.split.allow_short or allow_short} | ({} if seed is None else {"seed": seed})
    )
    return settings.model_copy(update={"split": split} | ({} if workers is None else {"workers": workers}))


def _write_report(root: Path, title: str) -> None:
    from curation.report import write

    if (root / "images.parquet").exists():
        console.print(f"report: {write(root, title)}", soft_wrap=True)


def _print_counts(root: Path) -> None:
    import pyarrow.parquet as pq

    frame = pq.read_table(root / "images.parquet", columns=["source", "gender", "status", "reason"]).to_pandas()
    table = Table("source", "gender", "status", "reason", "images")
    for key, count in frame.fillna("").groupby(["source", "gender", "status", "reason"]).size().items():
        table.add_row(*(str(value) for value in key), str(count))
    console.print(table)


def _print_splits(result: CurationResult) -> None:
    if result.splits is None:
        return
    sizes = ", ".join(f"{name} {count}" for name, count in result.splits.images.items())
    console.print(f"splits: {sizes}; `vestiary split verify` proves them")
    for quota in result.splits.quotas:
        if quota.missing and not result.splits.frozen:
            console.print(f"  [yellow]short[/yellow]: {quota.name} has {quota.filled} of {quota.count} images")
    if result.splits.vanished:
        console.print(
            f"  [yellow]{len(result.splits.vanished)} images of the frozen evaluation split are gone[/yellow], such as "
            f"{result.splits.vanished[0]}: they are not replaced"
        )
