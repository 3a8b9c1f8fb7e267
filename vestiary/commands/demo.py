"""`vestiary demo`: the demo shops."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from vestiary.commands.options import console

app = typer.Typer()


@app.command(epilog="Example: `vestiary demo --port 8765`, then `scrapy crawl zara -a config=configs/demo.toml`")
def demo(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8765) -> None:
    """Serve the three demo shops on loopback until Ctrl-C."""
    from demo.server import running

    with running(port) as gateway:
        console.print(f"The demo shops listen at {gateway} (a forward proxy; nothing leaves this machine).")
        console.print(f"  look at one:   curl --proxy {gateway} http://www.zara.test/us/en/")
        console.print("  Ctrl-C stops them.")
        while True:
            time.sleep(3600)
