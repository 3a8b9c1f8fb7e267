"""`vestiary export`: label pictures for other projects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vestiary.commands.options import SplitOption, console
from vestiary.progress import Progress

app = typer.Typer()


@app.command(epilog="Example: `vestiary export data/demo out --layout viton-hd --split eval`")
def export(
    dataset_path: Annotated[Path, typer.Argument(help="Dataset directory.")],
    target: Annotated[Path, typer.Argument(help="Folder to write to.")],
    layout: Annotated[str, typer.Option("--layout", "-l", help="viton-hd, viridis, catvton or iuv.")] = "viton-hd",
    model: Annotated[str, typer.Option("--model", "-m", help="Label set.")] = "embedded",
    split: SplitOption = None,
) -> None:
    """Write label pictures in a layout that other projects read. Pictures that are there already are left alone."""
    import manifests
    from manifests.exports import export as run

    with Progress(console) as progress:
        done = run(manifests.open(dataset_path), model, layout, target, split, progress)  # type: ignore[arg-type]
    console.print(
        f"{done.written} pictures written to {target}, {done.present} were there, {done.unlabelled} have no label; "
        f"part indices can be read back from {done.readable:.2%} of the foreground."
    )
