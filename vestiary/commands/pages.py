"""`vestiary pages`: what the page objects make of saved pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from vestiary.commands.options import console

app = typer.Typer()


@app.command(epilog="Example: `vestiary pages saved/zara`, after `vestiary savepage URL saved/zara`")
def pages(
    folder: Annotated[Path, typer.Argument(help="Folder of saved pages.")],
    index: Annotated[
        Path | None,
        typer.Option("--index", help="TOML file that describes the pages instead of their own *.meta.json."),
    ] = None,
) -> None:
    """Run the page objects on a folder of saved pages: what each gives, and what it gave when it was saved.

    Ends with status 1 if a page gives less than it did, or nothing at all: that is what a changed shop looks like.
    """
    from scrapers.items import FIELDS
    from scrapers.pages.check import check

    readings = check(folder, index)
    columns = ("page", "items", "images", "fields", "remark")
    table = Table(Column("file", overflow="fold"), *columns, title=f"Saved pages in {folder}")
    for reading in readings:
        fields = f"{len(reading.fields)} of {len(FIELDS)}" if reading.kind == "product" else ""
        missing = [name for name in FIELDS if name not in reading.fields]
        remark = f"no {', '.join(missing)}" if reading.kind == "product" and missing else reading.detail
        if reading.shortfall:
            remark = f"[red]{reading.shortfall}[/red]"
        numbers = ("", "") if reading.kind in (None, "block") else (str(reading.items), str(reading.images or ""))
        table.add_row(reading.entry.file, reading.kind or "[red]nothing[/red]", *numbers, fields, remark)
    console.print(table)
    if short := [reading for reading in readings if reading.shortfall]:
        console.print(f"[red]{len(short)} of {len(readings)} pages give less than they did.[/red]")
        raise typer.Exit(1)
