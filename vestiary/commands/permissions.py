"""`vestiary permissions`: what may be collected where, and by which document."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from vestiary.commands.options import ConfigOption, console

if TYPE_CHECKING:
    from scrapers.permissions import ShopRights

app = typer.Typer()


@app.command(epilog="Example: `vestiary permissions --config configs/fashion.toml`, with `--ask` to read the files now")
def permissions(
    config_path: ConfigOption = None,
    ask: Annotated[bool, typer.Option("--ask", help="Read robots.txt and tdmrep.json of every host now.")] = False,
) -> None:
    """Show for every shop and host what is allowed, by which document, and when that was read.

    Without `--ask` nothing is requested: the crawls' ledger says what was read last.
    """
    from manifests.ledger import Ledger
    from scrapers import errands
    from scrapers import permissions as rights
    from scrapers.config import load

    config = errands.configured(config_path)
    crawl, dataset = load(config)
    ready = [name for name, shop in crawl.shops.items() if not shop.is_live or shop.permission]
    verdicts = rights.ask(ready, config) if ask and ready else {}
    path = dataset.path / "crawl.sqlite"
    with Ledger(path) if path.is_file() else nullcontext() as ledger:
        for shop in rights.known(crawl, ledger):
            _print(shop)
    if verdicts:
        table = Table(Column("address", overflow="fold"), "verdict", title="What is configured")
        for url, verdict in verdicts.items():
            table.add_row(url, verdict)
        console.print(table)


def _print(shop: ShopRights) -> None:
    statement = shop.permission
    if statement is not None:
        console.print(
            f"[bold]{shop.shop}[/bold]: {statement.basis} ({statement.reference}; {statement.contact})", soft_wrap=True
        )
    elif shop.is_live:
        console.print(
            f"[bold]{shop.shop}[/bold]: [red]no permission stated[/red]; nothing is asked for until the configuration "
            f"has \\[crawl.shops.{shop.shop}.permission]",
            markup=True,
            soft_wrap=True,
        )
    else:
        console.print(f"[bold]{shop.shop}[/bold]: a demo shop, which needs no permission")
    table = Table(Column("host", overflow="fold"), "document", Column("says", overflow="fold"), "read")
    for host in shop.hosts:
        for document in host.documents:
            when = (
                ""
                if document.read_at is None
                else datetime.fromtimestamp(document.read_at, UTC).isoformat(" ", "seconds")
            )
            table.add_row(f"{host.host} ({host.serves})", document.name, document.says, when)
        for verdict, number in host.verdicts.items():
            table.add_row(f"{host.host} ({host.serves})", "", f"{number:,} addresses {verdict}", "")
    console.print(table)
