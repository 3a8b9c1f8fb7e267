"""`vestiary split`: what there is to know of a dataset's splits."""

from __future__ import annotations

import typer
from rich.table import Table

from vestiary import config
from vestiary.commands.options import ConfigOption, DatasetArgument, console

app = typer.Typer(no_args_is_help=True, help="Look at a dataset's splits.")


@app.callback()
def _group() -> None:
    """Look at a dataset's splits."""


@app.command("verify", epilog="Example: `vestiary split verify data/demo`")
def verify(dataset_path: DatasetArgument = None, config_path: ConfigOption = None) -> None:
    """Draw the splits again from the images, compare, and prove that nothing leaks between them."""
    from curation.split_files import verify as run

    root = dataset_path or config.load(config_path or config.default_path()).dataset.path
    report = run(root)
    table = Table("source", "gender", "wanted", "taken", title="Evaluation split")
    for quota in report.quotas:
        table.add_row(quota.source, quota.gender or "any", str(quota.count), str(quota.filled))
    console.print(table)
    sizes = ", ".join(f"{name} {count}" for name, count in report.images.items())
    console.print(f"[green]verified[/green]: the files are what the images and the seed give ({sizes});")
    console.print(f"  groups in several splits: {report.straddling_groups}")
    console.print(f"  smallest perceptual-hash distance of eval to the rest: {report.smallest_distance} of 64 bits")
