"""`vestiary models`: the zoo and its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from vestiary.commands.options import console, matching
from vestiary.progress import Progress

if TYPE_CHECKING:
    from densepose_labeler.zoo import ModelSpec

app = typer.Typer(help="The DensePose models and their weights.")


@app.callback(invoke_without_command=True, epilog="Example: `vestiary models`")
def models(context: typer.Context) -> None:
    """List the DensePose models: whether their weights are here, and what was published of them."""
    from densepose_labeler import zoo

    if context.invoked_subcommand is not None:
        return
    table = Table("model", "weights", "box AP", "DensePose AP (GPS)", "measured on", title="DensePose models")
    for name, spec in zoo.load().items():
        published = spec.metrics
        figures = (
            (published.box_ap, published.densepose_ap_gps, published.dataset) if published else ("", "", "model card")
        )
        table.add_row(
            name,
            "here" if _has_weights(spec) else "not here",
            *("" if figure is None else str(figure) for figure in figures),
        )
    console.print(table)
    console.print("COCO minival (people) and Chimps are different tests: compare figures within one of them only.")


@app.command(epilog="Example: `vestiary models fetch R_50_FPN_s1x R_101_FPN_DL_s1x`")
def fetch(names: Annotated[list[str], typer.Argument(help="Models, patterns, or `all`.")]) -> None:
    """Download published weights into the cache, resumed where a transfer broke off, and verify them."""
    from densepose_labeler import downloads, zoo

    known = zoo.load()
    published = [name for name, spec in known.items() if spec.url is not None]
    for name in matching(",".join(names), published, "NAMES"):
        with Progress(console, unit="MB") as progress:

            def show(done: int, total: int | None, name: str = name, progress: Progress = progress) -> None:
                progress(name, done // 1_000_000, (total or done) // 1_000_000)

            path = downloads.fetch(known[name], show)
        console.print(f"{name}: {path}")


def _has_weights(spec: ModelSpec) -> bool:
    from densepose_labeler import checkpoints

    try:
        return checkpoints.weights_path(spec).is_file()
    except checkpoints.WeightsMissing:
        return False
