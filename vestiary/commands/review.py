"""`vestiary review`: the bench for the expert's eye."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from manifests.settings import SettingsError
from vestiary import config
from vestiary.commands.options import ConfigOption, DatasetArgument, MadeOption, SplitOption, console, matching
from vestiary.progress import Progress

app = typer.Typer()


@app.command(epilog="Example: `vestiary review data/fashion --split eval`, then open http://127.0.0.1:8082/")
def review(
    dataset_path: DatasetArgument = None,
    models: MadeOption = "all",
    split: SplitOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on; any but this machine's own asks for a token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8082,
    export: Annotated[
        Path | None, typer.Option(help="Write the judgments to this .csv or .parquet file, and serve nothing.")
    ] = None,
    config_path: ConfigOption = None,
) -> None:
    """Judge models side by side, blind, in a browser; every verdict is kept at once.

    Label the same images with several models first: `vestiary label --models ...`. The command can be stopped at any
    moment and goes on where it was. `vestiary choose` says what follows.
    """
    try:
        import uvicorn

        from densepose_labeler.review.app import as_csv, as_parquet, create_app
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"`vestiary review` needs {error.name}, which is not installed: pip install 'vestiary[review]'"
        ) from error
    from densepose_labeler.review.access import is_loopback
    from densepose_labeler.review.opening import STORE, labelled_sets, open_session
    from densepose_labeler.review.store import JudgmentStore
    from manifests import atomic

    root = dataset_path or config.load(config_path or config.default_path()).dataset.path
    if export is not None:
        if export.suffix not in (".csv", ".parquet"):
            raise typer.BadParameter("the file's name must end with .csv or .parquet", param_hint="--export")
        judgments = JudgmentStore(root / STORE).judgments() if (root / STORE).is_file() else []
        atomic.write_bytes(export, (as_csv if export.suffix == ".csv" else as_parquet)(judgments))
        console.print(f"{len(judgments)} judgments written to {export}")
        return
    with Progress(console) as progress:
        session = open_session(root, matching(models, labelled_sets(root)), split, progress=progress)
    token = None if is_loopback(host) else secrets.token_urlsafe(24)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    console.print(
        f"{len(session.models)} models, {len(session.image_ids)} images, {session.count()} verdicts so far.\n"
        f"Open {address}{f'?token={token}' if token else ''} and judge with the arrow keys; Ctrl-C stops.",
        soft_wrap=True,
    )
    uvicorn.run(create_app(root, session, token), host=host, port=port, log_level="warning", access_log=False)
