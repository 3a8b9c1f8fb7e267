"""The `vestiary` command line: the commands of `vestiary.commands`, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from vestiary import __version__
from vestiary.commands import (
    choose,
    compare,
    curate,
    dataset,
    demo,
    evaluate,
    export,
    label,
    models,
    pages,
    permissions,
    review,
    savepage,
    serve,
    split,
)
from vestiary.commands.options import console

app = typer.Typer(
    name="vestiary",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Photographs of clothed people, curated and labelled with DensePose.",
    epilog="Example: `vestiary dataset --config configs/demo.toml`, then "
    "`python -c \"import manifests; print(manifests.open('data/demo').images)\"`",
)
for command in (
    dataset,
    demo,
    curate,
    label,
    export,
    compare,
    evaluate,
    review,
    choose,
    serve,
    permissions,
    savepage,
    pages,
):
    app.add_typer(command.app)
app.add_typer(models.app, name="models")
app.add_typer(split.app, name="split")


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        console.print(f"vestiary {__version__}")
        raise typer.Exit
