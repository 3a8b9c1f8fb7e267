"""`vestiary dataset`: the whole pipeline."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from vestiary import config
from vestiary.commands.options import ConfigOption, console

app = typer.Typer()


@app.command(epilog="Example: `vestiary dataset --config configs/demo.toml`")
def dataset(
    config_path: ConfigOption = None,
    recrawl: Annotated[bool, typer.Option("--recrawl", help="Visit the shops again, for what is new.")] = False,
) -> None:
    """Make or finish a whole dataset: crawl, curate, label, split, index, card.

    It can be interrupted or killed at any moment; the same command again goes on from there.
    """
    from vestiary.pipeline import Pipeline

    path = config_path or config.default_path()
    made = Pipeline(config.load(path), path, console, recrawl)
    begun = time.monotonic()
    if made.run():
        console.print(f"\nDone in {time.monotonic() - begun:.0f} s: [bold]{made.root}[/bold]")
    else:
        console.print(f"\nNothing to do: [bold]{made.root}[/bold] is finished and up to date.")
    console.print(f"  look at it:   {made.root / 'README.md'}")
    console.print(f"  load it:      import manifests; ds = manifests.open({made.root.as_posix()!r})")
