"""`vestiary serve`: labels over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from manifests.settings import SettingsError, parse
from vestiary import config
from vestiary.commands.options import ConfigOption

app = typer.Typer()


@app.command(epilog="Example: `vestiary serve --root efs/Datasets`, then open http://127.0.0.1:8081/")
def serve(
    roots: Annotated[
        list[Path] | None,
        typer.Option("--root", help="Folder below which POST /densepose may read and write; may be repeated."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. [default: 8081]")] = None,
    models: Annotated[str, typer.Option("--models", "-m", help="Label sets, separated by commas.")] = "",
    config_path: ConfigOption = None,
) -> None:
    """Serve DensePose labels over HTTP until Ctrl-C: POST /v1/densepose, POST /densepose, and a page at /.

    Options stand above the configuration's [service]. There is no authentication: put a proxy in front of it
    before it faces a network.
    """
    try:
        from densepose_labeler.service.server import serve as run
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"`vestiary serve` needs {error.name}, which is not installed: pip install 'vestiary[service]'"
        ) from error
    from densepose_labeler.service.config import ServiceConfig

    path = config_path or config.default_path()
    settings = config.load(path) if config_path is not None or path.is_file() else config.Config()
    chosen = {"roots": roots, "host": host, "port": port, "models": [one.strip() for one in models.split(",") if one]}
    stated = settings.service.model_dump() | {key: value for key, value in chosen.items() if value not in (None, [])}
    run(parse(ServiceConfig, stated, f"{path} [service] with the command's options"), settings.label)
