"""`vestiary savepage`: one page of a shop, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vestiary.commands.options import ConfigOption, console

app = typer.Typer()


@app.command(
    epilog="Example: `vestiary savepage http://www.zara.test/us/en/woman-dresses-l1066.html saved --config c.toml`"
)
def savepage(
    url: Annotated[str, typer.Argument(help="Address of a page of a configured shop.", show_default=False)],
    folder: Annotated[Path, typer.Argument(help="Folder to save it in.", show_default=False)],
    config_path: ConfigOption = None,
) -> None:
    """Save a page of a shop with a description of what it gives today, for `vestiary pages` to compare with.

    The shop is asked as in a crawl: by permission, where robots.txt and opt-out signals allow it, never past a block.
    """
    from scrapers import errands, saving

    status, reading = saving.save(url, folder, errands.configured(config_path))
    if reading is not None:
        found = f"{reading.items} items, {reading.images} images" if reading.kind else f"nothing: {reading.detail}"
        console.print(f"saved {folder / reading.entry.file}", soft_wrap=True)
        console.print(f"{reading.kind or 'unknown'}: {found}")
    if status:
        console.print(f"[red]{status.name.lower()}[/red]: the lines above say why")
        raise typer.Exit(int(status))
