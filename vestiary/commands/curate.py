"""`vestiary curate`: stage 2 alone."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.table import Table

from vestiary import config
from vestiary.commands.options import ConfigOption, DatasetArgument, console
from vestiary.progress import Progress

app = typer.Typer()


@app.command(epilog="Example: `vestiary curate data/demo --config configs/demo.toml`")
def curate(dataset_path: DatasetArgument = None, config_path: ConfigOption = None) -> None:
    """Bring what was crawled into images.parquet: inspect, find duplicates, group; then screen and split.

    Screening reads the labels of the screening model, so where those are missing the command says how to make them.
    """
    from curation.run import candidates, screen_and_split
    from curation.run import curate as run
    from densepose_labeler.job import label as label_images

    settings = config.load(config_path or config.default_path())
    root = dataset_path or settings.dataset.path
    with Progress(console) as progress:
        run(root, settings.curation, progress)
        screening = (settings.label.screening_model,)
        label_images(root, screening, settings.label, image_ids=candidates(root), progress=progress)
    screen_and_split(root, settings.curation)
    _print_counts(root)


def _print_counts(root: Path) -> None:
    import pyarrow.parquet as pq

    frame = pq.read_table(root / "images.parquet", columns=["source", "gender", "status", "reason"]).to_pandas()
    table = Table("source", "gender", "status", "reason", "images")
    for key, count in frame.fillna("").groupby(["source", "gender", "status", "reason"]).size().items():
        table.add_row(*(str(value) for value in key), str(count))
    console.print(table)
